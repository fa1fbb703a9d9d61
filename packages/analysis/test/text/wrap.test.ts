import { expect, test } from '@jest/globals'
import type { Span } from '@trace/core'
import fc from 'fast-check'
import { runs } from '../../../../.config/runs.js'
import { traceLines } from '../../src/text/print.js'
import { columnsOf } from '../../src/text/styled.js'
import { wrapText } from '../../src/text/wrap.js'
import { buildTree } from '../../src/tree/tree.js'
import { traces } from '../support/arbitrary-spans.js'

const HOSTILE = fc.constantFrom(
  'GET /',
  'select price',
  '日本語'.repeat(40),
  'x'.repeat(100_000),
  '\u001b[2J\r\n\u202e',
  'a b '.repeat(60),
  '👩‍👩‍👧',
  'e\u0301'.repeat(90),
  '',
)

/** Trees of any shape: wide, deep, cut off, in circles; with minutes and hours, errors, and clocks that run backwards. */
const trees: fc.Arbitrary<Span[]> = fc
  .record({
    depth: fc.integer({ min: 1, max: 40 }),
    spans: fc.array(
      fc.record({
        parent: fc.integer({ min: -1, max: 60 }),
        name: HOSTILE,
        kind: HOSTILE,
        process: HOSTILE,
        start: fc.integer({ min: 0, max: 2 ** 45 }),
        took: fc.integer({ min: -(2 ** 40), max: 2 ** 52 }),
        isOpen: fc.boolean(),
        data: fc.record(
          {
            'error.type': HOSTILE,
            'error.message': HOSTILE,
            'error.stack': HOSTILE.map((text) => `Error\n    at ${text}\n    at f`),
            'url.path': HOSTILE,
            long: HOSTILE,
            'http.response.status_code': fc.constant(503),
          },
          { requiredKeys: [] },
        ),
      }),
      { minLength: 1, maxLength: 30 },
    ),
  })
  .map(({ depth, spans }) =>
    spans.map(({ parent, start, took, isOpen, ...span }, at): Span => {
      // The first ones form a line, so that what hangs on them is deep.
      const parentId = at < depth ? at : parent + 1
      const finish = isOpen ? undefined : BigInt(Math.max(0, start + took))
      return { ...span, traceId: 42n, spanId: BigInt(at + 1), parentId: BigInt(parentId), start: BigInt(start), finish }
    }),
  )

test('no line of a tree is wider than asked, whatever was recorded', () => {
  const options = fc.record({
    width: fc.constantFrom(60, 77, 100, 200),
    data: fc.constantFrom('none' as const, 'line' as const, 'all' as const),
    foldFrom: fc.constantFrom(2, 5, Infinity),
    isNoted: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.oneof(trees, traces), options, (spans, { isNoted, ...chosen }) => {
      const note = isNoted ? { note: ({ spanId }: Span) => `a-file-of-traces.yaml:${spanId}` } : {}
      const tree = buildTree(spans)
      for (const line of traceLines(tree, { ...chosen, ...note, wrap: true })) {
        if (columnsOf(line) > chosen.width) throw new Error(`${columnsOf(line)} columns: ${line}`)
      }
      const words = (wrap: boolean): string =>
        traceLines(tree, { ...chosen, ...note, stacks: false, wrap })
          .join(' ')
          .replace(/[\s│└├─━█░]+/g, '')
      // Names are cut, and so is a line of data: what else there is, is there in both.
      if (chosen.data === 'none') expect(words(true)).toHaveLength(words(false).length)
    }),
    { numRuns: runs(200) },
  )
})

test('text is broken at spaces; a word that is longer than a line, between its characters', () => {
  expect(wrapText('  one two three four five', 20)).toEqual(['  one two three four', 'five'])
  expect(wrapText('! the clock of host-1 is ahead of that of host-2', 30)).toEqual([
    '! the clock of host-1 is ahead',
    '  of that of host-2',
  ])
  expect(wrapText(`at ${'x'.repeat(50)}`, 40)).toEqual(['at', `  ${'x'.repeat(38)}`, `  ${'x'.repeat(12)}`])
  expect(wrapText('日'.repeat(15), 20)).toEqual(['日'.repeat(10), '日'.repeat(5)])
  expect(wrapText('', 20)).toEqual([''])
})
