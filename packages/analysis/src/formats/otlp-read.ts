import { DATA_KEYS, type PlainData, type PlainValue, type Span } from '@trace/core/spans'
import { hexOfBase64, idsOf, spanHex, spanIdOf } from './ids.js'
import { entryOf, integerOf, listOf, plainInteger, setEntry, textOf } from './json.js'
import { importedKey, OWN_KEYS } from './keys.js'
import { KIND_KEY, kindNamed, kindOf, SPAN_KINDS, untoldKind } from './kinds.js'
import { FLAGS, OTLP_KEYS, STATUS_ERROR } from './otlp-write.js'
import { processOf } from './process.js'
import type { Skip } from './skip.js'
import { timeText } from './times.js'
import { mapOfKeyValues } from './values.js'

/** Of the attributes of a resource, those that say nothing of the service. */
const SAYS_NOTHING = /^telemetry\.sdk\./

/** Those that the name of a process has. */
const IN_NAME: readonly string[] = ['service.name', OWN_KEYS.process, 'process.pid', 'host.name']

interface Resource {
  readonly process: string
  readonly isOurs: boolean
  /** What else is known of it, by the keys that it has in the data of a span. */
  readonly data: PlainData
}

/**
 * Reads one ResourceSpans.
 *
 * @param keepsUpper whether each span gets the upper half of its trace's id, to be sent on. Default false
 */
export function* spansOfResource(resourceSpans: PlainValue, skip: Skip, keepsUpper = false): Generator<Span> {
  const resource = resourceOf(mapOfKeyValues(entryOf(entryOf(resourceSpans, 'resource'), 'attributes')))
  const scopes = entryOf(resourceSpans, 'scopeSpans') ?? entryOf(resourceSpans, 'instrumentationLibrarySpans')
  for (const scopeSpans of listOf(scopes)) {
    const scope = entryOf(scopeSpans, 'scope') ?? entryOf(scopeSpans, 'instrumentationLibrary')
    for (const each of listOf(entryOf(scopeSpans, 'spans'))) {
      const span = spanOf(each, resource, scope)
      if (typeof span === 'string') skip(span)
      else yield keepsUpper ? withUpper(span, textOf(entryOf(each, 'traceId'))) : span
    }
  }
}

function withUpper(span: Span, id: string): Span {
  const whole = idsOf(hexOfBase64(id))?.whole
  if (whole?.endsWith(spanHex(span.traceId)) !== true) return span
  return { ...span, upperTraceId: BigInt(`0x${whole.slice(0, 16)}`) }
}

function resourceOf(attributes: PlainData): Resource {
  const own = attributes[OWN_KEYS.process]
  const isOurs = typeof own === 'string'
  const given = attributes['process.pid']
  const pid = typeof given === 'number' && Number.isSafeInteger(given) && given >= 0 ? given : undefined
  const host = textOf(attributes['host.name']) || undefined
  const process = processOf({ service: textOf(attributes['service.name']), pid, host })
  // The name of a process has both, or neither.
  const inName = isOurs || (pid !== undefined && host !== undefined) ? IN_NAME : IN_NAME.slice(0, 2)
  const data: Record<string, PlainValue> = {}
  for (const [key, value] of Object.entries(attributes)) {
    if (!inName.includes(key) && (isOurs || !SAYS_NOTHING.test(key))) setEntry(data, OTLP_KEYS.resource + key, value)
  }
  return { process: isOurs ? own : process, isOurs, data }
}

/** @returns why it is none, as a text */
function spanOf(otlp: PlainValue, resource: Resource, scope: PlainValue | undefined): Span | string {
  const ids = idsOf(hexOfBase64(textOf(entryOf(otlp, 'traceId'))))
  if (ids === undefined) return 'its traceId is not up to 32 hexadecimal digits, or is 0'
  const spanId = spanIdOf(hexOfBase64(textOf(entryOf(otlp, 'spanId'))))
  if (spanId === undefined) return 'its spanId is not up to 16 hexadecimal digits, or is 0'
  const start = integerOf(entryOf(otlp, 'startTimeUnixNano'))
  if (start === undefined) return 'it has no startTimeUnixNano'
  const end = integerOf(entryOf(otlp, 'endTimeUnixNano'))
  const attributes = mapOfKeyValues(entryOf(otlp, 'attributes'))
  const { process, isOurs } = resource
  const isOpen = isOurs ? attributes[OWN_KEYS.open] === true : end === undefined || end === 0n
  const parentId = spanIdOf(hexOfBase64(textOf(entryOf(otlp, 'parentSpanId')))) ?? 0n
  const kind = otlpKind(entryOf(otlp, 'kind'))
  const data = dataOf(otlp, attributes, resource, scope)
  if (!isOurs && ids.whole !== undefined && isFirstOfProcess(otlp, parentId, kind))
    data[DATA_KEYS.w3cTraceId] ??= ids.whole
  const ourKind = isOurs ? textOf(attributes[OWN_KEYS.kind]) : kindOf(kind, attributes)
  const untold = isOurs ? undefined : untoldKind(kind, { kind: ourKind, data })
  if (untold !== undefined) data[KIND_KEY] = untold
  return {
    spanId,
    traceId: ids.id,
    parentId,
    process,
    kind: ourKind,
    name: textOf(entryOf(otlp, 'name')),
    start,
    finish: isOpen ? undefined : (end ?? start),
    data,
  }
}

function dataOf(
  otlp: PlainValue,
  attributes: PlainData,
  { data: ofResource, isOurs }: Resource,
  scope: PlainValue | undefined,
): Record<string, PlainValue> {
  const data: Record<string, PlainValue> = {}
  for (const [exported, value] of Object.entries(attributes)) {
    const key = isOurs ? importedKey(exported) : exported
    if (key !== undefined) setEntry(data, key, value)
  }
  for (const [key, value] of Object.entries(ofResource)) setEntry(data, key, value)
  const add = (key: string, value: PlainValue | undefined): void => {
    if (value !== undefined && value !== '' && value !== 0) data[key] = value
  }
  add(OTLP_KEYS.scopeName, textOf(entryOf(scope, 'name')))
  add(OTLP_KEYS.scopeVersion, textOf(entryOf(scope, 'version')))
  add(OTLP_KEYS.traceState, textOf(entryOf(otlp, 'traceState')))
  add(OTLP_KEYS.attributesDropped, countOf(otlp, 'droppedAttributesCount'))
  add(OTLP_KEYS.eventsDropped, countOf(otlp, 'droppedEventsCount'))
  add(OTLP_KEYS.linksDropped, countOf(otlp, 'droppedLinksCount'))
  if ((Number(integerOf(entryOf(otlp, 'flags')) ?? 0n) & FLAGS.isRemote) > 0) data[DATA_KEYS.remoteParent] = true
  addEvents(data, listOf(entryOf(otlp, 'events')))
  const links = listOf(entryOf(otlp, 'links')).flatMap((link) => linkOf(link) ?? [])
  if (links.length > 0) data[OTLP_KEYS.links] = links
  if (!isOurs) addError(data, entryOf(otlp, 'status'))
  return data
}

function countOf(otlp: PlainValue, key: string): number {
  const count = plainInteger(integerOf(entryOf(otlp, key)) ?? 0n)
  return typeof count === 'number' && count > 0 ? count : 0
}

function addEvents(data: Record<string, PlainValue>, events: readonly PlainValue[]): void {
  const kept: PlainValue[] = []
  for (const event of events) {
    const attributes = mapOfKeyValues(entryOf(event, 'attributes'))
    if (attributes[OWN_KEYS.ofError] === true) {
      const stack = attributes['exception.stacktrace']
      if (stack !== undefined) data[DATA_KEYS.errorStack] = stack
      continue
    }
    const dropped = countOf(event, 'droppedAttributesCount')
    const time = timeText(integerOf(entryOf(event, 'timeUnixNano')) ?? 0n)
    const name = textOf(entryOf(event, 'name'))
    kept.push({ ...attributes, ...(dropped > 0 ? { [OTLP_KEYS.attributesDropped]: dropped } : {}), time, name })
  }
  if (kept.length > 0) data[OTLP_KEYS.events] = kept
}

function linkOf(link: PlainValue): PlainData | undefined {
  const ids = idsOf(hexOfBase64(textOf(entryOf(link, 'traceId'))))
  const spanId = spanIdOf(hexOfBase64(textOf(entryOf(link, 'spanId'))))
  if (ids === undefined || spanId === undefined) return undefined
  const traceState = textOf(entryOf(link, 'traceState'))
  return {
    ...mapOfKeyValues(entryOf(link, 'attributes')),
    ...(ids.whole === undefined ? {} : { [DATA_KEYS.w3cTraceId]: ids.whole }),
    ...(traceState === '' ? {} : { [OTLP_KEYS.traceState]: traceState }),
    trace_id: String(ids.id),
    span_id: String(spanId),
  }
}

/** A failed span has an error here: that of its last exception event, or what its status says. */
function addError(data: Record<string, PlainValue>, status: PlainValue | undefined): void {
  const code = entryOf(status, 'code')
  if (code !== STATUS_ERROR && code !== 'STATUS_CODE_ERROR') return
  const exception = listOf(data[OTLP_KEYS.events]).findLast((event) => entryOf(event, 'name') === 'exception')
  const [type, message, stack] = ['type', 'message', 'stacktrace'].map((key) => entryOf(exception, `exception.${key}`))
  data[DATA_KEYS.errorType] ??= textOf(type) || 'Error'
  data[DATA_KEYS.errorMessage] ??= textOf(message) || textOf(entryOf(status, 'message'))
  if (typeof stack === 'string') data[DATA_KEYS.errorStack] ??= stack
}

function otlpKind(value: PlainValue | undefined): number {
  const name = typeof value === 'string' ? /^SPAN_KIND_([A-Z]+)$/.exec(value)?.[1] : undefined
  return kindNamed(name?.toLowerCase()) ?? Number(integerOf(value) ?? 0n)
}

/** Whether a span is the first of its process's part of a trace, which keeps the whole id. */
function isFirstOfProcess(otlp: PlainValue, parentId: bigint, kind: number): boolean {
  const flags = Number(integerOf(entryOf(otlp, 'flags')) ?? 0n)
  if (parentId === 0n || (flags & FLAGS.isRemote) > 0) return true
  return (flags & FLAGS.knowsRemote) === 0 && (kind === SPAN_KINDS.server || kind === SPAN_KINDS.consumer)
}
