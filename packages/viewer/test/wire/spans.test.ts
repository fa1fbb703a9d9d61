import { describe, expect, test } from '@jest/globals'
import type { PlainValue, Span } from '@trace/core'
import fc from 'fast-check'
import { fromColumns, toColumns } from '../../src/wire/spans.js'

const id = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const time = fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n })
const leaf = fc.oneof(fc.string({ unit: 'binary' }), fc.double(), fc.bigInt(), fc.boolean(), fc.constant(null))
const value = fc.letrec<{ value: PlainValue }>((tie) => ({
  value: fc.oneof({ depthSize: 'small' }, leaf, fc.array(tie('value')), fc.dictionary(fc.string(), tie('value'))),
})).value
const span: fc.Arbitrary<Span> = fc.record({
  spanId: id,
  traceId: id,
  parentId: id,
  process: fc.string({ unit: 'binary' }),
  kind: fc.constantFrom('request', 'db', ''),
  name: fc.string(),
  start: time,
  finish: fc.option(time, { nil: undefined }),
  data: fc.dictionary(fc.string({ unit: 'binary' }), value),
})

/** A getter is no property of the object itself. */
function plain({ spanId, traceId, parentId, process, kind, name, start, finish, data }: Span): Span {
  return { spanId, traceId, parentId, process, kind, name, start, finish, data }
}

describe('columns', () => {
  test('keep all that a span has, through JSON', () => {
    fc.assert(
      fc.property(fc.array(span, { maxLength: 20 }), (spans) => {
        const sent = JSON.parse(JSON.stringify(toColumns(spans)))
        expect(fromColumns(sent).map(plain)).toEqual(spans)
      }),
      { numRuns: 200 },
    )
  })

  test('hold times that 64 bits do not at the ends', () => {
    const far = { spanId: 1n, traceId: 1n, parentId: 0n, process: '', kind: '', name: '', data: {} }
    const [first] = fromColumns(toColumns([{ ...far, start: -(10n ** 30n), finish: 10n ** 30n }]))
    expect([first?.start, first?.finish]).toEqual([-(2n ** 63n) + 1n, 2n ** 63n - 1n])
  })

  test('take a list that looks like one of ours for what it says', () => {
    const data = { a: ['\u0000bigint', 'twelve'], b: ['\u0000bigint'], c: ['\u0000number', 'x', 'y'] }
    const columns = toColumns([
      { spanId: 1n, traceId: 1n, parentId: 0n, process: '', kind: '', name: '', start: 0n, finish: 1n, data },
    ])
    expect(fromColumns(columns)[0]?.data).toEqual(data)
  })
})
