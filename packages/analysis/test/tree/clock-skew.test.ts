import { describe, expect, test } from '@jest/globals'
import type { Span } from '@trace/core'
import fc from 'fast-check'
import { clockSkews, withoutSkew } from '../../src/tree/clock-skew.js'
import { buildTree } from '../../src/tree/tree.js'
import { aSpan } from '../support/spans.js'

const MS = 1_000_000n

/** `[id, parent, start, finish, host]`, times in ms. */
type Parts = readonly [number, number, number, number | undefined, string]

function spansOf(parts: readonly Parts[]): Span[] {
  return parts.map(([id, parent, from, to, host]) => {
    const finish = to === undefined ? undefined : BigInt(to) * MS
    return aSpan({
      spanId: BigInt(id),
      parentId: BigInt(parent),
      start: BigInt(from) * MS,
      finish,
      process: `s:1@${host}`,
    })
  })
}

const skewsOf = (parts: readonly Parts[]): string[] =>
  clockSkews(buildTree(spansOf(parts))).map(({ host, offset, calls }) => `${host} ${offset / 1e6} ${calls}`)

describe('clockSkews', () => {
  test.each<[string, Parts[], string[]]>([
    ['nothing', [], []],
    [
      'one host',
      [
        [1, 0, 0, 10, 'a'],
        [2, 1, -5, 20, 'a'],
      ],
      [],
    ],
    [
      'clocks that agree',
      [
        [1, 0, 0, 100, 'a'],
        [2, 1, 10, 90, 'b'],
      ],
      [],
    ],
    [
      'differences of up to 2 ms',
      [
        [1, 0, 0, 100, 'a'],
        [2, 1, 20, 102, 'b'],
      ],
      [],
    ],
    [
      'a clock that is behind',
      [
        [1, 0, 0, 100, 'a'],
        [2, 1, -40, 40, 'b'],
      ],
      ['b -50 1'],
    ],
    [
      'a clock that is ahead',
      [
        [1, 0, 0, 100, 'a'],
        [2, 1, 60, 140, 'b'],
      ],
      ['b 50 1'],
    ],
    [
      'several calls, which bound it',
      [
        [1, 0, 0, 100, 'a'],
        [2, 1, 60, 140, 'b'],
        [3, 1, 41, 99, 'b'],
      ],
      ['b 40.5 2'],
    ],
    [
      'a call that nobody waits for',
      [
        [1, 0, 0, 10, 'a'],
        [2, 1, 5, 300, 'b'],
      ],
      [],
    ],
    [
      'one that begins too early, and ends later',
      [
        [1, 0, 0, 10, 'a'],
        [2, 1, -30, 300, 'b'],
      ],
      ['b -30 1'],
    ],
    [
      'an open one',
      [
        [1, 0, 0, undefined, 'a'],
        [2, 1, -30, undefined, 'b'],
      ],
      ['b -30 1'],
    ],
    [
      'hosts behind hosts',
      [
        [1, 0, 0, 100, 'a'],
        [2, 1, 60, 140, 'b'],
        [3, 2, 60, 140, 'c'],
      ],
      ['b 50 1', 'c 50 1'],
    ],
    [
      'a host that calls back',
      [
        [1, 0, 1_000, 1_100, 'a'],
        [2, 1, 60, 140, 'b'],
        [3, 2, 1_030, 1_050, 'a'],
      ],
      ['b -950 1'],
    ],
  ])('of %s', (_what, parts, skews) => expect(skewsOf(parts)).toEqual(skews))
})

test('without them, every call is within its caller again', () => {
  const around = fc.integer({ min: -500, max: 500 })
  fc.assert(
    fc.property(around, around, (b, c) => {
      const spans = spansOf([
        [1, 0, 1_000, 1_100, 'a'],
        [2, 1, 1_010 + b, 1_090 + b, 'b'],
        [3, 2, 1_020 + c, 1_080 + c, 'c'],
      ])
      const corrected = withoutSkew(spans, clockSkews(buildTree(spans)))
      const { nodes } = buildTree(corrected)
      for (const { start, end, parent } of nodes) {
        if (parent !== undefined && (start < parent.start - 2e6 || end > parent.end + 2e6)) throw new Error('outside')
      }
    }),
  )
})

test('withoutSkew lets its caller move spans that are no plain objects', () => {
  const spans = spansOf([
    [1, 0, 0, 100, 'a'],
    [2, 1, -490, -420, 'b'],
  ])
  const moves: bigint[] = []
  const corrected = withoutSkew(spans, clockSkews(buildTree(spans)), (span, by) => {
    moves.push(by)
    return span
  })
  expect([corrected, moves]).toEqual([spans, [-505n * MS]])
})
