import { deepStrictEqual } from 'node:assert/strict'
import { describe, expect, jest, test } from '@jest/globals'
import fc from 'fast-check'
import { runs } from '../../../../.config/runs.js'
import type { PlainValue } from '../../src/contract/span.js'
import { toPlain } from '../../src/values/to-plain.js'
import { isLong } from '../support/long.js'

function plainOf(value: unknown): PlainValue | undefined {
  return toPlain({ value }).data['value']
}

describe('toPlain', () => {
  test.each<[string, unknown, unknown]>([
    ['string', 'x', 'x'],
    ['number', 1.5, 1.5],
    ['NaN', Number.NaN, Number.NaN],
    ['-0', -0, -0],
    ['boolean', false, false],
    ['null', null, null],
    ['small bigint', 42n, 42],
    ['bigint at the edge', 2n ** 53n - 1n, 2 ** 53 - 1],
    ['bigint', 2n ** 53n, 2n ** 53n],
    ['negative bigint', -(2n ** 63n), -(2n ** 63n)],
    ['huge bigint', 2n ** 100_000n, '[bigint of 25001 hexadecimal digits]'],
    ['Date', new Date(1_445_346_855_120), '2015-10-20T13:14:15.12Z'],
    ['Date beyond RFC 3339', new Date(8.64e15), '+275760-09-13T00:00:00.000Z'],
    ['invalid Date', new Date(Number.NaN), 'Invalid Date'],
    [
      'Map',
      new Map<unknown, unknown>([
        ['a', 1],
        [2, { b: new Set([3]) }],
        [Symbol('s'), 4],
      ]),
      { a: 1, 2: { b: [3] }, 'Symbol(s)': 4 },
    ],
    ['Set', new Set([1, 'x']), [1, 'x']],
    ['typed array', new Uint8Array([1, 2]), [1, 2]],
    ['Buffer', Buffer.from('hi'), [104, 105]],
    ['bigint array', new BigUint64Array([1n, 2n ** 64n - 1n]), [1, 2n ** 64n - 1n]],
    ['ArrayBuffer', new Uint8Array([7]).buffer, [7]],
    ['function', function load() {}, '[Function: load]'],
    ['symbol', Symbol('s'), 'Symbol(s)'],
    ['RegExp', /a+/g, '/a+/g'],
    ['URL', new URL('http://host/x?y'), 'http://host/x?y'],
    ['boxed', Object('x'), 'x'],
    ['undefined in a list', [1, undefined, 2], [1, null, 2]],
    ['undefined in a map', { a: undefined, b: 1 }, { b: 1 }],
    [
      'class instance',
      new (class Point {
        x = 1
        y = 2
      })(),
      { x: 1, y: 2 },
    ],
    ['empty list and map', [[], {}], [[], {}]],
  ])('%s', (_what, value, expected) => expect(plainOf(value)).toEqual(expected))

  test('undefined is left out', () => expect(Object.keys(toPlain({ a: undefined, b: 1 }).data)).toEqual(['b']))

  test('an error is its type, message, stack and cause', () => {
    const error = new TypeError('no', { cause: new RangeError('below') })
    expect(plainOf(error)).toEqual({
      type: 'TypeError',
      message: 'no',
      stack: error.stack,
      cause: { type: 'RangeError', message: 'below', stack: expect.any(String) },
    })
  })

  test('an error is without its stack where stacks are off', () => {
    const value = new TypeError('no', { cause: new RangeError('below') })
    const cause = { type: 'RangeError', message: 'below' }
    expect(toPlain({ value }, false).data['value']).toEqual({ type: 'TypeError', message: 'no', cause })
  })

  test('a copy is equal to the plain object that it was made of, and independent of it', () => {
    for (const data of [{}, { a: 1, b: 'x' }, { a: { b: [{}, { c: null }] } }, JSON.parse('{"__proto__":{"a":1}}')]) {
      expect(toPlain(data).data).toStrictEqual(data)
      deepStrictEqual(toPlain(data).data, data)
      expect(toPlain(data).data).not.toBe(data)
    }
  })

  test('a getter that throws becomes its error, and the rest stays', () => {
    const value = {
      get a(): string {
        throw new TypeError('not here')
      },
      b: 1,
    }
    expect(plainOf(value)).toEqual({ a: '[TypeError: not here]', b: 1 })
    const data: Record<string, unknown> = {}
    Object.defineProperty(data, 'bad', {
      enumerable: true,
      get: () => {
        throw new Error('boom')
      },
    })
    data['good'] = 1
    expect({ ...toPlain(data).data }).toEqual({ bad: '[Error: boom]', good: 1 })
  })

  test('cycles are cut, repetition is not', () => {
    const shared = { x: 1 }
    const loop: Record<string, unknown> = { shared, again: shared }
    loop['self'] = loop
    loop['list'] = [loop]
    expect(plainOf(loop)).toEqual({ shared: { x: 1 }, again: { x: 1 }, self: '[Circular]', list: ['[Circular]'] })
  })

  describe('what toJSON gives is taken as it is, as JSON.stringify does', () => {
    class Row {
      id = 7
      toJSON(): unknown {
        return this
      }
    }
    const again = { a: 1, toJSON: (): unknown => ({ ...again }) }
    const inner = { x: 1, toJSON: () => 'inner' }
    const back: Record<string, unknown> = { name: 'back' }
    back['below'] = { toJSON: () => back }
    const grown = (n: number): unknown => ({ toJSON: () => ({ n, next: grown(n + 1) }) })
    test.each<[string, unknown, unknown]>([
      ['itself', new Row(), { id: 7 }],
      ['another of its class', { toJSON: () => new Row() }, { id: 7 }],
      ['an object with a toJSON of its own', again, { a: 1, toJSON: '[Function: toJSON]' }],
      ['an object with one below', { toJSON: () => ({ inner }) }, { inner: 'inner' }],
      ['a list of such', { toJSON: () => [new Row(), again] }, [{ id: 7 }, { a: 1, toJSON: '[Function: toJSON]' }]],
      ['a Date', { toJSON: () => new Date(0) }, '1970-01-01T00:00:00Z'],
      ['nothing', [{ toJSON: () => undefined }], [null]],
      ['what stands above it', back, { name: 'back', below: '[Circular]' }],
    ])('%s', (_what, value, expected) => expect(plainOf(value)).toEqual(expected))

    test('and without an end is cut', () => expect(JSON.stringify(plainOf(grown(0)))).toContain('[cut: too deep]'))

    test('a promise that rejects, which nobody else can handle, ends nothing', async () => {
      const unhandled = jest.fn()
      process.once('unhandledRejection', unhandled)
      plainOf({ toJSON: async () => Promise.reject(new Error('no')) })
      await new Promise((resolve) => setTimeout(resolve, 10))
      process.off('unhandledRejection', unhandled)
      expect(unhandled).not.toHaveBeenCalled()
    })
  })

  test('keys that objects inherit are keys like any other', () => {
    const data: Record<string, unknown> = Object.create(null)
    for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) data[key] = { [key]: 'mine' }
    const plain = toPlain(data).data
    expect(Object.keys(plain)).toEqual(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])
    expect(Object.keys(Object(Reflect.get(plain, '__proto__')))).toEqual(['__proto__'])
    expect(Object.prototype).not.toHaveProperty('mine')
  })

  test('what is too deep, too long or too much is cut and marked', () => {
    let deep: unknown = 'bottom'
    for (let level = 0; level < 10_000; level++) deep = { deep }
    expect(JSON.stringify(plainOf(deep))).toContain('[cut: too deep]')
    expect(plainOf('x'.repeat(40_000))).toBe(`${'x'.repeat(32_768)}… [cut: 40000 characters]`)
    const list = plainOf(Array.from({ length: 5_000 }, (_, i) => i)) as PlainValue[]
    expect(list.length).toBeLessThan(1_002)
    expect(list.at(-1)).toMatch(/^\[cut: \d+ more\]$/)
    expect(plainOf(new Map(Array.from({ length: 5_000 }, (_, i) => [i, i])))).toHaveProperty(['[cut]'])
    const many = toPlain(Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`k${i}`, 'y'.repeat(30_000)])))
    expect(many.size).toBeLessThan(150_000)
    expect(JSON.stringify(many.data).length).toBeLessThan(150_000)
  })

  test('just as much is kept as the README says', () => {
    const nested = (levels: number): unknown => (levels === 0 ? 'bottom' : { deep: nested(levels - 1) })
    // The data themselves are the first level.
    expect(JSON.stringify(plainOf(nested(15)))).toContain('bottom')
    expect(JSON.stringify(plainOf(nested(16)))).toContain('[cut: too deep]')
    const [key = ''] = Object.keys(toPlain({ ['k'.repeat(4_097)]: {} }).data)
    expect(key).toBe(`${'k'.repeat(4_096)}… [cut: 4097 characters]`)
    const data = {
      first: Array(499).fill(0),
      second: Object.fromEntries(Array(600).fill(0).entries()),
    }
    const { first, second } = toPlain(data).data
    expect([Object.keys(first ?? {}).length, Object.keys(second ?? {}).length]).toEqual([499, 499 + 1])
    const big = toPlain({ texts: Array(9).fill('x'.repeat(32_768)) })
    expect(JSON.stringify(big.data).length).toBeGreaterThan(131_000)
    expect(big.size).toBeLessThan(131_072 + 100)
  })

  test('is a copy: what the program changes later is not recorded', () => {
    const data = { list: [1], text: 'a' }
    const { data: plain } = toPlain(data)
    data.list.push(2)
    data.text = 'b'
    expect({ ...plain }).toEqual({ list: [1], text: 'a' })
  })

  test('values that defy inspection become text', () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    expect(plainOf(proxy)).toMatch(/^\[TypeError: .*\]$/)
    expect(
      plainOf({
        toJSON: () => {
          throw new Error('no json')
        },
      }),
    ).toBe('[Error: no json]')
    const hostile = {
      get message(): string {
        throw new Error('x')
      },
      toString: () => {
        throw new Error('y')
      },
    }
    expect(typeof plainOf(Object.assign(Object.create(Error.prototype) as object, { a: 1 }))).toBe('object')
    expect(() => plainOf(hostile)).not.toThrow()
  })

  test('anything at all becomes plain, and plain again unchanged', () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withNullPrototype: true,
      withObjectString: true,
    })
    fc.assert(
      fc.property(fc.dictionary(fc.string(), anything), (data) => {
        const once = toPlain(data).data
        expect(toPlain(once).data).toEqual(once)
      }),
      { numRuns: isLong ? 2_000 : runs(500) },
    )
  })
})
