import { describe, expect, test } from '@jest/globals'
import type { Span } from '@trace/core'
import fc from 'fast-check'
import { runs } from '../../../../.config/runs.js'
import { buildTree } from '../../src/tree/tree.js'
import { aSpan } from '../support/spans.js'

/** `[id, parent, start, finish, process]` */
type Parts = readonly [number, number, number, number | undefined, string?]

function spansOf(parts: readonly Parts[]): Span[] {
  return parts.map(([id, parent, start, finish, process = 'users:1@a']) =>
    aSpan({
      spanId: BigInt(id),
      parentId: BigInt(parent),
      start: BigInt(start),
      finish: finish === undefined ? undefined : BigInt(finish),
      process,
    }),
  )
}

/** The path as text, such as `1:0-10 2:10-30`. */
function pathOf(parts: readonly Parts[]): string {
  const { criticalPath } = buildTree(spansOf(parts))
  return criticalPath.map(({ node, start, end }) => `${node.span.spanId}:${start}-${end}`).join(' ')
}

describe('the critical path', () => {
  test.each<[string, Parts[], string]>([
    ['nothing', [], ''],
    ['one span', [[1, 0, 0, 10]], '1:0-10'],
    [
      'one after the other',
      [
        [1, 0, 0, 10],
        [2, 1, 1, 4],
        [3, 1, 5, 9],
      ],
      '1:0-1 2:1-4 1:4-5 3:5-9 1:9-10',
    ],
    [
      'of two at once the one that ends last',
      [
        [1, 0, 0, 10],
        [2, 1, 1, 6],
        [3, 1, 2, 9],
      ],
      '1:0-2 3:2-9 1:9-10',
    ],
    [
      'a child of the one that ends last',
      [
        [1, 0, 0, 10],
        [2, 1, 0, 9],
        [3, 2, 3, 5],
      ],
      '2:0-3 3:3-5 2:5-9 1:9-10',
    ],
    [
      'not what goes on in the same process',
      [
        [1, 0, 0, 10],
        [2, 1, 5, 20],
      ],
      '1:0-10',
    ],
    [
      'another process up to the end',
      [
        [1, 0, 0, 10],
        [2, 1, 5, 12, 'orders:2@b'],
      ],
      '1:0-5 2:5-10',
    ],
    [
      'not what began after the end',
      [
        [1, 0, 0, 10],
        [2, 1, 12, 20, 'orders:2@b'],
      ],
      '1:0-10',
    ],
    [
      'not what is open below what ended',
      [
        [1, 0, 0, 10],
        [2, 1, 5, undefined],
      ],
      '1:0-10',
    ],
    [
      'what is open below what is open',
      [
        [1, 0, 0, undefined],
        [2, 1, 5, undefined],
        [3, 1, 1, 9],
      ],
      '1:0-5 2:5-9',
    ],
    [
      'only the first root',
      [
        [1, 0, 0, 10],
        [2, 9, 2, 8],
      ],
      '1:0-10',
    ],
    [
      'a clock that runs backwards',
      [
        [1, 0, 0, 10],
        [2, 1, 8, 3],
      ],
      '1:0-10',
    ],
  ])('is %s', (_what, parts, path) => expect(pathOf(parts)).toBe(path))

  test('follows on without gaps from start to end of the first root, whatever the times', () => {
    const time = fc.integer({ min: 0, max: 50 })
    const part = fc.tuple(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 0, max: 20 }),
      time,
      time,
      fc.constantFrom('a:1@a', 'b:2@b'),
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 25 }), (parts) => {
        const { roots, criticalPath, nodes } = buildTree(spansOf(parts))
        let at = roots[0]?.start
        for (const { start, end, node } of criticalPath) {
          if (start !== at || end <= start || start < node.start || end > node.end) throw new Error('a gap')
          at = end
        }
        if (criticalPath.length > 0 && at !== roots[0]?.end) throw new Error('not to the end')
        expect(nodes.flatMap(({ critical }) => critical).length).toBe(criticalPath.length)
        for (const { selfTime, duration } of nodes)
          if (selfTime < 0 || selfTime > Math.max(0, duration)) throw new Error('self time')
      }),
      { numRuns: runs(1_000) },
    )
  })
})

test('the self time is what no child covers, children at once counted once', () => {
  const { nodes } = buildTree(
    spansOf([
      [1, 0, 0, 10],
      [2, 1, 1, 6],
      [3, 1, 2, 5],
      [4, 1, 4, 7],
      [5, 1, 9, 20],
    ]),
  )
  expect(nodes.map(({ selfTime }) => selfTime)).toEqual([3, 5, 3, 3, 11])
})

test('a span with 100,000 children and a line of 10,000 take no more than their share of time', () => {
  const wide: Parts[] = Array.from({ length: 100_000 }, (_, at): Parts => [at + 2, 1, at, at + 3])
  const deep: Parts[] = Array.from(
    { length: 10_000 },
    (_, at): Parts => [at + 200_000, at === 0 ? 1 : at + 199_999, at, 200_000],
  )
  const tree = buildTree(spansOf([[1, 0, 0, 200_000], ...wide, ...deep]))
  expect([tree.nodes.length, tree.criticalPath.at(-1)?.node.span.spanId]).toEqual([110_001, 209_999n])
})
