/** The enum of OTLP. */
export const SPAN_KINDS = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const

/** The data key for a kind of OTLP that nothing else in a span tells: the key of `SPAN_KINDS`. */
export const KIND_KEY = 'otel.kind'

interface Kinded {
  readonly kind: string
  readonly data: Readonly<Record<string, unknown>>
}

/** The number of a kind of OTLP. @param name a key of `SPAN_KINDS`; of anything else there is none */
export function kindNamed(name: unknown): number | undefined {
  return Object.entries(SPAN_KINDS).find(([each]) => each === name)?.[1]
}

/** The kind in OTLP's sense, as far as it can be told. */
export function otlpKindOf({ kind, data }: Kinded): number {
  const told = kindNamed(data[KIND_KEY])
  if (told !== undefined) return told
  const operation = data['messaging.operation.type'] ?? data['messaging.operation']
  if (operation === 'send' || operation === 'publish' || operation === 'create') return SPAN_KINDS.producer
  if (operation === 'receive' || operation === 'process') return SPAN_KINDS.consumer
  if (kind === 'request') return SPAN_KINDS.server
  return kind === 'client' || kind === 'db' || kind === 'cache' ? SPAN_KINDS.client : SPAN_KINDS.internal
}

/**
 * What has to be in a span's data under {@link KIND_KEY}, so that its kind in OTLP's sense is told.
 *
 * @returns undefined if nothing has to be
 */
export function untoldKind(otlpKind: number, span: Kinded): string | undefined {
  if (otlpKindOf(span) === otlpKind) return undefined
  return Object.entries(SPAN_KINDS).find(([, number]) => number === otlpKind)?.[0]
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
