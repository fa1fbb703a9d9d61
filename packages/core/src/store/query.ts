import { DATA_KEYS, LEDGER_KIND } from '../contract/data-keys.js'
import type { SpanQuery, TraceQuery, TraceSummary } from '../contract/reader.js'
import type { PlainData, Span } from '../contract/span.js'
import { eachOnce, isFailed, serviceOf } from '../values/spans.js'
import { checkQuery } from './check-query.js'

/**
 * Summarizes a trace for a list.
 *
 * @param spans the spans of one trace, each once
 * @returns undefined if there are no spans
 */
export function summarize(spans: readonly Span[]): TraceSummary | undefined {
  const ids = new Set(spans.map((span) => span.spanId))
  const first = firstSpan(spans, ids)
  if (first === undefined) return undefined
  let { start } = first
  let finish: bigint | undefined
  let failed = 0
  let open = 0
  for (const span of spans) {
    if (span.start < start) start = span.start
    if (span.finish === undefined) open++
    else if (finish === undefined || span.finish > finish) finish = span.finish
    if (isFailed(span)) failed++
  }
  const { traceId, process, kind, name } = first
  const duration = finish === undefined ? undefined : finish - start
  const lost = lostParents(spans, ids)
  return {
    traceId,
    process,
    kind,
    name,
    start,
    duration,
    services: servicesOf(spans),
    spans: spans.length,
    failed,
    open,
    ...(lost === 0 ? {} : { lost }),
  }
}

function lostParents(spans: readonly Span[], ids: ReadonlySet<bigint>): number {
  const lost = new Set<bigint>()
  for (const { parentId, data } of spans) {
    if (parentId !== 0n && !ids.has(parentId) && data[DATA_KEYS.remoteParent] !== true) lost.add(parentId)
  }
  return lost.size
}

function servicesOf(spans: readonly Span[]): string[] {
  const starts = new Map<string, bigint>()
  for (const { process, start } of spans) {
    const service = serviceOf(process)
    const earliest = starts.get(service)
    if (earliest === undefined || start < earliest) starts.set(service, start)
  }
  return [...starts].sort(([, a], [, b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([service]) => service)
}

function firstSpan(spans: readonly Span[], ids: ReadonlySet<bigint>): Span | undefined {
  let first: Span | undefined
  for (const span of spans) {
    if (ids.has(span.parentId) && span.parentId !== span.spanId) continue
    if (first === undefined || span.start < first.start) first = span
  }
  return first ?? spans[0]
}

/** Whether a trace meets the conditions of a query that its summary tells: all but those of {@link matchesSpans}. */
export function matches(trace: TraceSummary, query: TraceQuery): boolean {
  const { from, to, minDuration, error } = query
  if (from !== undefined && trace.start < from) return false
  if (to !== undefined && trace.start >= to) return false
  if (!matchesFirst(trace, query)) return false
  if (minDuration !== undefined && (trace.duration === undefined || trace.duration < minDuration)) return false
  return error === undefined || trace.failed > 0 === error
}

/**
 * Whether a trace meets the conditions of a query on its first span: kind and name.
 *
 * @param first the first span, or the summary of the trace
 */
export function matchesFirst(first: { readonly kind: string; readonly name: string }, query: TraceQuery): boolean {
  const { kind, name } = query
  if (kind === undefined ? first.kind === LEDGER_KIND : first.kind !== kind) return false
  return name === undefined || first.name === name
}

/** Conditions that any span of a trace may meet, each another one. */
type SpanConditions = Pick<TraceQuery, 'service' | 'data' | 'where'>

/** Whether a span has to be looked at with all its data to tell whether its trace matches. */
export function needsData({ data, where }: SpanConditions): boolean {
  return data !== undefined || where !== undefined
}

/** Whether the spans of a trace, each once, meet the conditions of a query on any span: service, data and `where`. */
export function matchesSpans(spans: readonly Span[], query: SpanConditions): boolean {
  const { service, data, where } = query
  if (service !== undefined && !spans.some((span) => serviceOf(span.process) === service)) return false
  if (data !== undefined && !spans.some((span) => hasData(span, data))) return false
  return where === undefined || spans.some((span) => where(span))
}

function hasData(span: Span, wanted: PlainData): boolean {
  return Object.entries(wanted).every(
    ([key, value]) => Object.hasOwn(span.data, key) && Object.is(span.data[key], value),
  )
}

type TraceStart = Pick<TraceSummary, 'start' | 'traceId'>

/** Sorts traces, the newest first. Those with the same start are sorted by id, so that the order is always the same. */
export function newestFirst(a: TraceStart, b: TraceStart): number {
  if (a.start !== b.start) return a.start > b.start ? -1 : 1
  return a.traceId < b.traceId ? -1 : a.traceId > b.traceId ? 1 : 0
}

/** Whether a span meets the conditions of a query for spans. */
export function matchesSpanQuery({ kind, start }: Span, query: SpanQuery): boolean {
  if (query.kind === undefined ? kind === LEDGER_KIND : kind !== query.kind) return false
  return (query.from === undefined || start >= query.from) && (query.to === undefined || start < query.to)
}

/**
 * Lists the traces that match a query, newest first: `TraceReader.traces`, for a store that has all spans at hand.
 *
 * @param spans spans of any traces, in any order; {@link laterRecord} chooses among several records of a span
 * @throws {TraceError} `TRACE_BAD_QUERY` as {@link checkQuery} does
 */
export function listTraces(spans: Iterable<Span>, query: TraceQuery): TraceSummary[] {
  const { limit } = checkQuery(query)
  const byTrace = new Map<bigint, Span[]>()
  for (const span of spans) {
    const trace = byTrace.get(span.traceId)
    if (trace === undefined) byTrace.set(span.traceId, [span])
    else trace.push(span)
  }
  const found: TraceSummary[] = []
  for (const trace of byTrace.values()) {
    const once = eachOnce(trace)
    const summary = summarize(once)
    if (summary !== undefined && matches(summary, query) && matchesSpans(once, query)) found.push(summary)
  }
  return found.sort(newestFirst).slice(0, limit)
}
