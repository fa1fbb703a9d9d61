import { DATA_KEYS, isFailed, type PlainData, type PlainValue, type Span } from '@trace/core/spans'
import { idsOf, spanHex, spanIdOf, traceHex } from './ids.js'
import { entryOf, integerOf, isMap, listOf, plainInteger, setEntry, textOf } from './json.js'
import { dataOf, OWN_KEYS, textsOf } from './keys.js'
import { kindOf, otlpKindOf, SPAN_KINDS } from './kinds.js'
import { partsOf, processOf } from './process.js'
import type { Skip } from './skip.js'
import { latestOf, microsOf, nanosOf, ownTags, ownTimes, timeText } from './times.js'

const KINDS: ReadonlyMap<number, string> = new Map([
  [SPAN_KINDS.internal, 'internal'],
  [SPAN_KINDS.server, 'server'],
  [SPAN_KINDS.client, 'client'],
  [SPAN_KINDS.producer, 'producer'],
  [SPAN_KINDS.consumer, 'consumer'],
])

/** A trace as Jaeger's viewer takes it (https://www.jaegertracing.io/docs/latest/apis/). @param spans of one trace, each once */
export function jaegerTraceOf(spans: readonly Span[]): PlainData {
  const traceID = traceHex(spans)
  const latest = latestOf(spans)
  const ids = new Map<string, string>()
  const processes: Record<string, PlainValue> = {}
  const jaegerSpans = spans.map((span) => {
    const processID = ids.get(span.process) ?? `p${ids.size + 1}`
    if (!ids.has(span.process)) processes[processID] = processTags(span.process)
    ids.set(span.process, processID)
    return jaegerSpanOf(span, { traceID, processID, latest })
  })
  return { traceID, spans: jaegerSpans, processes, warnings: null }
}

function processTags(process: string): PlainData {
  const { service, pid, host } = partsOf(process)
  const tags = [
    tagOf(OWN_KEYS.process, process),
    ...(pid === undefined ? [] : [tagOf('pid', pid)]),
    ...(host === undefined ? [] : [tagOf('hostname', host)]),
  ]
  return { serviceName: service === '' ? 'unknown' : service, tags }
}

function jaegerSpanOf(
  span: Span,
  { traceID, processID, latest }: { traceID: string; processID: string; latest: bigint },
): PlainData {
  const { start, finish = latest > start ? latest : start, parentId } = span
  const tags = textsOf(span.data).map(([key, text, value]) =>
    tagOf(key, typeof value === 'boolean' || typeof value === 'number' ? value : text),
  )
  const own = ownTags(span).map(([key, text]) => tagOf(key, text))
  const error = isFailed(span) ? [tagOf('error', true)] : []
  return {
    traceID,
    spanID: spanHex(span.spanId),
    operationName: span.name,
    references: parentId === 0n ? [] : [{ refType: 'CHILD_OF', traceID, spanID: spanHex(parentId) }],
    startTime: plainInteger(start / 1_000n),
    duration: plainInteger(microsOf(finish - start)),
    tags: [tagOf('span.kind', KINDS.get(otlpKindOf(span)) ?? 'internal'), ...error, ...tags, ...own],
    logs: [],
    processID,
    warnings: null,
  }
}

/** Numbers that JSON has not, and integers beyond 2^53, which a viewer would round, are text. */
function tagOf(key: string, value: PlainValue): PlainData {
  if (typeof value === 'boolean') return { key, type: 'bool', value }
  if (typeof value === 'number' && Number.isFinite(value)) {
    return { key, type: Number.isSafeInteger(value) && !Object.is(value, -0) ? 'int64' : 'float64', value }
  }
  return { key, type: 'string', value: String(value) }
}

/** Reads a trace of Jaeger's. */
export function* spansOfJaeger(trace: PlainValue, skip: Skip): Generator<Span> {
  const processes = entryOf(trace, 'processes')
  for (const each of listOf(entryOf(trace, 'spans'))) {
    const span = spanOf(each, entryOf(each, 'process') ?? entryOf(processes, textOf(entryOf(each, 'processID'))))
    if (typeof span === 'string') skip(span)
    else yield span
  }
}

/** @returns why it is none, as a text */
function spanOf(jaeger: PlainValue, process: PlainValue | undefined): Span | string {
  const ids = idsOf(textOf(entryOf(jaeger, 'traceID')))
  if (ids === undefined) return 'its traceID is not up to 32 hexadecimal digits, or is 0'
  const spanId = spanIdOf(textOf(entryOf(jaeger, 'spanID')))
  if (spanId === undefined) return 'its spanID is not up to 16 hexadecimal digits, or is 0'
  const processTags = tagsOf(entryOf(process, 'tags'))
  const own = processTags.get(OWN_KEYS.process)
  const isOurs = typeof own === 'string'
  const tags = tagsOf(entryOf(jaeger, 'tags'))
  const start = nanosOf(entryOf(jaeger, 'startTime'))
  const times = isOurs ? ownTimes(tags) : undefined
  if (times === undefined && start === undefined) return 'it has no startTime'
  const data = dataOf(tags, isOurs)
  const kind = [...KINDS].find(([, name]) => name === tags.get('span.kind'))?.[0] ?? SPAN_KINDS.internal
  const parentId = parentOf(jaeger, ids.id)
  if (!isOurs) addForeign(data, jaeger, tags)
  if (!isOurs && ids.whole !== undefined && (parentId === 0n || kind === SPAN_KINDS.server))
    data[DATA_KEYS.w3cTraceId] ??= ids.whole
  return {
    spanId,
    traceId: ids.id,
    parentId,
    process: isOurs ? own : foreignProcess(process, processTags),
    kind: isOurs ? textOf(tags.get(OWN_KEYS.kind)) : kindOf(kind, data),
    name: textOf(entryOf(jaeger, 'operationName')),
    start: times?.start ?? start ?? 0n,
    finish: times === undefined ? (start ?? 0n) + (nanosOf(entryOf(jaeger, 'duration')) ?? 0n) : times.finish,
    data,
  }
}

function tagsOf(list: PlainValue | undefined): Map<string, PlainValue> {
  const tags = new Map<string, PlainValue>()
  for (const tag of listOf(list)) {
    const value = entryOf(tag, 'value') ?? null
    const integer = entryOf(tag, 'type') === 'int64' ? integerOf(value) : undefined
    tags.set(
      textOf(entryOf(tag, 'key')),
      integer === undefined || typeof value === 'number' ? value : plainInteger(integer),
    )
  }
  return tags
}

/** The parent: a span of the same trace. The first reference counts, and rather one that says so. */
function parentOf(jaeger: PlainValue, traceId: bigint): bigint {
  const references = listOf(entryOf(jaeger, 'references')).filter(
    (reference) => idsOf(textOf(entryOf(reference, 'traceID')))?.id === traceId,
  )
  const parent = references.find((reference) => entryOf(reference, 'refType') === 'CHILD_OF') ?? references[0]
  return spanIdOf(textOf(entryOf(parent, 'spanID'))) ?? spanIdOf(textOf(entryOf(jaeger, 'parentSpanID'))) ?? 0n
}

function foreignProcess(process: PlainValue | undefined, tags: ReadonlyMap<string, PlainValue>): string {
  const pid = integerOf(tags.get('pid') ?? tags.get('process.pid'))
  const host = textOf(tags.get('hostname') ?? tags.get('host.name')) || undefined
  const known = pid !== undefined && pid >= 0n && pid < 2n ** 32n ? Number(pid) : undefined
  return processOf({ service: textOf(entryOf(process, 'serviceName')), pid: known, host })
}

function addForeign(data: Record<string, PlainValue>, jaeger: PlainValue, tags: ReadonlyMap<string, PlainValue>): void {
  const events = listOf(entryOf(jaeger, 'logs')).map((log) => {
    const event: Record<string, PlainValue> = {}
    const fields = tagsOf(entryOf(log, 'fields'))
    for (const [key, value] of fields) if (key !== 'event') setEntry(event, key, value)
    return {
      ...event,
      time: timeText(nanosOf(entryOf(log, 'timestamp')) ?? 0n),
      name: textOf(fields.get('event')) || 'log',
    }
  })
  if (events.length > 0) data['events'] ??= events
  const error = tags.get('error')
  if (error !== true && error !== 'true' && tags.get('otel.status_code') !== 'ERROR') return
  const exception: PlainValue | undefined = events.findLast(
    (event) => isMap(event) && Object.hasOwn(event, 'exception.type'),
  )
  data[DATA_KEYS.errorType] ??= textOf(entryOf(exception, 'exception.type')) || 'Error'
  data[DATA_KEYS.errorMessage] ??=
    textOf(entryOf(exception, 'exception.message')) || textOf(tags.get('otel.status_description'))
  const stack = entryOf(exception, 'exception.stacktrace')
  if (typeof stack === 'string') data[DATA_KEYS.errorStack] ??= stack
}
