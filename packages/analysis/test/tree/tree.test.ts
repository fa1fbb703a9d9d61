import { describe, expect, test } from '@jest/globals'
import type { Span } from '@trace/core'
import fc from 'fast-check'
import { runs } from '../../../../.config/runs.js'
import type { SpanNode } from '../../src/tree/node.js'
import { buildTree } from '../../src/tree/tree.js'
import { aSpan } from '../support/spans.js'

function spanOf(id: number, parent: number, start = id): Span {
  return aSpan({ spanId: BigInt(id), parentId: BigInt(parent), start: BigInt(start), name: `${id}` })
}

/** A tree as text, such as `1(2(3) 4)`, with `?` where a parent is missing and `@` where a circle was cut. */
function shapeOf(nodes: readonly SpanNode[]): string {
  const mark = { 'parent missing': '?', circle: '@' }
  return nodes
    .map(({ span, children, cutOff }) => {
      const below = children.length > 0 ? `(${shapeOf(children)})` : ''
      return `${span.name}${cutOff === undefined ? '' : mark[cutOff]}${below}`
    })
    .join(' ')
}

describe('buildTree', () => {
  test.each<[string, [number, number, number?][], string]>([
    ['no spans', [], ''],
    ['one', [[1, 0]], '1'],
    [
      'spans in any order',
      [
        [4, 1],
        [3, 2],
        [2, 1],
        [1, 0],
      ],
      '1(2(3) 4)',
    ],
    [
      'children by start',
      [
        [1, 0, 0],
        [2, 1, 9],
        [3, 1, 5],
      ],
      '1(3 2)',
    ],
    [
      'several roots',
      [
        [2, 0],
        [1, 0],
      ],
      '1 2',
    ],
    [
      'a parent that is missing',
      [
        [1, 0],
        [3, 2],
        [4, 3],
      ],
      '1 3?(4)',
    ],
    ['only a parent that is missing', [[3, 2]], '3?'],
    [
      'its own parent',
      [
        [1, 1],
        [2, 1],
      ],
      '1@(2)',
    ],
    [
      'a circle of two',
      [
        [1, 2],
        [2, 1],
      ],
      '1@(2)',
    ],
    [
      'a circle with a tail, met from the tail',
      [
        [9, 3],
        [3, 2, 30],
        [2, 1, 20],
        [1, 3, 10],
      ],
      '1@(2(3(9)))',
    ],
    [
      'two circles and a root',
      [
        [1, 0],
        [2, 3],
        [3, 2],
        [4, 5],
        [5, 4],
      ],
      '1 2@(3) 4@(5)',
    ],
  ])('%s', (_what, spans, shape) => {
    expect(shapeOf(buildTree(spans.map(([id, parent, start]) => spanOf(id, parent, start))).roots)).toBe(shape)
  })

  test('of several records of a span the last is taken, and rather a finished one', () => {
    const open = { ...spanOf(1, 0), name: 'open', finish: undefined }
    expect(shapeOf(buildTree([open, spanOf(1, 0)]).roots)).toBe('1')
    expect(shapeOf(buildTree([spanOf(1, 0), open]).roots)).toBe('1')
    expect(shapeOf(buildTree([spanOf(1, 0), { ...spanOf(1, 0), name: 'later' }]).roots)).toBe('later')
  })

  test('every span is there once, whatever the parents', () => {
    const ids = fc.integer({ min: 1, max: 12 })
    const spans = fc.array(fc.tuple(ids, fc.integer({ min: 0, max: 12 }), ids), { maxLength: 30 })
    fc.assert(
      fc.property(spans, (parts) => {
        const tree = buildTree(parts.map(([id, parent, start]) => spanOf(id, parent, start))).roots
        const names = shapeOf(tree).match(/\d+/g) ?? []
        expect(names.sort()).toEqual([...new Set(parts.map(([id]) => `${id}`))].sort())
      }),
      { numRuns: runs(2_000) },
    )
  })

  test('each is in reading order, with its parent, its children by start, and how many are below it', () => {
    const ids = fc.integer({ min: 1, max: 20 })
    const spans = fc.array(fc.tuple(ids, fc.integer({ min: 0, max: 20 }), ids), { maxLength: 40 })
    fc.assert(
      fc.property(spans, (parts) => {
        const tree = buildTree(parts.map(([id, parent, start]) => spanOf(id, parent, start)))
        const below = (node: SpanNode): SpanNode[] => [node, ...node.children.flatMap(below)]
        expect(tree.nodes.map(({ place }) => place)).toEqual(tree.roots.flatMap(below).map((_, at) => at))
        expect(tree.roots.flatMap(below).every((node, at) => node === tree.nodes[at])).toBe(true)
        for (const node of tree.nodes) {
          expect(node.size).toBe(below(node).length)
          expect(node.depth).toBe(node.parent === undefined ? 0 : node.parent.depth + 1)
          expect(node.parent === undefined || node.parent.children.includes(node)).toBe(true)
          const keys = node.children.map(({ span }) => [span.start, span.spanId] as const)
          expect(keys).toEqual(keys.toSorted(([a, x], [b, y]) => Number(a - b) || Number(x - y)))
        }
      }),
      { numRuns: runs(500) },
    )
  })

  test('a line of 100,000 spans is no deeper than the stack', () => {
    const spans = Array.from({ length: 100_000 }, (_, i) => spanOf(i + 1, i))
    let depth = 0
    for (let node = buildTree(spans).roots[0]; node !== undefined; node = node.children[0]) depth++
    expect(depth).toBe(100_000)
  })
})
