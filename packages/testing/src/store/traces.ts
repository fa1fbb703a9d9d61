import { DATA_KEYS, type Span } from '@trace/core'
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
