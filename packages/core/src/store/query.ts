import type { TraceQuery, TraceSummary } from '../contract/reader.js'
import { isFailed, type Span } from '../contract/span.js'
import { describe, TraceError } from '../values/errors.js'
import { type OptionRule, optionRules, problemWith } from '../values/options.js'

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

const isBigint = (value: unknown): boolean => typeof value === 'bigint'
const NANOSECONDS = 'nanoseconds as a bigint, such as 5_000_000n'
const TIME = { expected: 'nanoseconds since 1970 as a bigint, such as BigInt(Date.now()) * 1_000_000n', test: isBigint }
const TEXT = { expected: 'a string, which must be equal', test: (value: unknown): boolean => typeof value === 'string' }

const QUERY_RULES: Readonly<Record<keyof TraceQuery, OptionRule>> = {
  from: TIME,
  to: TIME,
  kind: TEXT,
  name: TEXT,
  minDuration: { expected: NANOSECONDS, test: isBigint },
  error: optionRules.boolean,
  limit: optionRules.count,
}

/**
 * How many traces a query asks for. Checks the whole query, so that a mistake in it is told, and does not find nothing.
 *
 * @throws {TraceError} `TRACE_BAD_QUERY`: names the option of the query, what was expected, and what was got
 */
export function limitOf(query: TraceQuery): number {
  const problem = problemWith(query, QUERY_RULES)
  if (problem !== undefined) throw new TraceError('TRACE_BAD_QUERY', `traces: ${problem}`)
  return query.limit ?? DEFAULT_LIMIT
}

/**
 * Checks the id that a trace is looked up by.
 *
 * @throws {TraceError} `TRACE_BAD_QUERY` where it is no bigint; a bigint that no trace can have is only never found
 */
export function checkTraceId(traceId: unknown): void {
  if (typeof traceId === 'bigint') return
  const message = `trace: expected a trace's id as a bigint, such as 42n or parseId('42'), got ${describe(traceId)}`
  throw new TraceError('TRACE_BAD_QUERY', message)
}
