import {
  type Attributes,
  type AttributeValue,
  type Context,
  type Exception,
  type Link,
  type Span,
  type SpanContext,
  type SpanStatus,
  SpanStatusCode,
  type TimeInput,
} from '@opentelemetry/api'
import { OTLP_KEYS } from '@trace/analysis/formats'
import { type ActiveSpan, DATA_KEYS, w3cTraceId } from '@trace/core'
import { exceptionAttributes, isKey, lastEventOf, removeEvent } from './exceptions.js'
import { originOf, spanContextOf } from './span-context.js'
import { isTime, nanosecondsOf } from './times.js'

/** Under which a span of ours keeps its other side. */
const OTHER_SIDE = Symbol('@trace/otel')

type TwoSided = ActiveSpan & { [OTHER_SIDE]?: BridgedSpan }

/** The one span of the API for a span of ours. */
export function bridged(span: ActiveSpan): BridgedSpan {
  return (span as TwoSided)[OTHER_SIDE] ?? new BridgedSpan(span)
}

/** What stands for an error in a span's data. */
const ERROR_KEYS = [
  DATA_KEYS.errorType,
  DATA_KEYS.errorMessage,
  DATA_KEYS.errorStack,
  DATA_KEYS.errorCause,
  DATA_KEYS.errorParts,
]

/** A span of ours as the API has it. Nothing here throws. */
export class BridgedSpan implements Span {
  readonly span: ActiveSpan
  /** The last context that this span was in, and what else was in it. */
  context: Context | undefined = undefined
  rest: Context | undefined = undefined
  readonly #isStartGiven: boolean
  #spanContext: SpanContext | undefined = undefined
  #status: SpanStatusCode = SpanStatusCode.UNSET
  #statusMessage: string | undefined = undefined
  /** The last that was recorded, and its event. */
  #exception: { readonly error: unknown; readonly event: unknown } | undefined = undefined
  #isEnded = false

  /** @param isStartGiven whether the program has said when the span started */
  constructor(span: ActiveSpan, isStartGiven = false) {
    this.span = span
    this.#isStartGiven = isStartGiven
    try {
      ;(span as TwoSided)[OTHER_SIDE] = this
    } catch {
      // The program has frozen the span, which has another side each time it is asked for.
    }
  }

  spanContext(): SpanContext {
    const flags = this.span.sampled ? 1 : 0
    if (this.#spanContext?.traceFlags !== flags) this.#spanContext = spanContextOf(this.span)
    return this.#spanContext
  }

  isRecording(): boolean {
    return !this.#isEnded && this.span.recording
  }

  setAttribute(key: string, value: AttributeValue): this {
    if (!this.isRecording() || value === null || value === undefined) return this
    try {
      if (isKey(key) && isAttributeValue(value)) this.span.data[OURS.has(key) ? `data.${key}` : key] = value
    } catch {
      // The program has frozen the data.
    }
    return this
  }

  setAttributes(attributes: Attributes): this {
    if (!this.isRecording()) return this
    for (const [key, value] of entriesOf(attributes)) this.setAttribute(key, value)
    return this
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    if (!this.isRecording()) return this
    const isTimeFirst = isTime(attributesOrTime)
    const at = nanosecondsOf(isTimeFirst && !isTime(time) ? attributesOrTime : time)
    this.span.event(name, isTimeFirst ? undefined : Object.fromEntries(entriesOf(attributesOrTime)), at)
    return this
  }

  addLink(link: Link): this {
    if (!this.isRecording()) return this
    try {
      const { context, attributes } = link
      const origin = originOf(context)
      if (origin === undefined) return this
      const { traceId, parentId, remote } = origin
      const data = Object.fromEntries(entriesOf(attributes))
      // The same keys as those of an import of OTLP.
      if (remote !== undefined && remote.upperTraceId !== 0n)
        data[DATA_KEYS.w3cTraceId] = w3cTraceId(traceId, remote.upperTraceId)
      if (remote !== undefined && remote.traceState !== '') data[OTLP_KEYS.traceState] = remote.traceState
      this.span.link({ traceId, spanId: parentId }, data)
    } catch {
      // No link at all.
    }
    return this
  }

  addLinks(links: readonly Link[]): this {
    if (Array.isArray(links)) for (const link of links) this.addLink(link)
    return this
  }

  setStatus(status: SpanStatus): this {
    if (!this.isRecording() || this.#status === SpanStatusCode.OK) return this
    const { code, message } = Object(status) as Partial<SpanStatus>
    if (code === SpanStatusCode.ERROR) {
      this.#statusMessage = typeof message === 'string' ? message : undefined
      this.#fail()
    } else if (code === SpanStatusCode.OK && this.#status === SpanStatusCode.ERROR) this.#clearError()
    if (code === SpanStatusCode.ERROR || code === SpanStatusCode.OK) this.#status = code
    return this
  }

  updateName(name: string): this {
    if (!this.isRecording()) return this
    try {
      this.span.name = name
    } catch {
      // The program has frozen the span.
    }
    return this
  }

  recordException(exception: Exception, time?: TimeInput): void {
    if (!this.isRecording()) return
    const attributes = exceptionAttributes(exception)
    if (attributes === undefined) return
    const last = lastEventOf(this.span)
    this.span.event('exception', attributes, nanosecondsOf(time))
    // If there are too many, it was not added.
    const event = lastEventOf(this.span)
    const error = typeof exception === 'string' ? { name: 'Error', message: exception } : exception
    this.#exception = { error, event: event === last ? undefined : event }
    if (this.#status === SpanStatusCode.ERROR) this.#fail()
  }

  end(endTime?: TimeInput): void {
    if (this.#isEnded) return
    this.#isEnded = true
    if (endTime === undefined && !this.#isStartGiven) this.span.finish()
    else this.#finish(nanosecondsOf(endTime))
  }

  /** A span that would end before its start takes no time, as in OpenTelemetry's SDK. */
  #finish(end: bigint | undefined): void {
    const { start, elapsed } = this.span
    this.span.finish((end === undefined ? elapsed < 0n : end < start) ? start : end)
  }

  /** Fails the span with the last exception, whose event it is no longer, or with what the status says. */
  #fail(): void {
    try {
      const { data } = this.span
      const type = data[DATA_KEYS.errorType]
      const isAttribute = this.#status !== SpanStatusCode.ERROR && typeof type === 'string'
      const message = this.#statusMessage
      this.#clearError()
      if (this.#exception === undefined) this.span.fail({ name: 'Error', message: message ?? '' })
      else {
        const { error, event } = this.#exception
        this.span.fail(error)
        removeEvent(data, event)
        if (message !== undefined && message !== data[DATA_KEYS.errorMessage]) data[OTLP_KEYS.statusMessage] = message
      }
      if (isAttribute) data[DATA_KEYS.errorType] = type
    } catch {
      // The program has frozen the data.
    }
  }

  #clearError(): void {
    const { data } = this.span
    for (const key of [...ERROR_KEYS, OTLP_KEYS.statusMessage]) Reflect.deleteProperty(data, key)
  }
}

/** The keys of a span's data that hold no attribute. */
const OURS: ReadonlySet<string> = new Set([
  DATA_KEYS.events,
  DATA_KEYS.eventsDropped,
  DATA_KEYS.links,
  DATA_KEYS.linksDropped,
])

/** What OpenTelemetry's SDK records: texts, numbers, booleans, and lists of one of them. */
function isAttributeValue(value: unknown): boolean {
  return isPrimitive(value) || isList(value)
}

function isList(value: unknown): boolean {
  if (!Array.isArray(value)) return false
  const types = new Set(value.filter((each) => each !== null && each !== undefined).map((each) => typeof each))
  return types.size <= 1 && value.every((each) => each === null || each === undefined || isPrimitive(each))
}

function isPrimitive(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

function entriesOf(attributes: unknown): [string, AttributeValue][] {
  try {
    const entries: [string, AttributeValue][] = Object.entries(Object(attributes))
    return entries.filter(
      ([key, value]) => isKey(key) && value !== undefined && value !== null && isAttributeValue(value),
    )
  } catch {
    return []
  }
}
