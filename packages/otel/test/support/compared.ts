import type { Attributes } from '@opentelemetry/api'
import { kindOf } from '@trace/analysis/formats'
import { DATA_KEYS, type PlainValue, parseTime, type Span, w3cTraceId } from '@trace/core'
import { otlpKindOf } from '../../../analysis/src/formats/kinds.js'

/** The fields of a span that the bridge and OpenTelemetry's SDK are compared in. */
export interface Compared {
  readonly id: string
  /** Of the trace, all 32 digits. */
  readonly trace: string
  readonly parent: string
  readonly name: string
  /** As it is here, and as OTLP numbers it. */
  readonly kind: readonly [string, number]
  readonly scope: string
  readonly attributes: Readonly<Record<string, unknown>>
  readonly events: readonly unknown[]
  readonly links: readonly unknown[]
  /** The type of the error, where the instrumentation names one or the span has an exception, and what it says. */
  readonly error: readonly [type: unknown, message: string] | undefined
  /** In nanoseconds, where the program gives it. */
  readonly start: string
  readonly finish: string
}

/** A span of OpenTelemetry's SDK, as far as it is compared. Its packages have it as classes of several versions. */
export interface TheirSpan {
  readonly name: string
  readonly kind: number
  spanContext(): { readonly traceId: string; readonly spanId: string }
  readonly parentSpanContext?: { readonly spanId: string } | undefined
  readonly startTime: readonly [number, number]
  readonly endTime: readonly [number, number]
  readonly status: { readonly code: number; readonly message?: string | undefined }
  readonly attributes: Attributes
  readonly links: readonly { context: { traceId: string; spanId: string }; attributes?: Attributes | undefined }[]
  readonly events: readonly { name: string; time: readonly [number, number]; attributes?: Attributes | undefined }[]
  readonly instrumentationScope: { readonly name: string; readonly version?: string | undefined }
}

/** Times that the program gives are long ago. */
const LONG_AGO = 1_000_000_000_000_000_000n

function given(time: bigint): string {
  return time < LONG_AGO ? `${time} ns` : 'now'
}

function timeOf([seconds, nanoseconds]: readonly [number, number]): string {
  return given(BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds))
}

/** The name of the error, which the stack begins with. The SDK's `exception.type` is its code if it has one. */
function typeOf(exception: Attributes | undefined): string | undefined {
  return /^\w+(?=:|$)/.exec(String(exception?.['exception.stacktrace'] ?? ''))?.[0]
}

export function ofTheirs(span: TheirSpan): Compared {
  const { name, attributes, status, instrumentationScope: scope } = span
  const { traceId, spanId } = span.spanContext()
  const hasFailed = status.code === 2
  const exception = hasFailed ? span.events.findLast((event) => event.name === 'exception') : undefined
  const { 'error.type': type, ...others } = attributes
  const ofException = typeOf(exception?.attributes)
  const message = String(exception?.attributes?.['exception.message'] ?? status.message ?? '')
  return {
    id: spanId,
    trace: traceId,
    parent: span.parentSpanContext?.spanId ?? '',
    name,
    kind: [kindOf(span.kind + 1, attributes), span.kind + 1],
    scope: `${scope.name} ${scope.version ?? ''}`,
    attributes: others,
    events: span.events
      .filter((event) => event !== exception)
      .map(({ name, time, attributes }) => ({ name, time: timeOf(time), ...attributes })),
    links: span.links.map(({ context, attributes }) => ({ to: context.spanId, in: context.traceId, ...attributes })),
    error: hasFailed || type !== undefined ? [type ?? ofException ?? 'Error', message] : undefined,
    start: timeOf(span.startTime),
    finish: timeOf(span.endTime),
  }
}

const NO_ATTRIBUTES: readonly string[] = [
  'otel.scope.name',
  'otel.scope.version',
  'otel.status_description',
  'otel.kind',
  ...Object.values(DATA_KEYS).filter((key) => /^(error\.|events|links|parent\.|w3c\.)/.test(key)),
]

export function ofOurs(span: Span): Compared {
  const { data } = span
  const hex = (id: bigint): string => id.toString(16).padStart(16, '0')
  const type = data[DATA_KEYS.errorType]
  return {
    id: hex(span.spanId),
    trace: w3cTraceId(span.traceId, span.upperTraceId ?? 0n),
    parent: span.parentId === 0n ? '' : hex(span.parentId),
    name: span.name,
    kind: [span.kind, otlpKindOf(span)],
    scope: `${data['otel.scope.name'] ?? ''} ${data['otel.scope.version'] ?? ''}`,
    attributes: Object.fromEntries(Object.entries(data).filter(([key]) => !NO_ATTRIBUTES.includes(key))),
    events: listIn(data[DATA_KEYS.events]).map(({ time, ...event }) => ({
      ...event,
      time: given(parseTime(String(time)) ?? 0n),
    })),
    links: listIn(data[DATA_KEYS.links]).map(({ trace_id, span_id, ...link }) => {
      const { [DATA_KEYS.w3cTraceId]: whole, 'w3c.tracestate': _state, ...attributes } = link
      const traceId = whole ?? hex(BigInt(String(trace_id))).padStart(32, '0')
      return { to: hex(BigInt(String(span_id))), in: traceId, ...attributes }
    }),
    error: type === undefined ? undefined : [type, String(data[DATA_KEYS.errorMessage] ?? '')],
    start: given(span.start),
    finish: given(span.finish ?? 0n),
  }
}

function listIn(value: PlainValue | undefined): Record<string, PlainValue>[] {
  return Array.isArray(value) ? (value as Record<string, PlainValue>[]) : []
}

/** What the ids of traces begin with that come from elsewhere. */
export const CALLER = '0af7651916cd43dd'

/** The spans of a run by their names, with ids that do not differ from run to run: those of spans by their names, of traces in order. */
export function compared(spans: readonly Compared[]): Compared[] {
  const names = new Map(spans.map(({ id, name }) => [id, name]))
  const orderOf = ({ name, kind, attributes }: Compared): string => JSON.stringify([name, kind, attributes])
  const sorted = spans.toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1))
  // Those of the program that calls are the same in each run.
  const made = [...new Set(sorted.map(({ trace }) => trace))].filter((trace) => !trace.startsWith(CALLER))
  const traceOf = (trace: string): string => (trace.startsWith(CALLER) ? trace : `trace ${made.indexOf(trace)}`)
  const spanOf = (id: string): string => names.get(id) ?? id
  return sorted.map((span) => ({
    ...span,
    id: span.name,
    trace: traceOf(span.trace),
    parent: spanOf(span.parent),
    links: span.links.map((link) => {
      const { to, in: trace, ...attributes } = link as { to: string; in: string }
      return { to: spanOf(to), in: traceOf(trace), ...attributes }
    }),
  }))
}
