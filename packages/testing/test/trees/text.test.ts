import { expect, test } from '@jest/globals'
import type { Span } from '@trace/core'
import { treeText } from '../../src/index.js'

let lastId = 1n

function spanAt(name: string, from: bigint, to: bigint | undefined, fields: Partial<Span> = {}): Span {
  const times = { start: from, finish: to }
  return {
    traceId: 1n,
    spanId: ++lastId,
    parentId: 1n,
    process: 'a:1@h',
    kind: 'k',
    name,
    data: {},
    ...times,
    ...fields,
  }
}

const root = spanAt('root', 0n, 100n, { spanId: 1n, parentId: 0n })

test('spans stand below their parents: one after the other in that order, at the same time sorted by their text', () => {
  const c = spanAt('c', 20n, 30n)
  const b = spanAt('b', 21n, 22n)
  const spans = [root, c, b, spanAt('z', 1n, 2n), spanAt('a', 31n, 32n), spanAt('y', 23n, 24n, { parentId: c.spanId })]
  const text = ['k root', '  k z', '  k b', '  k c', '    k y', '  k a', ''].join('\n')
  expect(treeText(spans)).toBe(text)
  expect(treeText(spans.toReversed())).toBe(text)
})

test('of the same text, those come first whose own trees do', () => {
  const [one, other] = [spanAt('same', 1n, 10n), spanAt('same', 2n, 9n)]
  const below = [spanAt('b', 3n, 4n, { parentId: one.spanId }), spanAt('a', 3n, 4n, { parentId: other.spanId })]
  expect(treeText([root, one, other, ...below])).toBe('k root\n  k same\n    k a\n  k same\n    k b\n')
})

test('a span that is open, or has failed, says so; nothing that a name holds begins a line', () => {
  const failed = { 'error.type': 'RangeError', 'error.message': 'no\nshelf' }
  const spans = [root, spanAt('a\n  k b', 1n, 2n), spanAt('open', 5n, undefined), spanAt('x', 3n, 4n, { data: failed })]
  expect(treeText(spans)).toBe('k root\n  k a\\u{a}  k b\n  k x ✗ RangeError: no\\u{a}shelf\n  k open (open)\n')
  expect(treeText([spanAt('y', 1n, 2n, { data: { 'error.type': { toString: 1 } }, kind: '' })])).toBe(
    'y ✗ an object: \n',
  )
})

test('data are shown where they are asked for', () => {
  const data = { rows: 2, text: 'a\nb', list: [1n, { a: null }], more: true }
  const spans = [spanAt('x', 1n, 2n, { data })]
  const shown = '{ list: ["1n",{"a":null}], rows: 2, text: "a\\\\nb" }'.replace('\\\\', '\\')
  expect(treeText(spans, { data: ['list', 'rows', 'none', 'text'] })).toBe(`k x ${shown}\n`)
})

test('where several services took part, each line has its own', () => {
  const spans = [root, spanAt('x', 1n, 2n, { process: 'orders:7@h' })]
  expect(treeText(spans)).toBe('[a] k root\n  [orders] k x\n')
})

test('several traces stand one below the other, and no spans are no text', () => {
  expect(treeText([root, spanAt('later', 200n, 201n, { traceId: 2n, parentId: 0n })])).toBe('k root\nk later\n')
  expect(treeText([])).toBe('')
})

test.each([[{ date: [] }], [{ data: 'rows' }], [{ data: [1] }], [null]])('the options %p are refused', (options) => {
  expect(() => Reflect.apply(treeText, undefined, [[], options])).toThrow(
    expect.objectContaining({ code: 'TRACE_BAD_OPTION' }),
  )
})
