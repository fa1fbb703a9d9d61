import type { Span } from '@trace/core/spans'

/** The enum of OTLP. */
export const SPAN_KINDS = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const

/** The kind in OTLP's sense, as far as it can be told. */
export function otlpKindOf({ kind, data }: Span): number {
  const operation = data['messaging.operation.type'] ?? data['messaging.operation']
  if (operation === 'send' || operation === 'publish' || operation === 'create') return SPAN_KINDS.producer
  if (operation === 'receive' || operation === 'process') return SPAN_KINDS.consumer
  if (kind === 'request') return SPAN_KINDS.server
  return kind === 'client' || kind === 'db' || kind === 'cache' ? SPAN_KINDS.client : SPAN_KINDS.internal
}

const OF_DATABASES = ['db.system.name', 'db.system', 'db.query.text', 'db.statement'] as const

/**
 * The kind that a span of OpenTelemetry has here: `request`, `client`, `db`, `queue` or `work`.
 *
 * @param kind as OTLP numbers it: 1 internal, 2 server, 3 client, 4 producer, 5 consumer; `SpanKind` of its API is one less
 * @param attributes one that tells of a database makes it `db`
 */
export function kindOf(kind: number, attributes: Readonly<Record<string, unknown>>): string {
  for (const key of OF_DATABASES) if (Object.hasOwn(attributes, key)) return 'db'
  if (kind === SPAN_KINDS.server) return 'request'
  if (kind === SPAN_KINDS.client) return 'client'
  return kind === SPAN_KINDS.producer || kind === SPAN_KINDS.consumer ? 'queue' : 'work'
}
