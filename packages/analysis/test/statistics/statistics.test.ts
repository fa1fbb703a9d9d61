import { describe, expect, test } from '@jest/globals'
import type { Span } from '@trace/core'
import fc from 'fast-check'
import { runs } from '../../../../.config/runs.js'
import { Histogram } from '../../src/statistics/histogram.js'
import { SpanStatistics, type StatisticsBy } from '../../src/statistics/statistics.js'
import { buildTree } from '../../src/tree/tree.js'
import { aSpan } from '../support/spans.js'

const T0 = 1_445_346_855_000_000_000n

function spanOf(id: number, parent: number, from: number, to: number | undefined, parts: Partial<Span> = {}): Span {
  const finish = to === undefined ? undefined : T0 + BigInt(to)
  return aSpan({ spanId: BigInt(id), parentId: BigInt(parent), start: T0 + BigInt(from), finish, ...parts })
}

function count(spans: readonly Span[], by: StatisticsBy = 'name') {
  const statistics = new SpanStatistics({ by })
  for (const span of spans) statistics.add(span)
  return statistics.result()
}

const ORDERS = { process: 'orders:2@b', name: 'POST /orders' }
const DB = { process: 'orders:2@b', kind: 'db', name: 'select' }
const TRACE = [
  spanOf(3, 2, 30, 50, { ...DB, data: { table: 'items' } }),
  spanOf(4, 2, 40, 60, { ...DB, data: { table: 'items', 'error.type': 'Error' } }),
  spanOf(2, 1, 20, 80, ORDERS),
  spanOf(1, 0, 0, 100),
]

describe('SpanStatistics', () => {
  test('counts by service, kind and name, those with the most self time first', () => {
    const { rows, spans, start, finish } = count(TRACE)
    expect([spans, start, finish]).toEqual([4, T0, T0 + 100n])
    expect(
      rows.map(({ service, kind, name, count, failed, selfTime, total, max }) => [
        service,
        kind,
        name,
        count,
        failed,
        selfTime,
        total,
        max,
      ]),
    ).toEqual([
      ['orders', 'db', 'select', 2, 1, 40, 40, 20],
      ['users', 'request', 'GET /', 1, 0, 40, 100, 100],
      ['orders', 'request', 'POST /orders', 1, 0, 30, 60, 60],
    ])
    expect(rows[1]?.selfShare).toBeCloseTo(40 / 110)
    expect(rows[0]?.rate).toBeCloseTo(2e7)
  })

  test.each<[StatisticsBy, unknown[][]]>([
    [
      'service',
      [
        ['orders', undefined, undefined, 3],
        ['users', undefined, undefined, 1],
      ],
    ],
    [
      'kind',
      [
        [undefined, 'request', undefined, 2],
        [undefined, 'db', undefined, 2],
      ],
    ],
    ['@table', [[undefined, undefined, 'items', 2]]],
    ['@missing', []],
  ])('counts by %s', (by, expected) => {
    expect(count(TRACE, by).rows.map(({ service, kind, name, count }) => [service, kind, name, count])).toEqual(
      expected,
    )
  })

  test('says who calls whom, in whatever order the spans come', () => {
    const calls = [{ from: 'users', to: 'orders', count: 1, failed: 0, total: 60 }]
    expect(count(TRACE).calls).toEqual(calls)
    expect(count(TRACE.toReversed()).calls).toEqual(calls)
  })

  test('has the self times that the tree has, in whatever order the spans come', () => {
    const time = fc.integer({ min: 0, max: 60 })
    const parts = fc.uniqueArray(
      fc.tuple(fc.integer({ min: 1, max: 15 }), fc.integer({ min: 0, max: 15 }), time, time),
      { selector: ([id]) => id },
    )
    fc.assert(
      fc.property(parts, fc.boolean(), (all, reverse) => {
        const spans = all
          .filter(([id, parent]) => parent < id)
          .map(([id, parent, a, b]) => spanOf(id, parent, Math.min(a, b), Math.max(a, b)))
        const ordered = reverse ? spans.toReversed() : spans
        const expected = buildTree(spans).nodes.reduce((sum, { selfTime }) => sum + selfTime, 0)
        expect(count(ordered, 'service').rows[0]?.selfTime ?? 0).toBeCloseTo(expected)
      }),
      { numRuns: runs(500) },
    )
  })

  test('a span that was open and then finished counts once, one that stays open has no duration', () => {
    const open = spanOf(1, 0, 0, undefined)
    expect(count([open, open, spanOf(1, 0, 0, 5), spanOf(2, 0, 0, undefined)]).rows).toEqual([
      expect.objectContaining({ count: 2, open: 1, max: 5, total: 5 }),
    ])
  })

  test('ledgers do not count', () => expect(count([aSpan({ kind: 'ledger' })]).spans).toBe(0))

  test('of names without end it keeps some, and the rest together', () => {
    const statistics = new SpanStatistics({ mostRows: 10 })
    for (let at = 1; at <= 100; at++) statistics.add(spanOf(at, 0, at, at + 5, { name: `GET /users/${at}` }))
    const { rows, others, spans } = statistics.result()
    expect([rows.length, others?.count, others?.name, spans]).toEqual([10, 90, undefined, 100])
  })

  test('a parent with 30,000 children, and 150,000 whose parents never come, take little time and memory', () => {
    const statistics = new SpanStatistics()
    for (let at = 0; at < 30_000; at++) statistics.add(spanOf(at + 10, 1, at * 2, at * 2 + 1))
    statistics.add(spanOf(1, 0, 0, 60_000, { kind: 'task' }))
    const stray = spanOf(0, 0, 0, 1)
    for (let at = 0; at < 150_000; at++) {
      statistics.add({ ...stray, spanId: BigInt(at + 1_000_000), parentId: BigInt(at + 2_000_000) })
    }
    const { unlinked, rows } = statistics.result()
    expect(unlinked).toBeGreaterThan(60_000)
    expect(rows.find(({ kind }) => kind === 'task')?.selfTime).toBeLessThan(30_000)
  })

  test('a parent is remembered while its children come, before it or after it, however many others come between', () => {
    const statistics = new SpanStatistics()
    let id = 100
    const other = spanOf(0, 0, 0, 1, { kind: 'other' })
    const others = (): void => {
      for (let at = 0; at < 60_000; at++) statistics.add({ ...other, spanId: BigInt(++id) })
    }
    const child = (parent: number): void => statistics.add(spanOf(++id, parent, 0, 1, DB))
    statistics.add(spanOf(1, 0, 0, 100))
    for (let at = 0; at < 3; at++) {
      child(1)
      child(2)
      others()
    }
    statistics.add(spanOf(2, 0, 0, 100))
    // Nothing has asked for this one for longer than is remembered.
    statistics.add(spanOf(3, 0, 0, 100))
    for (let at = 0; at < 3; at++) others()
    child(3)
    expect(statistics.result().calls).toEqual([{ from: 'users', to: 'orders', count: 6, failed: 0, total: 6 }])
  })

  test('of services without end it keeps some, and the rest together', () => {
    const statistics = new SpanStatistics()
    for (let at = 0; at < 3_000; at++) statistics.add(spanOf(at + 2, 1, at, at + 1, { process: `s${at}:1@h` }))
    statistics.add(spanOf(1, 0, 0, 5_000))
    const { calls } = statistics.result()
    expect([calls.length, calls[0]?.to, calls[0]?.count, calls[0]?.total]).toEqual([2_001, '…', 1_000, 1_000])
    expect(calls.reduce((sum, { count }) => sum + count, 0)).toBe(3_000)
  })

  test.each(['nme', '@', 5])('refuses by %p', (by) => {
    expect(() => Reflect.construct(SpanStatistics, [{ by }])).toThrow(
      expect.objectContaining({ code: 'TRACE_BAD_OPTION' }),
    )
  })
})

describe('Histogram', () => {
  test('has percentiles within 1%', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 1e12 }), { minLength: 1, maxLength: 200 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (values, share) => {
          const histogram = new Histogram()
          for (const value of values) histogram.add(value)
          const exact = values.sort((a, b) => a - b)[Math.max(0, Math.ceil(share * values.length) - 1)] ?? 0
          expect(Math.abs(histogram.quantile(share) - exact)).toBeLessThanOrEqual(exact * 0.01 + 1e-6)
        },
      ),
    )
  })

  test('takes durations that make no sense', () => {
    const histogram = new Histogram()
    for (const value of [-5, 0, Number.NaN, 1e19]) histogram.add(value)
    expect([histogram.count, histogram.quantile(0.5), histogram.max, histogram.quantile(1)]).toEqual([
      4,
      0,
      1e19,
      expect.closeTo(1e19, -18),
    ])
  })
})
