import { fail } from 'node:assert/strict'
import { DATA_KEYS, type Span, type SpanQuery, type TraceQuery } from '@trace/core'
import type { Abilities } from '../suite.js'
import { MILLISECOND, makeSpan, START } from './spans.js'

/** How many traces: more than the default limit of a list. */
const TRACES = 40

/**
 * Spans of all kinds of traces, children before their parents: several kinds and names, ledgers, failures, different clocks,
 * traces that start at the same time, spans recorded twice, and spans left open.
 */
export function someTraces({ openSpans = true, orphans = true }: Abilities): readonly Span[] {
  const earlier: Span[] = []
  const spans: Span[] = []
  for (let at = 0; at < TRACES; at++) {
    // Every two traces start at the same time.
    const start = START + BigInt(at - (at % 2)) * MILLISECOND
    const root = makeSpan({
      traceId: BigInt(1_000 + at),
      parentId: orphans && at % 13 === 5 ? 999_999n : 0n,
      kind: at % 11 === 3 ? 'ledger' : at % 3 === 0 ? 'task' : 'request',
      name: `name ${at % 5}`,
      process: `service-${at % 4}:1@host`,
      start,
      finish: start + BigInt((at % 7) + 1) * MILLISECOND,
      // Of the parents that are not stored, one is another system's.
      data: at === 18 ? { [DATA_KEYS.remoteParent]: true } : {},
    })
    const child = makeSpan({
      traceId: root.traceId,
      parentId: root.spanId,
      kind: 'db',
      name: 'load',
      start: at % 4 === 1 ? start - 5n : start + 5n,
      finish: start + MILLISECOND,
      data: at % 6 === 1 ? { [DATA_KEYS.errorType]: 'Error', [DATA_KEYS.errorMessage]: 'no' } : { rows: at },
    })
    spans.push(child, root)
    if (at % 8 === 2) earlier.push({ ...root, name: 'before it was renamed' })
    if (openSpans && at % 5 === 1) earlier.push({ ...child, finish: undefined })
    if (openSpans && at % 9 === 4) spans.push(makeSpan({ ...child, spanId: root.spanId + 500_000n, finish: undefined }))
  }
  return [...earlier, ...spans]
}

/** A time in the middle of someTraces(). */
const FROM = START + 10n * MILLISECOND

/** What is asked of someTraces(), and what the answer has. */
export const QUERIES: readonly [string, TraceQuery][] = [
  ['the 20 newest where nothing is said', {}],
  ['at most a limit', { limit: 3 }],
  ['more than there are', { limit: 10_000 }],
  ['by kind', { kind: 'task', limit: 100 }],
  ['ledgers where asked for', { kind: 'ledger', limit: 100 }],
  ['by a kind that only inner spans have', { kind: 'db' }],
  ['by name', { name: 'name 3', limit: 100 }],
  ['from a time on', { from: FROM, limit: 100 }],
  ['before a time', { to: FROM, limit: 100 }],
  ['of a time range', { from: START, to: FROM, limit: 100 }],
  ['of an empty time range', { from: FROM, to: FROM }],
  ['by duration', { minDuration: 5n * MILLISECOND, limit: 100 }],
  ['that failed', { error: true, limit: 100 }],
  ['that did not fail', { error: false, limit: 100 }],
  ['with a span of a service', { service: 'service-2', limit: 100 }],
  ['with a span of no service', { service: 'service', limit: 100 }],
  ['with a span that has some data', { data: { rows: 14 }, limit: 100 }],
  ['with a span that has all of some data', { data: { rows: 14, [DATA_KEYS.errorType]: 'Error' }, limit: 100 }],
  [
    'with a span that a function chooses',
    { where: ({ kind, data }) => kind === 'db' && data['rows'] === 20, limit: 100 },
  ],
  ['without a span that a function chooses', { where: ({ name }) => name === 'before it was renamed', limit: 100 }],
  [
    'by conditions that different spans meet',
    { service: 'service-0', data: { rows: 20 }, kind: 'request', limit: 100 },
  ],
  [
    'by all conditions at once',
    { from: START, to: FROM * 2n, kind: 'request', name: 'name 1', error: false, limit: 2 },
  ],
]

/** What is asked of the spans themselves. */
export const SPAN_QUERIES: readonly [string, SpanQuery | undefined][] = [
  ['all spans but those of ledgers', undefined],
  ['spans of a kind', { kind: 'db' }],
  ['ledgers', { kind: 'ledger' }],
  ['spans that start at a time or later', { from: FROM }],
  ['spans that start before a time', { to: FROM }],
  ['spans of a time range and a kind', { from: START + 4n * MILLISECOND, to: FROM, kind: 'task' }],
]

/**
 * Asks for each, one after the other.
 *
 * @throws {AssertionError} with each query whose answer is wrong, and how it differs
 */
export async function askEach<Query>(
  queries: readonly (readonly [string, Query])[],
  ask: (query: Query) => Promise<void>,
): Promise<void> {
  const wrong: string[] = []
  for (const [name, query] of queries) {
    await ask(query).catch(
      (error: unknown) => void wrong.push(`${name}: ${error instanceof Error ? error.message : error}`),
    )
  }
  if (wrong.length > 0) fail(wrong.join('\n'))
}
