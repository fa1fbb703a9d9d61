import { describe, expect, test } from '@jest/globals'
import { numberText, parseJson, plainJson, RefusedJson } from '../../src/text-file/json.js'

const read = (text: string): unknown => plainJson(parseJson(text))
const ONES = '1'.repeat(2_000)

describe('JSON of a file is read', () => {
  test.each<[string, unknown]>([
    ['[9007199254740991, -9007199254740991]', [9007199254740991, -9007199254740991]],
    ['[9007199254740992, -9007199254740993]', [9007199254740992n, -9007199254740993n]],
    [
      '{"a": 1234567890123456789012, "b": {"c": [1234567890123456789012]}}',
      { a: 1234567890123456789012n, b: { c: [1234567890123456789012n] } },
    ],
    [
      '[12345678901234567890, 1.5, -0, 1e3, 12345678901234567890.5]',
      [12345678901234567890n, 1.5, -0, 1000, Number('12345678901234567890.5')],
    ],
    [
      '["12345678901234567890", ":12345678901234567890", "\\"[12345678901234567890"]',
      ['12345678901234567890', ':12345678901234567890', '"[12345678901234567890'],
    ],
    [`[${ONES}, 1${ONES}]`, [BigInt(ONES), `1${ONES}`]],
    ['{"\\ud800": "\\udfff", "\\ud83d\\ude00": "\\ud83d\\ude00"}', { '\ufffd': '\ufffd', '😀': '😀' }],
    ['[null, true, "", {}, []]', [null, true, '', {}, []]],
  ])('%.60s', (text, value) => {
    const found = read(text)
    expect(found).toEqual(value)
    expect(JSON.stringify(found, textOfBigints)).toBe(JSON.stringify(value, textOfBigints))
  })

  test('maps are as object literals are, and __proto__ is a key of theirs', () => {
    const map = read('{"__proto__": {"x": 12345678901234567890}}') as object
    expect(Object.entries(map)).toEqual([['__proto__', { x: 12345678901234567890n }]])
    expect(Object.getPrototypeOf(map)).toBe(Object.prototype)
  })

  test('to a depth of 100', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
    expect(JSON.stringify(read(nested(100)))).toBe(nested(100))
    expect(() => read(nested(101))).toThrow(RefusedJson)
  })

  test.each(['', '[01234567890123456]', '{"a": 12345678901234567890', "['a']", '[NaN]', '[1] 2'])(
    'but not %s',
    (text) => expect(() => parseJson(text)).toThrow(SyntaxError),
  )
})

test.each([
  ['{"a":1,"a":2}', 'twice'],
  ['{"a":1,"b":[{"c":{"d":1},"c":2}]}', 'twice'],
  ['{"a" : 1, "a"\t: 2}', 'twice'],
  ['{"a\\\\":1,"b":2,"b":3}', 'twice'],
  ['{"a\\"":1,"a\\u0022":3}', 'twice'],
  ['{"\\ud800":1,"\\udfff":2}', 'twice'],
  ['{"a":":","b":1,"b":2}', 'twice'],
  ['{"a":{"\\ufffd":1,"\\udfff":2}}', 'twice'],
  [`${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`, 'nested deeper'],
])('a record that has a key twice, or is too deep, is refused: %.60s', (text, why) => {
  expect(() => read(text)).toThrow(why)
})

test.each([
  '{"a":"\\":","b":"a\\":"}',
  '{"a\\\\":"\\\\","b":1}',
  '{"a" :1,"b" :"c\\" :"}',
  '{"":1,"a":{"":2},"b":[{"":3}]}',
])('a record that has no key twice is read: %s', (text) => expect(read(text)).toEqual(JSON.parse(text)))

test('of a number that is no integer it can be told how it is written', () => {
  const record = parseJson('{"a": 12.0, "b": 1e3, "c": 5, "d": "12.0"}', true) as Record<string, unknown>
  expect(Object.values(record).map(numberText)).toEqual(['12.0', '1e3', undefined, undefined])
  expect(plainJson(record)).toEqual({ a: 12, b: 1000, c: 5, d: '12.0' })
})

function textOfBigints(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value
}

test.each(['"\u0000', '\\\\"\n', ',"\u0001', '{ "\\', 'a"\u0007"\u0007'])(
  'a key that ends like one of one escaped character is read: %j',
  (key) => {
    const escaped = JSON.stringify(key).replace(
      /[\u0000-\u001f]/g,
      (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )
    for (const text of [`{${escaped}:1}`, `{"x":{${escaped} : [${escaped}]},${escaped}:2}`]) {
      expect(read(text)).toEqual(JSON.parse(text))
    }
  },
)

test('a key with escapes is read as it is, and not as the key that stood there before, as by V8 of Node 24 and 26', () => {
  let shape = 0
  for (const start of ['', 'C:', 'a"', '\u{1f600}']) {
    for (const end of ['\n', '\u0085', '"', '\\', '\\n', '\n\u0001']) {
      const key = JSON.stringify(start + end).replace('\u0085', '\\u0085')
      // Of the objects that begin so, this is the first: V8 then expects its second key of the next.
      const first = `shape ${++shape}`
      JSON.parse(`{"${first}":0,${JSON.stringify(`${start}\\`)}:1}`)
      expect(read(`{"${first}":0,${key}:12345678901234567890}`)).toEqual({
        [first]: 0,
        [start + end]: 12345678901234567890n,
      })
      expect(read(`{"a":[{"${first}":0, ${key} : 1}]}`)).toEqual({ a: [{ [first]: 0, [start + end]: 1 }] })
    }
  }
  expect(read('{"{,":"{", "a":"\\\\", "\\"":["{\\n",",\\":"]}')).toEqual({ '{,': '{', a: '\\', '"': ['{\n', ',":'] })
})

test('a key that is one escaped character is read, which V8 takes for a backslash', () => {
  for (const key of ['\u0001', '\uffff', '\u00e9', '"', '\\', '\n', '\u2028']) {
    const name = `\\u${key.charCodeAt(0).toString(16).padStart(4, '0')}`
    for (const written of new Set([JSON.stringify(key), `"${name}"`])) {
      const text = `{"a":{${written}:1,"b":[{${written} : 12345678901234567890}]},"__proto__":2}`
      expect(
        JSON.stringify(plainJson(parseJson(text)), (_, value) => (typeof value === 'bigint' ? `${value}n` : value)),
      ).toBe(`{"a":{${JSON.stringify(key)}:1,"b":[{${JSON.stringify(key)}:"12345678901234567890n"}]},"__proto__":2}`)
    }
  }
})
