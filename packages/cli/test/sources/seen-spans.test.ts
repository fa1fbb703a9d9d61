import { expect, test } from '@jest/globals'
import type { Span } from '@trace/core'
import { SeenSpans } from '../../src/sources/seen-spans.js'

const spanOf = (traceId: bigint, spanId: bigint): Span => ({
  traceId,
  spanId,
  parentId: 0n,
  process: 'users:1@host-1',
  kind: 'task',
  name: 'sum up',
  start: 1n,
  finish: 2n,
  data: {},
})

test('tells spans by both ids, also ids that count up, and ids of all sizes', () => {
  const seen = new SeenSpans(1_000_000)
  const spans = Array.from({ length: 300 }, (_, trace) => BigInt(trace)).flatMap((trace) =>
    Array.from({ length: 300 }, (_, span) => spanOf(trace, BigInt(span))),
  )
  const large = [2n ** 64n - 1n, 2n ** 63n, 2n ** 32n, 2n ** 32n - 1n]
  spans.push(...large.flatMap((trace) => large.map((span) => spanOf(trace, span))))
  expect(spans.every((span) => !seen.has(span) && seen.add(span))).toBe(true)
  expect(spans.every((span) => seen.has(span) && !seen.add(span))).toBe(true)
})

test('knows as many of the latest spans as its limit says, and no more than twice as many', () => {
  const seen = new SeenSpans(1_000)
  for (let id = 1n; id <= 10_000n; id++) {
    expect(seen.add(spanOf(1n, id))).toBe(true)
    if (id > 1_000n) expect(seen.has(spanOf(1n, id - 999n))).toBe(true)
  }
  expect(seen.has(spanOf(1n, 7_999n))).toBe(false)
})

test('a later record of a ledger is another one', () => {
  const seen = new SeenSpans(1_000)
  const ledger = { ...spanOf(1n, 1n), kind: 'ledger' }
  expect([ledger, ledger, { ...ledger, finish: 3n }].map((span) => seen.add(span))).toEqual([true, false, true])
})
