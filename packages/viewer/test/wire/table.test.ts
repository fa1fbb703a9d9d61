import { expect, test } from '@jest/globals'
import { buildTree, type SpanNode, type SpanTable } from '@trace/analysis'
import type { Span } from '@trace/core'
import fc from 'fast-check'
import { moved } from '../../src/wire/read.js'
import { tableOf } from '../../src/wire/table.js'
import { sent } from '../support/any-span.js'

const BASE: Span = {
  ...{ traceId: 1n, spanId: 1n, parentId: 0n, process: 'a:1@b', kind: 'db', name: '' },
  ...{ start: 0n, finish: 1n, data: {} },
}

const few = fc.bigInt({ min: 0n, max: 12n })
/** Ids that are often those of others, and some that differ in one half only. */
const id = fc.oneof(
  few,
  few,
  few,
  few.map((each) => each << 32n),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
)
const near = fc.bigInt({ min: -9n, max: 9n })
const time = fc.oneof(near, near, fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n }))
const spans = fc.array(
  fc
    .tuple(id, id, time, fc.option(time, { nil: undefined }))
    .map(([spanId, parentId, start, finish]) => ({ ...BASE, spanId, parentId, start, finish })),
  { maxLength: 12 },
)

function told({ span, parent, depth, cutOff, start, end, duration, size, place, selfTime }: SpanNode): unknown[] {
  return [span.spanId, parent?.span.spanId, depth, cutOff, start, end, duration, size, place, selfTime]
}

test('a tree is the same by the table of its spans as without', () => {
  let tables = 0
  fc.assert(
    fc.property(spans, (given) => {
      const read = sent(given)
      const table = tableOf(read)
      const hasTwice = new Set(given.map(({ spanId }) => spanId)).size < given.length
      expect(table === undefined).toBe(hasTwice || given.length === 0)
      if (table === undefined) return
      tables++
      const [byTable, without] = [buildTree(read, { table }), buildTree(read)]
      expect(byTable.nodes.map(told)).toEqual(without.nodes.map(told))
      const { start, duration, open, services, criticalPath } = without
      const others = criticalPath.map((stretch) => [stretch.node.span.spanId, stretch.start, stretch.end])
      expect(byTable).toMatchObject({ start, duration, open, services })
      expect(byTable.criticalPath.map((stretch) => [stretch.node.span.spanId, stretch.start, stretch.end])).toEqual(
        others,
      )
    }),
    { numRuns: 150 },
  )
  expect(tables).toBeGreaterThan(20)
})

test('spans in another order, a part of them, or with other times have no table', () => {
  const [first, second] = [1n, 2n].map((spanId) => ({ ...BASE, spanId }))
  if (first === undefined || second === undefined) throw new Error('there are two')
  const [a, b] = sent([first, second])
  if (a === undefined || b === undefined) throw new Error('there are two')
  const tables = [[a, b], [b, a], [a], [a, moved(b, 1n)], [first, second]].map(tableOf)
  expect(tables.map((table: SpanTable | undefined) => table !== undefined)).toEqual([true, false, false, false, false])
})
