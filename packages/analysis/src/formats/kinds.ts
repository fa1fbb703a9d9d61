import type { PlainData, Span } from '@trace/core/spans'

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

/** The words of this project for the kinds of others. */
export function kindOf(kind: number, attributes: PlainData): string {
  if (['db.system.name', 'db.system', 'db.query.text', 'db.statement'].some((key) => Object.hasOwn(attributes, key)))
    return 'db'
  if (kind === SPAN_KINDS.server) return 'request'
  if (kind === SPAN_KINDS.client) return 'client'
  return kind === SPAN_KINDS.producer || kind === SPAN_KINDS.consumer ? 'queue' : 'work'
}
