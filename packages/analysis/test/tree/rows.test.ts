import { describe, expect, test } from '@jest/globals'
import type { Span } from '@trace/core'
import fc from 'fast-check'
import { runs } from '../../../../.config/runs.js'
import type { SpanNode } from '../../src/tree/node.js'
import { type Row, type RowOptions, rowsOf } from '../../src/tree/rows.js'
import { buildTree } from '../../src/tree/tree.js'
import { aSpan } from '../support/spans.js'

function spanOf(id: number, parent: number, parts: Partial<Span> = {}): Span {
  return aSpan({
    spanId: BigInt(id),
    parentId: BigInt(parent),
    name: `${id}`,
    start: BigInt(id),
    finish: 1_000n,
    ...parts,
  })
}

/** Rows as text, such as `│└ 3 ×5 +2`. */
function drawn(spans: readonly Span[], options?: RowOptions): string[] {
  return rowsOf(buildTree(spans).roots, options).map(({ node, guides, fold, hidden }) => {
    const times = fold === undefined ? '' : ` ×${fold.nodes.length}`
    return `${guides === '' ? '' : `${guides} `}${node.span.name}${times}${hidden > 0 ? ` +${hidden}` : ''}`
  })
}

const loop = (count: number, parts: Partial<Span> = {}): Span[] =>
  Array.from({ length: count }, (_, at) => spanOf(10 + at, 1, { name: 'select', ...parts }))

describe('rowsOf', () => {
  test('leads a line to each row', () => {
    const spans = [spanOf(1, 0), spanOf(2, 1), spanOf(3, 2), spanOf(4, 2), spanOf(5, 1), spanOf(6, 5)]
    expect(drawn(spans)).toEqual(['1', '├ 2', '│├ 3', '│└ 4', '└ 5', ' └ 6'])
  })

  test('folds like siblings, though others stand between them, from 5 on', () => {
    const between = spanOf(40, 1, { name: 'other' })
    const spans = [spanOf(1, 0), ...loop(6), between, spanOf(30, 11, { name: 'below' })]
    expect(drawn(spans)).toEqual(['1', '├ select ×6 +1', '└ other'])
    expect(drawn([spanOf(1, 0), ...loop(4)])).toHaveLength(5)
    expect(drawn([spanOf(1, 0), ...loop(4)], { foldFrom: 2 })).toEqual(['1', '└ select ×4'])
    expect(drawn([spanOf(1, 0), ...loop(400)], { foldFrom: Infinity })).toHaveLength(401)
  })

  test.each([
    ['of another kind', { kind: 'cache' }],
    ['of another service', { process: 'orders:1@b' }],
    ['that failed', { data: { 'error.type': 'Error' } }],
    ['that are open', { finish: undefined }],
  ])('does not fold those %s', (_what, parts) => {
    const rows = drawn([spanOf(1, 0), ...loop(6), spanOf(50, 1, { name: 'select', ...parts })])
    expect(rows).toEqual(['1', '├ select ×6', '└ select'])
  })

  test('does not fold what something failed below', () => {
    const failed = spanOf(60, 12, { data: { 'error.type': 'Error' } })
    expect(drawn([spanOf(1, 0), ...loop(6), failed])).toEqual(['1', '├ select ×5', '└ select', ' └ 60'])
  })

  test('sums up what it folds', () => {
    const [, row] = rowsOf(buildTree([spanOf(1, 0), ...loop(5)]).roots)
    expect(row?.fold).toMatchObject({ duration: 990 + 989 + 988 + 987 + 986, selfTime: 4_940, slowest: { start: 9 } })
    expect(row?.isCritical).toBe(true)
  })

  test('shows what is asked for, with what is above it, and counts the rest', () => {
    const spans = [spanOf(1, 0), spanOf(2, 1), spanOf(3, 2), spanOf(4, 2), spanOf(5, 1), spanOf(6, 5)]
    expect(drawn(spans, { only: ({ span }) => span.name === '4' })).toEqual(['1 +2', '└ 2 +1', ' └ 4'])
    expect(drawn(spans, { only: () => false })).toEqual([])
    expect(drawn(spans, { collapsed: ({ span }) => span.name === '2' })).toEqual(['1', '├ 2 +2', '└ 5', ' └ 6'])
  })

  test('shows the same, whether spans are listed or asked about, in any order, below any node', () => {
    const told = (rows: readonly Row[]): unknown[] =>
      rows.map(({ node, guides, depth, hidden, isCritical }) => [node.place, guides, depth, hidden, isCritical])
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 40 }), { minLength: 1, maxLength: 40 }),
        fc.array(fc.nat({ max: 39 }), { maxLength: 12 }),
        fc.constantFrom('all', 'one', 'some'),
        fc.boolean(),
        (parents, places, of, isSorted) => {
          // Most are below one that came before; half of the time it is the last one, so that there are deep ones.
          const { nodes, roots } = buildTree(
            parents.map((parent, at) => spanOf(at + 1, parent > 20 ? at : parent % (at + 1))),
          )
          const only = places.flatMap((place) => nodes[place] ?? [])
          if (isSorted) only.sort((a, b) => a.place - b.place)
          const below = of === 'all' ? roots : of === 'one' ? nodes.slice(-1) : (nodes[0]?.children ?? [])
          const listed = rowsOf(below, { foldFrom: Infinity, only })
          expect(told(listed)).toEqual(told(rowsOf(below, { foldFrom: Infinity, only: (node) => only.includes(node) })))
        },
      ),
      { numRuns: runs(300) },
    )
  })

  test('draws what is below any node', () => {
    const { nodes } = buildTree([spanOf(1, 0), spanOf(2, 1), spanOf(3, 2)])
    expect(rowsOf([nodes[1] as SpanNode]).map(({ depth, guides }) => `${depth}${guides}`)).toEqual(['0', '1└'])
  })

  test('has at most 20 guides, in a line of 10,000', () => {
    const rows = rowsOf(buildTree(Array.from({ length: 10_000 }, (_, at) => spanOf(at + 1, at))).roots)
    expect(rows.at(-1)?.depth).toBe(9_999)
    expect(Math.max(...rows.map(({ guides }) => guides.length))).toBe(20)
  })
})
