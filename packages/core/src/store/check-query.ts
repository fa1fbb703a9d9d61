import type { SpanQuery, TraceQuery } from '../contract/reader.js'
import { describe, TraceError } from '../values/errors.js'
import { type OptionRule, optionRules, problemWith } from '../values/options.js'

/** A query that has been checked, and has a limit. */
export interface CheckedQuery extends TraceQuery {
  readonly limit: number
}

/** How many traces are listed if the query has no limit. */
const DEFAULT_LIMIT = 20

const isBigint = (value: unknown): boolean => typeof value === 'bigint'
const NANOSECONDS = 'nanoseconds as a bigint, such as 5_000_000n'
const TIME = { expected: 'nanoseconds since 1970 as a bigint, such as BigInt(Date.now()) * 1_000_000n', test: isBigint }
const TEXT = { expected: 'a string to match exactly', test: (value: unknown): boolean => typeof value === 'string' }

const SPAN_QUERY_RULES: Readonly<Record<keyof SpanQuery, OptionRule>> = { from: TIME, to: TIME, kind: TEXT }
const QUERY_RULES: Readonly<Record<keyof TraceQuery, OptionRule>> = {
  ...SPAN_QUERY_RULES,
  name: TEXT,
  minDuration: { expected: NANOSECONDS, test: isBigint },
  error: optionRules.boolean,
  service: TEXT,
  data: {
    expected: "an object of values to match exactly, such as { 'user.id': 42 }",
    test: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  },
  where: { expected: 'a function of a span that returns true or false', test: (value) => typeof value === 'function' },
  limit: optionRules.count,
}

/**
 * Checks a query.
 *
 * @returns the query with its limit
 * @throws {TraceError} `TRACE_BAD_QUERY` for an unknown condition or one of the wrong type: says what was expected
 */
export function checkQuery(query: TraceQuery): CheckedQuery {
  const problem = problemWith(query, QUERY_RULES)
  if (problem !== undefined) throw new TraceError('TRACE_BAD_QUERY', `traces: ${problem}`)
  return { ...query, limit: query.limit ?? DEFAULT_LIMIT }
}

/**
 * Checks a query for spans.
 *
 * @throws {TraceError} `TRACE_BAD_QUERY` for an unknown condition or one of the wrong type: says what was expected
 */
export function checkSpanQuery(query: SpanQuery): void {
  const problem = problemWith(query, SPAN_QUERY_RULES)
  if (problem !== undefined) throw new TraceError('TRACE_BAD_QUERY', `scan: ${problem}`)
}

/**
 * Checks the id of a trace to look up.
 *
 * @throws {TraceError} `TRACE_BAD_QUERY` if it is not a bigint. A bigint that no trace can have is fine, and is not found
 */
export function checkTraceId(traceId: unknown): void {
  if (typeof traceId === 'bigint') return
  const message = `trace: expected a trace's id as a bigint, such as 42n or parseId('42'), got ${describe(traceId)}`
  throw new TraceError('TRACE_BAD_QUERY', message)
}
