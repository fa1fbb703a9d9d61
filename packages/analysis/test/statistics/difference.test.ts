import { describe, expect, test } from '@jest/globals'
import type { Span } from '@trace/core'
import { mannWhitney, PathStatistics } from '../../src/statistics/difference.js'
import { Histogram } from '../../src/statistics/histogram.js'
import { aSpan } from '../support/spans.js'

/** Numbers that look random, the same in every run. */
function* randoms(): Generator<number> {
  for (let state = 1; ; ) {
    state = (state * 48_271) % 2_147_483_647
    yield state / 2_147_483_647
  }
}

interface Shape {
  readonly select: number
  readonly extra?: string
  readonly failed?: boolean
}

function traceOf({ select, extra, failed = false }: Shape): Span[] {
  const data = failed ? { 'error.type': 'Error' } : {}
  const below = { parentId: 1n, start: 0n }
  return [
    aSpan({ spanId: 1n, start: 0n, finish: 100_000n, data }),
    aSpan({ ...below, spanId: 2n, kind: 'db', name: 'select', finish: BigInt(Math.round(select)) }),
    ...(extra === undefined ? [] : [aSpan({ ...below, spanId: 3n, kind: 'db', name: extra, finish: 10n })]),
  ]
}

function pathsOf(traces: readonly Span[][]): PathStatistics {
  const statistics = new PathStatistics()
  for (const trace of traces) statistics.addTrace(trace)
  return statistics
}

describe('PathStatistics', () => {
  const random = randoms()
  const around = (middle: number): number => middle * (0.8 + 0.4 * (random.next().value ?? 0))
  const many = (middle: number, shape: Partial<Shape> = {}): Span[][] =>
    Array.from({ length: 60 }, () => traceOf({ select: around(middle), ...shape }))

  test('finds what is new, gone, slower and failing, and what is no more than noise', () => {
    const before = pathsOf(many(10_000, { extra: 'old' }))
    const after = pathsOf([...many(15_000, { extra: 'fresh' }), traceOf({ select: 15_000, failed: true })])
    const { paths, tracesBefore, tracesAfter, leftOut } = before.compareWith(after)
    expect([tracesBefore, tracesAfter, leftOut]).toEqual([60, 61, 0])
    const found = paths.map(({ path, state, before, after, isNoise }) => [
      path.map(({ name }) => name).join(' > '),
      state,
      before?.count,
      after?.count,
      after?.failed,
      isNoise,
    ])
    expect(found).toEqual(
      expect.arrayContaining([
        ['GET /', 'both', 60, 61, 1, true],
        ['GET / > select', 'both', 60, 61, 0, false],
        ['GET / > old', 'gone', 60, undefined, undefined, true],
        ['GET / > fresh', 'new', undefined, 60, 0, true],
      ]),
    )
    expect(paths.find(({ path }) => path.at(-1)?.name === 'select')?.p50Change).toBeCloseTo(0.5, 0)
  })

  test('calls the same noise', () => {
    const { paths } = pathsOf(many(10_000)).compareWith(pathsOf(many(10_000)))
    expect(paths.map(({ isNoise }) => isNoise)).toEqual([true, true])
  })

  test('bounds how many paths it keeps', () => {
    const spans = Array.from({ length: 25_000 }, (_, at) => aSpan({ spanId: BigInt(at + 1), name: `${at}` }))
    const { paths, leftOut } = pathsOf([spans]).compareWith(pathsOf([]))
    expect([paths.length, leftOut]).toEqual([20_000, 5_000])
    const deep = Array.from({ length: 10_000 }, (_, at) => aSpan({ spanId: BigInt(at + 1), parentId: BigInt(at) }))
    expect(pathsOf([deep]).compareWith(pathsOf([deep]))).toMatchObject({ leftOut: 2 * (10_000 - 64) })
  })
})

describe('mannWhitney', () => {
  const histogramOf = (values: readonly number[]): Histogram => {
    const histogram = new Histogram()
    for (const value of values) histogram.add(value)
    return histogram
  }

  // The first two p-values are those of scipy.stats.mannwhitneyu(a, b, method='asymptotic'), version 1.17.1.
  test.each<[number[], number[], number]>([
    [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10], 0.012186],
    [[1, 3, 5, 7, 9], [2, 4, 6, 8, 10], 0.676103],
    [[1], [2], 1],
    [[5, 5, 5], [5, 5, 5], 1],
    [[], [1], 1],
  ])('of %p and %p is %p', (a, b, p) => expect(mannWhitney(histogramOf(a), histogramOf(b))).toBeCloseTo(p, 5))
})
