import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import type { PlainValue, Span } from '@trace/core'
import { toPlain } from '@trace/core/store'
import fc from 'fast-check'
import { anyCharacter } from '../../../.config/any-character.js'
import { runs } from '../../../.config/runs.js'
import { spanFromJsonLine, spanToJsonLine } from '../src/line.js'
import { makeSpan } from './spans.js'

const golden = readFileSync(new URL('golden/json-v2.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')

function read(line: string): Span {
  const span = spanFromJsonLine(line)
  if (typeof span === 'string') throw new Error(span)
  return span
}

const back = (value: PlainValue): unknown => read(spanToJsonLine(makeSpan({ data: { value } }))).data['value']

/** What reading gives for a recorded value: lone surrogates replaced, text for what JSON has no number for. */
function asRead(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed()
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value
  if (Array.isArray(value)) return value.map(asRead)
  if (typeof value !== 'object' || value === null) return value
  const copy: Record<string, unknown> = Object.create(null)
  const taken = new Set(Object.keys(value))
  for (const [key, item] of Object.entries(value)) {
    let name = key.toWellFormed()
    while (name !== key && taken.has(name)) name += '\ufffd'
    taken.add(name)
    copy[name] = asRead(item)
  }
  return copy
}

describe('lines of the Go package', () => {
  test.each(golden.map((line) => [line.slice(0, 40), line]))('%s is read and written as it was', (_, line) => {
    const span = read(line)
    const record = JSON.parse(line)
    expect(String(span.spanId)).toBe(record.span_id)
    expect(String(span.traceId)).toBe(record.trace_id)
    expect(String(span.parentId)).toBe(record.parent_id)
    expect({ ...span.data }).toEqual(record.data ?? {})
    const written = JSON.parse(spanToJsonLine(span))
    expect(Object.keys(written)).toEqual(Object.keys(record))
    expect(BigInt(Date.parse(record.start)) * 1_000_000n).toBe(span.start - (span.start % 1_000_000n))
    // Another zone is written in UTC, and the empty key with its prefix.
    if (record.name === 'zoned') expect(written.finish).toBe('2015-10-20T13:14:15.12345679Z')
    else if (record.name === 'odd keys') expect(written.data).toMatchObject({ 'data.': 5, '123': 3 })
    else expect(written).toEqual(record)
  })

  test('a plain span is the same bytes', () => {
    for (const line of golden.filter((text) => /"GET \/users/.test(text)))
      expect(spanToJsonLine(read(line))).toBe(`${line}\n`)
  })
})

describe('values', () => {
  test.each<[PlainValue, string]>([
    [2n ** 63n, '9223372036854775808'],
    [-(2n ** 64n), '-18446744073709551616'],
    [2 ** 60, '1152921504606847000.0'],
    [1e21, '1e+21'],
    [-0, '-0'],
    [Number.MAX_SAFE_INTEGER, '9007199254740991'],
    [1234567890.1234567, '1234567890.1234567'],
    [':1234567890123456789', '":1234567890123456789"'],
    ['\u2028\u007f\u0000', '"\u2028\u007f\\u0000"'],
  ])('%p is written as %s and comes back', (value, text) => {
    expect(spanToJsonLine(makeSpan({ data: { value } }))).toContain(`"data":{"value":${text}}}\n`)
    expect(back(value)).toBe(value)
  })

  test('what JSON cannot say becomes text, and surrogates are replaced', () => {
    expect([NaN, Infinity, -Infinity, 'a\ud800'].map(back)).toEqual(['NaN', 'Infinity', '-Infinity', 'a\ufffd'])
  })

  test('integers of any writer come back exactly, wherever they stand', () => {
    const data =
      '{ "a" : 12345678901234567890, "b":[ -9007199254740993,"x\\":99999999999999999999"], "c":1.12345678901234567890, "9999999999999999999": 9007199254740991 }'
    const { data: values } = read(
      `{"span_id":1,"trace_id":18446744073709551615,"parent_id":0,"start":"2020-01-01T00:00:00Z","data":${data}}`,
    )
    expect({ ...values }).toEqual({
      a: 12345678901234567890n,
      b: [-9007199254740993n, 'x":99999999999999999999'],
      c: 1.1234567890123457,
      '9999999999999999999': 9007199254740991,
    })
  })

  test('every plain value and key comes back', () => {
    const text = fc.oneof(
      fc.string({ unit: anyCharacter }),
      fc.constantFrom(
        '',
        '__proto__',
        'constructor',
        'toString',
        'data.',
        'data.x',
        'span_id',
        'data',
        'expires',
        '\udc00',
        ',12345678901234567',
      ),
      fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 5 }).map((units) => String.fromCharCode(...units)),
    )
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        text,
        fc.double(),
        fc.bigInt(),
        fc.boolean(),
        fc.constantFrom(null, -0, 2 ** 53, 1e22, 10n ** 300n),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.array(fc.tuple(text, tie('value')), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
      ),
    }))
    const ids = fc.bigInt({ min: 1n, max: 2n ** 64n - 1n })
    const times = fc.bigInt({ min: -62_167_219_200_000_000_000n, max: 253_402_300_799_999_999_999n })
    fc.assert(
      fc.property(ids, times, text, fc.array(fc.tuple(text, value), { maxLength: 5 }), (id, time, name, entries) => {
        const { data } = toPlain(Object.fromEntries(entries))
        const span = makeSpan({
          spanId: id,
          traceId: id,
          parentId: id,
          start: time,
          finish: time,
          name,
          kind: '',
          data,
        })
        const line = spanToJsonLine(span)
        expect(line.indexOf('\n')).toBe(line.length - 1)
        const found = read(line)
        expect({ ...found, data: asRead(found.data) }).toEqual({
          ...span,
          name: name.toWellFormed(),
          data: asRead(data),
        })
        expect(Object.keys(found.data)).toHaveLength(Object.keys(data).length)
      }),
    )
  })

  test('keys that every store keeps apart have the prefix', () => {
    const data = { '': 1, span_id: 2, 'data.x': 3, x: 4, expires: 5 }
    const line = spanToJsonLine(makeSpan({ data }))
    expect(JSON.parse(line).data).toEqual({ 'data.': 1, 'data.span_id': 2, 'data.data.x': 3, x: 4, 'data.expires': 5 })
    expect({ ...read(line).data }).toEqual(data)
  })

  test('what cannot be written is told', () => {
    expect(() => spanToJsonLine(makeSpan({ start: 10n ** 40n }))).toThrow('time out of range')
    const data = { f: () => {} }
    expect(() => Reflect.apply(spanToJsonLine, undefined, [{ ...makeSpan(), data }])).toThrow('toPlain')
  })
})

describe('lines that are no spans', () => {
  const whole = spanToJsonLine(makeSpan({ data: { n: 2n ** 70n } }))
  const changed = (fields: object): string => JSON.stringify({ ...JSON.parse(spanToJsonLine(makeSpan())), ...fields })
  const deep = (text: string, count: number): string => text.repeat(count)

  test.each<[string, string, RegExp]>([
    ['nothing', '', /not JSON/],
    ['a word', 'hello', /not JSON/],
    ['null', 'null', /is not a JSON object/],
    ['a list', '[]', /is not a JSON object/],
    ['an empty object', '{}', /no span_id/],
    ['an id of 0', changed({ span_id: '0' }), /its span_id is not an integer/],
    ['an id that was rounded', changed({ trace_id: 1e30 }), /its trace_id is not an integer/],
    ['an id of 2^64', changed({ parent_id: '18446744073709551616' }), /its parent_id is not an integer from 0/],
    ['a name that is a list', changed({ name: [] }), /nested|name is not a string/],
    ['a time in words', changed({ start: 'today' }), /start is not an RFC 3339/],
    ['a time of 2^60', changed({ finish: 2 ** 60 }), /finish is not an RFC 3339/],
    ['data that is a list', changed({ data: [] }), /data is not a JSON object/],
    ['data that is text', changed({ data: 'x' }), /data is not a JSON object/],
    ['deep lists', `{"data":{"a":${deep('[', 200)}${deep(']', 200)}}}`, /nested deeper/],
    ['very deep lists', `{"data":{"a":${deep('[', 1e6)}${deep(']', 1e6)}}}`, /nested deeper|not JSON/],
    ['deep maps', `{"data":${deep('{"a":', 1e5)}1${deep('}', 1e5)}}`, /nested deeper|not JSON/],
    ['endless digits in brackets', `[${deep('1', 1e6)}`, /not JSON/],
  ])('%s', (_, line, reason) => {
    expect(spanFromJsonLine(line)).toMatch(reason)
  })

  test('no beginning of a line is one', () => {
    for (let end = 0; end < whole.length - 1; end++) expect(typeof spanFromJsonLine(whole.slice(0, end))).toBe('string')
    expect(read(whole.slice(0, -1)).data['n']).toBe(2n ** 70n)
  })

  test('never does anything but answer', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '{',
        '}',
        '[',
        ']',
        ',',
        ':',
        '"',
        '\\',
        '"data":',
        '"span_id":',
        '1234567890123456789',
        '-',
        '.',
        'e',
      ),
      fc.string(),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        expect(['string', 'object']).toContain(typeof spanFromJsonLine(pieces.join('')))
      }),
      { numRuns: runs(1_000) },
    )
  })

  test('long texts and numbers are read within bounds', () => {
    const text = '\\"'.repeat(1_000_000)
    const line = `{"span_id":"1","trace_id":"1","parent_id":"0","start":"2020-01-01T00:00:00Z","data":{"n":${'9'.repeat(100_000)},"m":12345678901234567890,"t":"${text}","u":"${'x'.repeat(5e6)}"}}`
    const { data } = read(line)
    expect([data['n'], data['m']]).toEqual(['9'.repeat(100_000), 12345678901234567890n])
    expect(String(data['t']).length).toBe(1_000_000)
  })
})
