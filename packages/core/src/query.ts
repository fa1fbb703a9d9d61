import { describe, TraceError } from './errors.js'
import type { TraceQuery, TraceSummary } from './reader.js'
import { isFailed, type Span } from './span.js'

/** How many traces a list has where the query names no limit. */
export const DEFAULT_LIMIT = 20

/** Of several records of one span the one to keep: the later, and rather a finished one. */
export function laterRecord(earlier: Span, later: Span): Span {
  return later.finish === undefined && earlier.finish !== undefined ? earlier : later
}

/** The spans of one trace, each once, as {@link laterRecord} chooses; in the order in which they first came. */
export function eachOnce(spans: Iterable<Span>): Span[] {
  const byId = new Map<bigint, Span>()
  for (const span of spans) {
    const earlier = byId.get(span.spanId)
    byId.set(span.spanId, earlier === undefined ? span : laterRecord(earlier, span))
  }
  return [...byId.values()]
}

/**
 * One trace as a line of a list.
 *
 * @param spans of one trace, each once; undefined is returned for none
 */
export function summarize(spans: readonly Span[]): TraceSummary | undefined {
  const first = firstSpan(spans)
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
  return {
    traceId,
    process,
    kind,
    name,
    start,
    duration,
    spans: spans.length,
    failed,
    open,
  }
}

function firstSpan(spans: readonly Span[]): Span | undefined {
  const ids = new Set(spans.map((span) => span.spanId))
  let first: Span | undefined
  for (const span of spans) {
    if (ids.has(span.parentId) && span.parentId !== span.spanId) continue
    if (first === undefined || span.start < first.start) first = span
  }
  return first ?? spans[0]
}

/** Whether a trace is one that the query looks for. */
export function matches(trace: TraceSummary, query: TraceQuery): boolean {
  const { from, to, kind, name, minDuration, error } = query
  if (from !== undefined && trace.start < from) return false
  if (to !== undefined && trace.start >= to) return false
  if (kind === undefined ? trace.kind === 'ledger' : trace.kind !== kind) return false
  if (name !== undefined && trace.name !== name) return false
  if (minDuration !== undefined && (trace.duration === undefined || trace.duration < minDuration)) return false
  return error === undefined || trace.failed > 0 === error
}

/** For sorting: newest first; those of one instant by id, so that the order is always the same. */
export function newestFirst(a: TraceSummary, b: TraceSummary): number {
  if (a.start !== b.start) return a.start > b.start ? -1 : 1
  return a.traceId < b.traceId ? -1 : a.traceId > b.traceId ? 1 : 0
}

/**
 * How many traces a query asks for.
 *
 * @throws {TraceError} `TRACE_BAD_QUERY` where the limit is not a whole number of at least 1
 */
export function limitOf(query: TraceQuery): number {
  const limit = query.limit ?? DEFAULT_LIMIT
  if (Number.isSafeInteger(limit) && limit > 0) return limit
  throw new TraceError('TRACE_BAD_QUERY', `limit: expected a whole number above 0, got ${describe(limit)}`)
}
