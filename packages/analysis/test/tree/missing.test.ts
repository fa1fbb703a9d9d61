import { describe, expect, test } from '@jest/globals'
import type { Span } from '@trace/core'
import fc from 'fast-check'
import { noteLines } from '../../src/text/notes.js'
import { clockSkews } from '../../src/tree/clock-skew.js'
import { gapsIn, gapsOf } from '../../src/tree/gaps.js'
import { missingOf } from '../../src/tree/missing.js'
import { buildTree } from '../../src/tree/tree.js'
import { aSpan } from '../support/spans.js'

const START = 1_445_346_855_000_000_000n
const SECOND = 1_000_000_000n
const span = (parts: Partial<Span>): Span => aSpan({ start: START, finish: START + SECOND, ...parts })

function ledger(process: string, data: Span['data'], from = START - SECOND, to = START + SECOND): Span {
  return aSpan({ spanId: 9n, traceId: 9n, kind: 'ledger', name: 'spans', process, start: from, finish: to, data })
}

function notesOf(spans: readonly Span[], ledgers: readonly Span[] = []): string[] {
  return noteLines({ missing: missingOf(buildTree(spans), ledgers) })
}

describe('missingOf', () => {
  test('says nothing of a whole trace', () => {
    const spans = [span({}), span({ spanId: 2n, parentId: 1001n })]
    expect(notesOf(spans, [ledger('users:4711@host-1', { started: 5, recorded: 5 })])).toEqual([])
  })

  test.each<[string, Partial<Span>, Span[], string, number]>([
    [
      'another system',
      { data: { 'parent.remote': true } },
      [],
      'it belongs to another system, or to a service that records elsewhere',
      0,
    ],
    ['nothing known', {}, [], 'its spans are stored elsewhere, or its process did not record it', 1],
    [
      'its own process lost spans',
      {},
      [ledger('users:4711@host-1', { 'dropped.queue_full': 300, failed: 10 })],
      'users:4711@host-1 lost 310 spans from 2015-10-20T13:14:14Z to 2015-10-20T13:14:16Z (its queue was full, its store did not take them)',
      1,
    ],
    [
      'a process of which nothing is stored',
      {},
      [ledger('gateway:1@a', { 'dropped.closed': 1 })],
      'gateway:1@a lost 1 span from 2015-10-20T13:14:14Z to 2015-10-20T13:14:16Z (its tracer was closed)',
      1,
    ],
    [
      'losses at another time',
      {},
      [ledger('users:4711@host-1', { failed: 1 }, START - 9n * SECOND, START - 8n * SECOND)],
      'its spans are stored elsewhere, or its process did not record it',
      1,
    ],
  ])('says why a parent is not there: %s', (_what, parts, ledgers, why, lost) => {
    const spans = [span({ parentId: 7n, ...parts })]
    expect(notesOf(spans, ledgers)[0]).toBe(`the parent of users  request  GET / (7) is not stored: ${why}`)
    expect(missingOf(buildTree(spans), ledgers).lost).toBe(lost)
  })

  test('counts a parent once, however many children it has', () => {
    const spans = Array.from({ length: 20 }, (_, at) => span({ spanId: BigInt(at + 10), parentId: 7n }))
    expect(missingOf(buildTree(spans)).lost).toBe(1)
    expect(notesOf(spans)).toHaveLength(6)
    expect(notesOf(spans).at(-1)).toBe('and 15 more spans whose parents are not stored')
  })

  test('tells each loss once: as the reason of the first parent that it explains, or by itself', () => {
    const spans = [7n, 8n].map((parentId) => span({ spanId: parentId + 10n, parentId }))
    const [own, later] = [300, 2].map((failed, at) =>
      ledger('users:4711@host-1', { failed }, START - SECOND, START + BigInt(at + 1) * SECOND),
    )
    if (own === undefined || later === undefined) throw new Error('there are two')
    expect(notesOf(spans, [own, { ...later, spanId: 10n }])).toEqual([
      'the parent of users  request  GET / (7) is not stored: users:4711@host-1 lost 300 spans from 2015-10-20T13:14:14Z to 2015-10-20T13:14:16Z (its store did not take them)',
      'the parent of users  request  GET / (8) is not stored: it may be among those that users:4711@host-1 lost',
      'users:4711@host-1 lost 2 spans from 2015-10-20T13:14:14Z to 2015-10-20T13:14:17Z (its store did not take them); some may be of this trace',
    ])
  })

  test('says that spans may be missing where all parents are there, by the last record of a ledger', () => {
    const ledgers = [ledger('users:4711@host-1', { failed: 1 }), ledger('users:4711@host-1', { failed: 4 })]
    expect(notesOf([span({})], ledgers)).toEqual([
      'users:4711@host-1 lost 4 spans from 2015-10-20T13:14:14Z to 2015-10-20T13:14:16Z (its store did not take them); some may be of this trace',
    ])
  })

  test('says of an open span when its process was last heard of', () => {
    const open = span({ finish: undefined })
    expect(notesOf([open], [ledger('users:4711@host-1', { open: 1 }, START, START + 60n * SECOND)])).toEqual([
      'users  request  GET / is open; its process was last heard of at 2015-10-20T13:15:15Z',
    ])
  })

  test('takes ledgers that make no sense', () => {
    const odd = ledger('users:4711@host-1', {
      failed: 'x',
      'dropped.': 4,
      'dropped.\u001b[': 4,
      'dropped.closed': Number.NaN,
    })
    expect(notesOf([span({})], [odd])).toEqual([])
  })
})

test('notes write times as they are asked to', () => {
  const missing = missingOf(buildTree([span({ finish: undefined })]), [])
  expect(noteLines({ missing, time: (at) => `<${at}>` })).toEqual([
    `users  request  GET / is open; its process was last heard of at <${START}>`,
  ])
})

test('notes say which clocks differ, and whether times are corrected', () => {
  const far = span({ spanId: 2n, parentId: 1001n, process: 'orders:2@b\u001b', start: START - SECOND, finish: START })
  const skews = clockSkews(buildTree([span({}), far]))
  expect(noteLines({ skews })).toEqual([
    'the clock of b\\u{1b} is behind that of host-1 by some 1.00 s, as a call shows; times are shown as they were recorded',
  ])
  expect(noteLines({ skews, isCorrected: true })[0]).toMatch(/its times are corrected here$/)
})

describe('gapsOf', () => {
  const at = (id: number, parent: number, from: number, to: number): Span =>
    aSpan({ spanId: BigInt(id), parentId: BigInt(parent), start: BigInt(from), finish: BigInt(to) })

  test('finds where no child ran, and where nothing did, the longest first', () => {
    const tree = buildTree([
      at(1, 0, 0, 100),
      at(2, 1, 10, 30),
      at(3, 1, 20, 25),
      at(4, 1, 70, 100),
      at(5, 4, 300, 340),
    ])
    const gaps = gapsOf(tree, 10).map(({ node, start, end, after, before }) =>
      [node, after, before].map((each) => Number(each?.span.spanId ?? 0)).concat(start, end),
    )
    expect(gaps).toEqual([
      [0, 1, 5, 100, 300],
      [1, 2, 4, 30, 70],
      [4, 0, 5, 70, 100],
      [1, 0, 2, 0, 10],
    ])
    expect(gapsOf(tree).length).toBe(2)
  })

  test('finds those of one span, and those in which no span ran, alone', () => {
    const tree = buildTree([at(1, 0, 0, 100), at(2, 1, 10, 30), at(3, 0, 140, 150)])
    const found = (gaps: ReturnType<typeof gapsIn>): number[][] => gaps.map(({ start, end }) => [start, end])
    const [first, second, third] = tree.nodes
    if (first === undefined || second === undefined || third === undefined) throw new Error('no tree')
    expect(found(gapsIn(first, 10))).toEqual([
      [0, 10],
      [30, 100],
    ])
    expect(found(gapsIn(second, 1))).toEqual([])
    expect(found(gapsIn(tree, 10))).toEqual([[100, 140]])
    expect(found(gapsIn(buildTree([first.span, second.span]), 1))).toEqual([])
  })

  test('finds when no span ran, however short that was, as one who looks at every moment', () => {
    const ran = fc.array(fc.tuple(fc.nat(60), fc.nat(9)), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(ran, fc.integer({ min: 1, max: 30 }), (times, least) => {
        const tree = buildTree(times.map(([from, took], id) => at(id + 1, 0, from, from + took)))
        const runsAt = (time: number): boolean => tree.nodes.some(({ start, end }) => start <= time && time < end)
        const beginsAt = (time: number): boolean => tree.nodes.some(({ start }) => start === time)
        const expected: number[][] = []
        for (let from = 0, time = 0; time <= tree.duration; time++) {
          if (!runsAt(time) && !beginsAt(time) && time < tree.duration) continue
          if (time - from >= least) expected.push([from, time])
          from = time + (runsAt(time) ? 1 : 0)
        }
        const found = gapsIn(tree, least)
        expect(found.map(({ start, end }) => [start, end])).toEqual(expected)
        for (const { start, end, after, before } of found) {
          expect(after?.end ?? start).toBe(start)
          expect(before?.start ?? end).toBe(end)
        }
      }),
    )
  })

  test('finds none in nothing', () => expect(gapsOf(buildTree([]))).toEqual([]))
})
