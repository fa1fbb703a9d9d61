import { DATA_KEYS, isFailed, type PlainData, type PlainValue, type Span } from '@trace/core/spans'
import { idsOf, spanHex, spanIdOf, traceHex } from './ids.js'
import { entryOf, listOf, setEntry, textOf } from './json.js'
import { dataOf, OWN_KEYS, textsOf } from './keys.js'
import { kindOf, otlpKindOf, SPAN_KINDS } from './kinds.js'
import { partsOf } from './process.js'
import type { Skip } from './skip.js'
import { latestOf, microsOf, nanosOf, ownTags, ownTimes, timeText } from './times.js'

const KINDS: ReadonlyMap<number, string> = new Map([
  [SPAN_KINDS.server, 'SERVER'],
  [SPAN_KINDS.client, 'CLIENT'],
  [SPAN_KINDS.producer, 'PRODUCER'],
  [SPAN_KINDS.consumer, 'CONSUMER'],
])

/** A trace as spans of Zipkin v2 (https://zipkin.io/zipkin-api/zipkin2-api.yaml). @param spans of one trace, each once */
export function zipkinSpansOf(spans: readonly Span[]): PlainData[] {
  const traceId = traceHex(spans)
  const latest = latestOf(spans)
  return spans.map((span) => zipkinSpanOf(span, traceId, latest))
}

function zipkinSpanOf(span: Span, traceId: string, latest: bigint): PlainData {
  const { start, finish = latest > start ? latest : start } = span
  const kind = KINDS.get(otlpKindOf(span))
  const { service } = partsOf(span.process)
  const tags: Record<string, string> = {}
  for (const [key, text] of [...textsOf(span.data), ...ownTags(span)]) setEntry(tags, key, text)
  if (isFailed(span))
    tags['error'] = textOf(span.data[DATA_KEYS.errorMessage]) || textOf(span.data[DATA_KEYS.errorType]) || 'true'
  return {
    traceId: traceId.startsWith('0'.repeat(16)) ? traceId.slice(16) : traceId,
    id: spanHex(span.spanId),
    ...(span.parentId === 0n ? {} : { parentId: spanHex(span.parentId) }),
    ...(span.name === '' ? {} : { name: span.name }),
    ...(kind === undefined ? {} : { kind }),
    timestamp: Number(microsOf(start)),
    duration: Number(microsOf(finish - start)),
    // A span without one made Zipkin's viewer crash.
    localEndpoint: { serviceName: service === '' ? 'unknown' : service },
    tags,
  }
}

/**
 * Reads spans of Zipkin v2. Where a client and a server share one id, as B3 lets them, the server keeps it, since its children name it;
 * the client gets another, and becomes the server's parent.
 *
 * @param all spans of all traces: who shares an id is known only then
 */
export function* spansOfZipkin(all: readonly PlainValue[], skip: Skip): Generator<Span> {
  const shared = new Set(all.filter((span) => entryOf(span, 'shared') === true).map(placeOf))
  for (const zipkin of all) {
    const span = spanOf(zipkin)
    if (typeof span === 'string') skip(span)
    else if (!shared.has(placeOf(zipkin))) yield span
    else if (entryOf(zipkin, 'shared') === true) yield { ...span, parentId: clientId(span.spanId) }
    else yield { ...span, spanId: clientId(span.spanId) }
  }
}

function placeOf(zipkin: PlainValue): string {
  return `${textOf(entryOf(zipkin, 'traceId')).slice(-16)} ${textOf(entryOf(zipkin, 'id'))}`
}

/** Another id, always the same for one: half of all ids have one that differs in the top bit only. */
function clientId(id: bigint): bigint {
  const other = id ^ (1n << 63n)
  return other === 0n ? 1n : other
}

/** @returns why it is none, as a text */
function spanOf(zipkin: PlainValue): Span | string {
  const ids = idsOf(textOf(entryOf(zipkin, 'traceId')))
  if (ids === undefined) return 'its traceId is not up to 32 hexadecimal digits, or is 0'
  const spanId = spanIdOf(textOf(entryOf(zipkin, 'id')))
  if (spanId === undefined) return 'its id is not up to 16 hexadecimal digits, or is 0'
  const tags = new Map(Object.entries(entryOf(zipkin, 'tags') ?? {}))
  const process = tags.get(OWN_KEYS.process)
  const isOurs = typeof process === 'string'
  const start = nanosOf(entryOf(zipkin, 'timestamp'))
  const times = isOurs ? ownTimes(tags) : undefined
  if (times === undefined && start === undefined) return 'it has no timestamp'
  const duration = nanosOf(entryOf(zipkin, 'duration'))
  const kind = [...KINDS].find(([, name]) => name === entryOf(zipkin, 'kind'))?.[0] ?? SPAN_KINDS.internal
  const data = dataOf(tags, isOurs)
  const parentId = spanIdOf(textOf(entryOf(zipkin, 'parentId'))) ?? 0n
  if (!isOurs) addForeign(data, zipkin, tags)
  if (!isOurs && ids.whole !== undefined && (parentId === 0n || kind === SPAN_KINDS.server))
    data[DATA_KEYS.w3cTraceId] ??= ids.whole
  return {
    spanId,
    traceId: ids.id,
    parentId,
    process: isOurs ? process : textOf(entryOf(entryOf(zipkin, 'localEndpoint'), 'serviceName')),
    kind: isOurs ? textOf(tags.get(OWN_KEYS.kind)) : kindOf(kind, data),
    name: textOf(entryOf(zipkin, 'name')),
    start: times?.start ?? start ?? 0n,
    finish: times === undefined ? (duration === undefined ? undefined : (start ?? 0n) + duration) : times.finish,
    data,
  }
}

function addForeign(data: Record<string, PlainValue>, zipkin: PlainValue, tags: ReadonlyMap<string, PlainValue>): void {
  const error = tags.get('error')
  if (error !== undefined && error !== 'false') {
    data[DATA_KEYS.errorType] ??= 'Error'
    data[DATA_KEYS.errorMessage] ??= error === 'true' ? '' : error
  }
  const remote = textOf(entryOf(entryOf(zipkin, 'remoteEndpoint'), 'serviceName'))
  if (remote !== '') data['peer.service'] ??= remote
  const annotations = listOf(entryOf(zipkin, 'annotations')).map((each) => ({
    time: timeText(nanosOf(entryOf(each, 'timestamp')) ?? 0n),
    name: textOf(entryOf(each, 'value')),
  }))
  if (annotations.length > 0) data['events'] ??= annotations
}
