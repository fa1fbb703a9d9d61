import {
  DATA_KEYS,
  formatTime,
  isFailed,
  type PlainData,
  type PlainValue,
  parseTime,
  type Span,
} from '@trace/core/spans'
import { spanHex } from './ids.js'
import { integerOf, isMap, jsonOf, setEntry } from './json.js'
import { exportedKey, OWN_KEYS } from './keys.js'
import { otlpKindOf } from './kinds.js'
import { partsOf } from './process.js'
import { latestOf } from './times.js'
import { keyValuesOf } from './values.js'

/** What OTLP has a field for, as it is in the data of a span: what was imported goes back to where it was. */
export const OTLP_KEYS = {
  events: 'events',
  eventsDropped: 'events.dropped',
  links: 'links',
  linksDropped: 'links.dropped',
  attributesDropped: 'attributes.dropped',
  traceState: 'w3c.tracestate',
  scopeName: 'otel.scope.name',
  scopeVersion: 'otel.scope.version',
  statusMessage: 'otel.status_description',
  /** Before the keys of what OTLP calls a resource: what produced the span. */
  resource: 'resource.',
} as const

export const STATUS_ERROR = 2
/** Flags of a span: sampled; whether its parent is remote is known; it is. */
export const FLAGS = { sampled: 0x1, knowsRemote: 0x100, isRemote: 0x200 } as const

const MOST_UINT32 = 0xffff_ffff

/** What is to be known beside the spans. */
export interface OtlpContext {
  /** The id of a span's trace: 32 hexadecimal digits. */
  readonly traceIdOf: (span: Span) => string
  /** More attributes of a process. They replace those that its name says. Default: none. */
  readonly attributesOf?: ((process: string) => PlainData) | undefined
}

/** Spans as OTLP's list of ResourceSpans. @param spans each once */
export function resourceSpansOf(spans: readonly Span[], { traceIdOf, attributesOf }: OtlpContext): PlainData[] {
  const latest = latestOf(spans)
  const resources = new Map<
    string,
    { readonly resource: PlainData; readonly scopes: Map<string, { scope: PlainData; spans: PlainData[] }> }
  >()
  for (const span of spans) {
    const resource = resourceOf(span, attributesOf)
    const key = jsonOf(resource)
    const group = resources.get(key) ?? { resource, scopes: new Map() }
    resources.set(key, group)
    const scope = scopeOf(span.data)
    const scopeKey = JSON.stringify(scope)
    const ofScope = group.scopes.get(scopeKey) ?? { scope, spans: [] }
    group.scopes.set(scopeKey, ofScope)
    ofScope.spans.push(otlpSpanOf(span, traceIdOf(span), latest))
  }
  return [...resources.values()].map(({ resource, scopes }) => ({
    resource: { attributes: keyValuesOf(resource) },
    scopeSpans: [...scopes.values()],
  }))
}

function resourceOf({ process, data }: Span, attributesOf: OtlpContext['attributesOf']): PlainData {
  const { service, pid, host } = partsOf(process)
  const resource: Record<string, PlainValue> = { 'service.name': service === '' ? 'unknown_service' : service }
  if (pid !== undefined) resource['process.pid'] = pid
  if (host !== undefined) resource['host.name'] = host
  for (const [key, value] of Object.entries(attributesOf?.(process) ?? {})) setEntry(resource, key, value)
  resource[OWN_KEYS.process] = process
  for (const [key, value] of Object.entries(data)) {
    if (!isOfResource(key)) continue
    setEntry(resource, key.slice(OTLP_KEYS.resource.length), value)
  }
  return resource
}

const OF_PROCESS: readonly string[] = ['service.name', 'process.pid', 'host.name', OWN_KEYS.process]

function isOfResource(key: string): boolean {
  return key.startsWith(OTLP_KEYS.resource) && !OF_PROCESS.includes(key.slice(OTLP_KEYS.resource.length))
}

function scopeOf(data: PlainData): PlainData {
  const [name, version] = [data[OTLP_KEYS.scopeName], data[OTLP_KEYS.scopeVersion]]
  return {
    ...(typeof name === 'string' && name !== '' ? { name } : {}),
    ...(typeof version === 'string' && version !== '' ? { version } : {}),
  }
}

function otlpSpanOf(span: Span, traceId: string, latest: bigint): PlainData {
  const { data } = span
  const left = new Map(Object.entries(data))
  const take = (key: string, isRight: (value: PlainValue) => boolean): PlainValue | undefined => {
    const value = left.get(key)
    if (value === undefined || !isRight(value)) return undefined
    left.delete(key)
    return value
  }
  const isFilled = (value: PlainValue): boolean => typeof value === 'string' && value !== ''
  const isCount = (value: PlainValue): boolean =>
    Number.isInteger(value) && Number(value) > 0 && Number(value) <= MOST_UINT32
  for (const key of [OTLP_KEYS.scopeName, OTLP_KEYS.scopeVersion]) take(key, isFilled)
  for (const key of left.keys()) if (isOfResource(key)) left.delete(key)
  const isRemote = take(DATA_KEYS.remoteParent, (value) => value === true) === true
  const traceState = take(OTLP_KEYS.traceState, isFilled)
  const dropped = take(OTLP_KEYS.attributesDropped, isCount)
  const eventsDropped = take(OTLP_KEYS.eventsDropped, isCount)
  const linksDropped = take(OTLP_KEYS.linksDropped, isCount)
  const events = take(OTLP_KEYS.events, (value) => eventsOf(value) !== undefined)
  const links = take(OTLP_KEYS.links, (value) => linksOf(value) !== undefined)
  const stack = isFailed(span) ? take(DATA_KEYS.errorStack, (value) => typeof value === 'string') : undefined
  const allEvents = [...(eventsOf(events) ?? []), ...(stack === undefined ? [] : [errorEvent(span, stack, latest)])]
  return {
    traceId,
    spanId: spanHex(span.spanId),
    ...(span.parentId === 0n ? {} : { parentSpanId: spanHex(span.parentId) }),
    ...(traceState === undefined ? {} : { traceState }),
    flags: FLAGS.sampled | FLAGS.knowsRemote | (isRemote ? FLAGS.isRemote : 0),
    name: span.name,
    kind: otlpKindOf(span),
    startTimeUnixNano: String(span.start),
    endTimeUnixNano: String(span.finish ?? (latest > span.start ? latest : span.start)),
    attributes: [...keyValuesOf(ownAttributes(span)), ...keyValuesOf(exportedData(left))],
    ...(dropped === undefined ? {} : { droppedAttributesCount: dropped }),
    ...(allEvents.length === 0 ? {} : { events: allEvents }),
    ...(eventsDropped === undefined ? {} : { droppedEventsCount: eventsDropped }),
    ...(links === undefined ? {} : { links: linksOf(links) ?? [] }),
    ...(linksDropped === undefined ? {} : { droppedLinksCount: linksDropped }),
    status: statusOf(span),
  }
}

function ownAttributes({ kind, finish }: Span): PlainData {
  return { [OWN_KEYS.kind]: kind, ...(finish === undefined ? { [OWN_KEYS.open]: true } : {}) }
}

function exportedData(data: ReadonlyMap<string, PlainValue>): PlainData {
  const exported: Record<string, PlainValue> = {}
  for (const [key, value] of data) setEntry(exported, exportedKey(key), value)
  return exported
}

function statusOf(span: Span): PlainData {
  if (!isFailed(span)) return {}
  const message = span.data[DATA_KEYS.errorMessage]
  return { code: STATUS_ERROR, ...(typeof message === 'string' && message !== '' ? { message } : {}) }
}

/** The event by which OpenTelemetry tells a stack (https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-spans/). */
function errorEvent({ data, finish }: Span, stack: PlainValue, latest: bigint): PlainData {
  const attributes = {
    [OWN_KEYS.ofError]: true,
    'exception.type': data[DATA_KEYS.errorType] ?? null,
    'exception.message': data[DATA_KEYS.errorMessage] ?? null,
    'exception.stacktrace': stack,
  }
  return { timeUnixNano: String(finish ?? latest), name: 'exception', attributes: keyValuesOf(attributes) }
}

/** @returns undefined if it is no list of events that OTLP can have as they are */
function eventsOf(value: PlainValue | undefined): PlainData[] | undefined {
  return mapped(value, (event) => {
    const { time, name, ...rest } = event
    const at = typeof time === 'string' ? parseTime(time) : undefined
    if (at === undefined || at < 0n || formatTime(at) !== time || typeof name !== 'string') return undefined
    if (Object.hasOwn(rest, OWN_KEYS.ofError)) return undefined
    return { timeUnixNano: String(at), name, attributes: keyValuesOf(rest) }
  })
}

function linksOf(value: PlainValue | undefined): PlainData[] | undefined {
  return mapped(value, (link) => {
    const { trace_id: trace, span_id: span, ...rest } = link
    const [traceId, spanId] = [idOf(trace), idOf(span)]
    if (traceId === undefined || spanId === undefined) return undefined
    const { [DATA_KEYS.w3cTraceId]: whole, ...others } = rest
    const isWhole =
      typeof whole === 'string' && /^(?!0{16})[0-9a-f]{32}$/.test(whole) && whole.endsWith(spanHex(traceId))
    return {
      traceId: isWhole ? whole : spanHex(traceId).padStart(32, '0'),
      spanId: spanHex(spanId),
      attributes: keyValuesOf(isWhole ? others : rest),
    }
  })
}

function mapped(
  value: PlainValue | undefined,
  convert: (each: PlainData) => PlainData | undefined,
): PlainData[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined
  const list: PlainData[] = []
  for (const each of value as readonly PlainValue[]) {
    const converted = isMap(each) ? convert(each) : undefined
    if (converted === undefined) return undefined
    list.push(converted)
  }
  return list
}

/** An id as events and links have it: decimal text. */
function idOf(value: PlainValue | undefined): bigint | undefined {
  const id = typeof value === 'string' ? integerOf(value) : undefined
  return id !== undefined && id > 0n && id < 2n ** 64n && String(id) === value ? id : undefined
}
