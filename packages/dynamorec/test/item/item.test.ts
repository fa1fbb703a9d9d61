import { describe, expect, test } from '@jest/globals'
import type { PlainValue, Span } from '@trace/core'
import { toPlain } from '@trace/core/store'
import fc from 'fast-check'
import { anyCharacter } from '../../../../.config/any-character.js'
import { type Item, type ItemOptions, spanFromItem, spanToItem } from '../../src/index.js'
import { secondsText } from '../../src/item/item.js'
import { aSpan } from '../support/spans.js'

const natural: ItemOptions = { layout: 'natural', index: false, expires: undefined }

function backOf(item: Item): Span {
  const span = spanFromItem(item)
  if (typeof span === 'string') throw new Error(span)
  return span
}

describe('a span', () => {
  test('is the item of the format', () => {
    const span = aSpan({
      spanId: 3592405342043596021n,
      traceId: 2n ** 64n - 1n,
      parentId: 2n ** 63n - 1n,
      start: 1_445_346_855_123_456_500n,
      finish: 1_445_346_856_000_000_000n,
      data: { rows: 2, ok: true, none: null, span_id: 'mine', 'data.x': 'y', '': 'empty', big: 2n ** 70n },
    })
    expect({ ...spanToItem(span, natural) }).toEqual({
      trace_id: { N: '18446744073709551615' },
      span_id: { N: '3592405342043596021' },
      parent_id: { N: '9223372036854775807' },
      process: { S: 'users:4711@host-1' },
      kind: { S: 'request' },
      name: { S: 'GET /' },
      start: { S: '2015-10-20T13:14:15.1234565Z' },
      start_unix: { N: '1445346855.123456' },
      finish: { S: '2015-10-20T13:14:16Z' },
      finish_unix: { N: '1445346856.000000' },
      elapsed: { N: '0.876544' },
      rows: { N: '2' },
      ok: { BOOL: true },
      none: { NULL: true },
      'data.span_id': { S: 'mine' },
      'data.data.x': { S: 'y' },
      'data.': { S: 'empty' },
      big: { N: '1180591620717411303424' },
    })
    expect(backOf(spanToItem(span, natural))).toEqual({ ...span, data: toPlain(span.data).data })
  })

  test('leaves out what is empty, and the finish of an open one', () => {
    const span = aSpan({ process: '', kind: '', name: '', finish: undefined })
    expect(Object.keys(spanToItem(span, natural))).toEqual(['trace_id', 'span_id', 'parent_id', 'start', 'start_unix'])
    expect(backOf(spanToItem(span, natural))).toEqual({ ...span, data: toPlain({}).data })
  })

  test('carries the index attribute where a list begins with it', () => {
    const keyOf = (fields: Partial<Span>): string | undefined =>
      spanToItem(aSpan({ start: 1_445_346_855_000_000_000n, ...fields }), { ...natural, index: true })['hour_shard']?.S
    expect(keyOf({ traceId: 7n })).toBe('2015-10-20T13#3')
    expect(keyOf({ parentId: 5n })).toBeUndefined()
    expect(keyOf({ parentId: 5n, data: { 'parent.remote': true } })).toBe('2015-10-20T13#1')
    expect(keyOf({ parentId: 5n, data: { 'w3c.trace_id': 'x' } })).toBe('2015-10-20T13#1')
    expect(spanToItem(aSpan(), natural)['hour_shard']).toBeUndefined()
  })

  test('carries when it expires, and that is no data', () => {
    const item = spanToItem(aSpan({ data: { expires: 'never', hour_shard: 1 } }), {
      ...natural,
      index: true,
      expires: 99,
    })
    expect(item['expires']).toEqual({ N: '99' })
    expect({ ...backOf(item).data }).toEqual({ expires: 'never', hour_shard: 1 })
  })
})

describe('seconds', () => {
  test.each([
    [0n, '0.000000'],
    [1n, '0.000000'],
    [500n, '0.000000'],
    [501n, '0.000001'],
    [1_500n, '0.000002'],
    [2_500n, '0.000002'],
    [-1n, '0.000000'],
    [-500n, '0.000000'],
    [-1_500n, '-0.000002'],
    [-5_000_000_001n, '-5.000000'],
    [999_999_500n, '1.000000'],
    [1_445_346_855_123_456_789n, '1445346855.123457'],
    [2n ** 63n - 1n, '9223372036.854776'],
    [-62_167_219_200_000_000_000n, '-62167219200.000000'],
  ])('of %d ns are %s', (time, text) => {
    expect(secondsText(time)).toBe(text)
  })
})

describe('data', () => {
  test('comes back as it was', () => {
    const values: Record<string, PlainValue> = {
      power: 2 ** 53,
      float: 2 ** 60,
      large: 1.5e100,
      small: 1e-130,
      safe: Number.MAX_SAFE_INTEGER,
      int64: -(2n ** 63n),
      digits: 10n ** 37n,
      list: [1, [2n ** 60n], { a: [] }],
      map: { '': 1, 'data.': 2, 'data.x': 3, 'data.data.': 4, 'data.__proto__': 5 },
    }
    expect(backOf(spanToItem(aSpan({ data: values }), natural)).data).toEqual(toPlain(values).data)
  })

  test('under keys that objects have is data like any other', () => {
    const data = JSON.parse('{"__proto__":1,"constructor":2,"toString":3,"m":{"__proto__":{"a":1},"constructor":4}}')
    const back = backOf(spanToItem(aSpan({ data }), natural)).data
    expect(JSON.stringify(back)).toBe(JSON.stringify(data))
    expect(back).toStrictEqual(data)
  })

  test('that DynamoDB has no number for is text', () => {
    const data = { a: NaN, b: Infinity, c: -Infinity, d: 5e-324, e: 1e126, f: 10n ** 38n, g: -(10n ** 38n), h: -0 }
    expect({ ...backOf(spanToItem(aSpan({ data }), natural)).data }).toEqual({
      ...{ a: 'NaN', b: 'Infinity', c: '-Infinity', d: '5e-324', e: '1e+126', h: 0 },
      ...{ f: `1${'0'.repeat(38)}`, g: `-1${'0'.repeat(38)}` },
    })
  })

  test('nested deeper than DynamoDB takes is cut', () => {
    let deep: PlainValue = 'bottom'
    for (let depth = 0; depth < 40; depth++) deep = depth % 2 === 0 ? [deep] : { a: deep }
    const text = JSON.stringify(spanToItem(aSpan({ data: { deep } }), natural)['deep'])
    expect(text.match(/"[LM]"/g)).toHaveLength(31)
    expect(text).toContain('[cut: too deep]')
  })

  test('that is not plain is made so first', () => {
    const data = { at: new Date(0), error: new TypeError('no'), map: new Map([['a', 1]]), left: undefined, f: () => 1 }
    const item = Reflect.apply(spanToItem, undefined, [{ ...aSpan(), data }, natural])
    expect(item).toMatchObject({
      at: { S: '1970-01-01T00:00:00Z' },
      error: { M: { type: { S: 'TypeError' } } },
      map: { M: { a: { N: '1' } } },
      f: { S: '[Function: f]' },
    })
    expect(Object.keys(item)).not.toContain('left')
  })

  test('under keys that are not well-formed or too long keeps its place', () => {
    const data = { 'a\ud800': 1, 'a\ufffd': 2, 'a\udc00': 3, ['k'.repeat(5_000)]: 4 }
    const back = backOf(spanToItem(aSpan({ data }), natural)).data
    expect(Object.values(back).sort()).toEqual([1, 2, 3, 4])
    expect(Object.keys(back).every((key) => key.isWellFormed() && key.length < 4_100)).toBe(true)
  })

  test('of any kind comes back', () => {
    const anyValue = fc.oneof(
      fc.string({ unit: anyCharacter }),
      fc.double(),
      fc.bigInt(),
      fc.boolean(),
      fc.constant(null),
    )
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.oneof(anyValue, fc.array(anyValue))), (given) => {
        const { data } = toPlain(given)
        const back = backOf(spanToItem(aSpan({ data }), natural)).data
        expect(Object.keys(back).sort()).toEqual(Object.keys(data).sort())
        for (const [key, value] of Object.entries(data)) expect(back[key]).toEqual(asStored(value))
      }),
    )
  })
})

function asStored(value: PlainValue): unknown {
  if (Array.isArray(value)) return value.map(asStored)
  if (typeof value === 'bigint') return String(value).replace('-', '').length > 38 ? String(value) : value
  if (typeof value !== 'number' || value === 0) return value === 0 ? 0 : value
  const size = Math.abs(value)
  return size >= 1e-130 && size <= 9.99e125 ? value : String(value)
}

describe('the layout of the Go package', () => {
  test('has all data as the text that Go prints', () => {
    const data = { n: 1.5, b: true, z: null, big: 2n ** 63n, list: [1, 'a', [null]], map: { b: 1, a: [2] }, s: 'x' }
    const item = spanToItem(aSpan({ data, parentId: 1n }), { ...natural, layout: 'original' })
    expect(item).toMatchObject({
      ...{ n: { S: '1.5' }, b: { S: 'true' }, z: { S: '<nil>' }, big: { S: '9223372036854775808' }, s: { S: 'x' } },
      ...{ list: { S: '[1 a [<nil>]]' }, map: { S: 'map[a:[2] b:1]' } },
    })
    expect({ ...backOf(item).data }).toMatchObject({ n: '1.5', list: '[1 a [<nil>]]' })
  })
})

describe('an item of another writer', () => {
  const theirs: Item = {
    span_id: { N: '43' },
    trace_id: { N: '42' },
    parent_id: { N: '0' },
    start: { S: '2015-10-20T15:14:15.5+02:00' },
    start_unix: { N: '1445346855.5' },
    finish: { S: '2015-10-20T13:14:16Z' },
    'data.x': { S: 'kept' },
    set: { SS: ['a', 'b'] },
    numbers: { NS: ['1', '2'] },
    bytes: { B: new Uint8Array([1, 255]) },
  }

  test('is read', () => {
    const span = backOf(theirs)
    expect(span.start).toBe(1_445_346_855_500_000_000n)
    expect([span.process, span.parentId]).toEqual(['', 0n])
    expect({ ...span.data }).toEqual({ x: 'kept', set: ['a', 'b'], numbers: [1, 2], bytes: [1, 255] })
  })

  test.each([
    ['span_id', { N: '-1' }, 'span_id'],
    ['trace_id', { N: '1.5' }, 'trace_id'],
    ['parent_id', { N: '-3' }, 'parent_id'],
    ['start', { S: 'yesterday' }, 'start'],
    ['finish', { N: '5' }, 'finish'],
  ])('with a bad %s is told', (name, value, word) => {
    expect(spanFromItem({ ...theirs, [name]: value })).toContain(`its ${word}`)
  })
})
