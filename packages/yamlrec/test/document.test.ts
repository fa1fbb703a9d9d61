import { deepStrictEqual } from 'node:assert'
import { readFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from '@jest/globals'
import { parseTime, type Span } from '@trace/core'
import { dataKey, storedKey, toPlain } from '@trace/core/store'
import fc from 'fast-check'
import { CORE_SCHEMA, load } from 'js-yaml'
import { parseDocument } from 'yaml'
import { readAnyDocument } from '../src/any-document.js'
import { parseYaml, spanToYaml } from '../src/index.js'
import { readDocument } from '../src/parse.js'
import { readPlainDocument } from '../src/plain-document.js'
import { AMBIGUOUS, anyData, anySpan, makeSpan, spanAsRead } from './values.js'

const golden = (name: string): Buffer => readFileSync(new URL(`golden/${name}`, import.meta.url))
const readPlain = (text: string): Span | undefined => readPlainDocument(`---\n${text}`)
const onlyDocument = (text: string): string => text.slice(1, -'...\n'.length)

const { spans, skipped } = await parseYaml(golden('yamlrec-v1.yaml'))

/** A hundredth of how many random values a property is tried with. */
const RUNS = process.env['TRACE_TEST_LONG'] === '1' ? 1_000 : 50

describe('the golden files', () => {
  const byId = new Map(spans.map((span) => [span.spanId, span]))
  const data = (id: bigint): unknown => ({ ...byId.get(id)?.data })

  test('read back field for field as the JSON of the same spans', () => {
    expect(skipped).toBe(0)
    expect(spans).toHaveLength(63)
    const lines = golden('json-v2.jsonl').toString().trim().split('\n')
    expect(lines).toHaveLength(62)
    for (const line of lines) {
      const json: Record<string, string> & { data?: Record<string, unknown> } = JSON.parse(line)
      const id = BigInt(json['span_id'] ?? '')
      const span = byId.get(id)
      expect(span).toMatchObject({
        traceId: BigInt(json['trace_id'] ?? ''),
        parentId: BigInt(json['parent_id'] ?? ''),
        process: json['process'] ?? '',
        kind: json['kind'] ?? '',
        name: json['name'] ?? '',
        start: parseTime(json['start'] ?? ''),
        finish: parseTime(json['finish'] ?? ''),
      })
      // JSON writes bytes in base 64 and a duration in nanoseconds; YAML has a list and the duration's text.
      const expected = { ...json.data }
      if (id === 1010n) expected['bytes'] = [104, 101, 108, 108, 111]
      if (id === 1013n) expected['dur'] = '1.5s'
      expect(JSON.parse(JSON.stringify(span?.data))).toEqual(expected)
    }
  })

  test('have exact scalars', () => {
    expect(data(1005n)).toEqual({
      ...{ bad: false, big: 9223372036854775807n, huge: 1e300, inf: Infinity, nan: NaN, neg: -5, none: null, ok: true },
      ...{ ratio: 0.25, status: 200, tiny: 1e-9, ubig: 18446744073709551615n, user: 'alice' },
    })
    expect(data(1009n)).toMatchObject({ bom: '\ufeffx', invalid: 'a\ufffdb', ls: 'a\u2028b', nel: 'a\u0085b' })
    expect(data(1013n)).toEqual({ dur: '1.5s', when: '2015-10-20T13:14:15.123456789Z' })
    expect(byId.get(1003n)?.start).toBe(1_445_346_855_123_456_789n)
    expect(byId.get(1012n)).toMatchObject({ process: 'weird: process #1', name: '- GET /a b?x=1&y=[2]#frag: "q"' })
  })

  test('of the example too', async () => {
    const example = await parseYaml(golden('example-v1.yaml'))
    expect(example.skipped).toBe(0)
    expect(example.spans.map((span) => span.name)).toEqual(['sub2', 'GET /foo/bar', 'sub2', 'GET /a b', 'sub1', 'sub1'])
  })
})

describe('a written document', () => {
  test('has fields in order, then data as the program added it', () => {
    const span = makeSpan({ data: { z: 1, a: 'two words', list: [1, 'x'], map: { k: null }, name: 'mine', on: 'yes' } })
    expect(spanToYaml(span)).toBe(`
---
span_id: 2
trace_id: 1
parent_id: 0
process: users:1@host
kind: request
name: GET /
start: "2015-11-20T06:13:20.123456789Z"
finish: "2015-11-20T06:13:20.223456789Z"
z: 1
a: two words
list: [1, "x"]
map: {"k": null}
data.name: mine
"on": "yes"
...
`)
  })

  test('leaves out what is empty', () => {
    const text = spanToYaml(makeSpan({ process: '', kind: '', name: '', finish: undefined }))
    expect(text).not.toMatch(/process|kind|name|finish/)
  })

  test('reads back as it was', async () => {
    await fc.assert(
      fc.asyncProperty(anySpan, async (span) => {
        const { spans, skipped, places } = await parseYaml(`\n${spanToYaml(span)}`)
        expect(places).toEqual([])
        expect(skipped).toBe(0)
        deepStrictEqual(spans.map(spanAsRead), [spanAsRead(span)])
      }),
      { numRuns: RUNS * 10 },
    )
  })

  test('keeps -0, and a number from a bigint', async () => {
    const text = spanToYaml(makeSpan({ data: { a: -0, b: 2 ** 60, c: 2n ** 60n, d: [-0] } }))
    const [span] = (await parseYaml(text)).spans
    expect({ ...span?.data }).toEqual({ a: -0, b: 2 ** 60, c: 2n ** 60n, d: [-0] })
  })

  test('is the same to yaml 1.2, yaml 1.1 and js-yaml', async () => {
    await fc.assert(
      fc.asyncProperty(anyData, async (data) => {
        const text = onlyDocument(spanToYaml(makeSpan({ data })))
        const expected = plainly(await readDocument(text))
        for (const version of ['1.2', '1.1'] as const) {
          const document = parseDocument(text, { version, logLevel: 'silent', merge: false })
          expect([...document.errors, ...document.warnings]).toEqual([])
          deepStrictEqual(plainly(document.toJS({ mapAsMap: true })), expected)
        }
        deepStrictEqual(plainly(load(text, { schema: CORE_SCHEMA })), expected)
      }),
      { numRuns: RUNS * 4 },
    )
  })

  test('never holds what must not stand raw', () => {
    fc.assert(
      fc.property(anySpan, (span) => {
        expect(spanToYaml(span)).toMatch(
          /^[\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]*$/u,
        )
      }),
      { numRuns: RUNS * 3 },
    )
  })

  test('refuses what is not plain, saying so', () => {
    const data = toPlain({}).data
    expect(() => spanToYaml(makeSpan({ start: 10n ** 30n, data }))).toThrow(RangeError)
    const wrong = { when: () => 1 } as object as Span['data']
    expect(() => spanToYaml(makeSpan({ data: wrong }))).toThrow('data holds function')
  })

  test('keeps apart keys that differ in lone surrogates only', async () => {
    const data = { '\ud800': 1, '\ud801': 2, '\ufffd': 3, m: { '\udfff': 1, '\udffe': 2 } }
    const [span] = (await parseYaml(spanToYaml(makeSpan({ data })))).spans
    expect(Object.values(span?.data ?? {}).slice(0, 3)).toEqual([1, 2, 3])
  })
})

describe('the plain parser', () => {
  test('agrees with the YAML library on what is written', () => {
    let plain = 0
    fc.assert(
      fc.property(anySpan, (span) => {
        const text = onlyDocument(spanToYaml(span)).slice(4)
        const fast = readPlain(text)
        if (fast === undefined) return
        plain++
        deepStrictEqual(fast, readAnyDocument(text))
      }),
      { numRuns: RUNS * 10 },
    )
    expect(plain).toBeGreaterThan(RUNS * 6)
  })

  test('agrees on the golden documents', () => {
    const documents = golden('yamlrec-v1.yaml')
      .toString()
      .split(/^---\n/m)
      .slice(1)
    const read = documents.map((text) => readPlain(text))
    expect(read.filter((span) => span !== undefined).length).toBeGreaterThan(55)
    read.forEach((span, at) => {
      if (span !== undefined) expect(span).toStrictEqual(readAnyDocument(documents[at] ?? ''))
    })
  })

  test('agrees or declines on documents that were changed', () => {
    const sources = golden('yamlrec-v1.yaml')
      .toString()
      .split(/^---\n/m)
      .slice(1, 16)
    const piece = fc.oneof(
      fc.constantFrom(
        ...'\n\t\r :#\'"\\[]{},&*!|>%@`?-.~=<0x+\u0000\u0085\u2028\ufeff',
        ': ',
        ' #',
        '- ',
        '\n ',
        "''",
        '! ',
      ),
      fc.constantFrom(...AMBIGUOUS),
    )
    const edit = fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.nat(3), piece)
    const text = fc.oneof(
      fc.constantFrom(...sources),
      anySpan.map((span) => onlyDocument(spanToYaml(span)).slice(4)),
    )
    fc.assert(
      fc.property(text, fc.array(edit, { minLength: 1, maxLength: 4 }), (start, edits) => {
        let changed = start
        for (const [where, remove, insert] of edits) {
          const at = Math.floor(where * changed.length)
          changed = changed.slice(0, at) + insert + changed.slice(at + remove)
        }
        const fast = readPlain(changed)
        if (fast !== undefined) deepStrictEqual(fast, readAnyDocument(changed))
      }),
      { numRuns: RUNS * 15 },
    )
  })

  test('agrees or declines on documents whose lines changed places', () => {
    const lines = anySpan.map((span) => onlyDocument(spanToYaml(span)).slice(4).split('\n').slice(0, -1))
    const places = fc.array(fc.nat(20), { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(lines, places, places, fc.boolean(), (document, from, to, stays) => {
        const changed = [...document]
        from.forEach((place, at) => {
          const [line = ''] = stays ? changed.slice(place, place + 1) : changed.splice(place, 1)
          changed.splice(to[at] ?? changed.length, 0, line)
        })
        const text = changed.map((line) => `${line}\n`).join('')
        const fast = readPlain(text)
        if (fast !== undefined) deepStrictEqual(fast, readAnyDocument(text))
      }),
      { numRuns: RUNS * 7 },
    )
  })

  test.each(AMBIGUOUS)('agrees or declines on %j without quotes', (word) => {
    for (const line of [
      `a: ${word}\n`,
      `${word}: a\n`,
      `a: [${word}]\n`,
      `a: {"${word}": ${word}}\n`,
      `a: '${word}'\n`,
    ]) {
      const text = `span_id: 1\ntrace_id: 2\nparent_id: 0\nstart: 2015-10-20T13:14:15Z\n${line}`
      const fast = readPlain(text)
      if (fast !== undefined) deepStrictEqual(fast, readAnyDocument(text))
    }
  })
})

describe('lists and maps on one line', () => {
  const head = 'span_id: 1\ntrace_id: 2\nparent_id: 0\nstart: "2015-10-20T13:14:15Z"\n'

  test.each([
    '[]',
    '{}',
    '[1, -0, 1.5e+300, 12345678901234567890, true, null, "x"]',
    '{"a": {"b": [{"c": "d: e"}]}, "": 1}',
    '{"a": "says \\"b\\": no", "b": "\\u0001"}',
    '{"__proto__": 1}',
  ])('%s is read as it is by the library, and without it', (value) => {
    const text = `${head}a: ${value}\n`
    const fast = readPlain(text)
    expect(fast).toBeDefined()
    deepStrictEqual(fast, readAnyDocument(text))
  })

  test.each([
    '{"a": 1, "a": 2}',
    '{"b": {"a": 1, "a": 1}}',
    '{"a" : 1, "a": 2}',
    '{"a\\\\": 1, "b": 2, "b": 3}',
    '{"a": "\\ud83d\\ude00"}',
    '{"a": ["\\udfff"]}',
    '[.inf, .nan]',
    '[0x1F, 010]',
    '[a, b]',
    "['a']",
    '[1, ]',
    '[1] # one',
    '[1',
    '[1]]',
    `${'['.repeat(101)}${']'.repeat(101)}`,
  ])('%s is left to the library', (value) => {
    expect(readPlain(`${head}a: ${value}\n`)).toBeUndefined()
  })
})

describe('documents of other writers', () => {
  const head = 'span_id: 1\ntrace_id: 2\nparent_id: 0\nstart: 2015-10-20T13:14:15Z\n'
  const read = async (text: string): Promise<unknown> => {
    const span = await readDocument(`---\n${head}${text}`)
    return typeof span === 'string' ? span : { ...span.data }
  }

  test('tags, block lists, merge keys and odd numbers', async () => {
    expect(await read('a: !!str 5\nb: !!int "5"\nc: !!binary aGk=\nd: !mine x\ne: !!float 1\n')).toEqual({
      ...{ a: '5', b: 5, c: 'hi', d: 'x', e: 1 },
    })
    expect(await read('<<: {x: 1}\n=: 2\na: 010\nb: 0o17\nc: 0x1F\nd: yes\ne: 1_000\nf:\n')).toMatchObject({
      ...{ '=': 2, a: 10, b: 15, c: 31, d: 'yes', e: '1_000', f: null },
    })
    expect(await read('list:\n- a\n- b: 1\n')).toMatchObject({ list: ['a', { b: 1 }] })
    expect(await read('a: &x 5\nb: *x\n')).toEqual({ a: 5, b: 5 })
  })

  test.each([
    [
      'an alias bomb',
      `a: &a [1,1,1,1,1,1,1,1,1]\n${[...'bcdefgh'].map((c, i) => `${c}: &${c} [${Array(9).fill(`*${'abcdefgh'[i]}`)}]\n`).join('')}`,
    ],
    ['a cycle', 'a: &a [*a]\n'],
    ['deep nesting', `a: ${'['.repeat(50_000)}${']'.repeat(50_000)}\n`],
    ['a list as key', '[1]: 2\n'],
    ['one key twice', 'a: 1\na: 2\n'],
    ['a NUL byte', 'a: x\u0000y\n'],
    ['a name that is a list', 'name: [x]\n'],
    ['a name that is a number', 'name: 5\n'],
    ['a finish that is no time', 'finish: tomorrow\n'],
    ['an alias of nothing', 'a: *b\n'],
    ['an open quote', 'a: "x\n'],
  ])('%s is skipped', async (_, text) => {
    expect(await read(text)).toEqual(expect.any(String))
  })

  test('__proto__ is a key like any other', async () => {
    const span = (await readDocument(`---\n${head}__proto__: {"__proto__": 1, "x": 2}\n`)) as Span
    expect(Object.entries(span.data)).toEqual([['__proto__', expect.anything()]])
    expect(Object.hasOwn(Object.prototype, 'x')).toBe(false)
  })

  test.each(['0', '-1', '18446744073709551616', 'abc', '1.5', '', '[1]', 'true'])('an id of %j is none', async (id) => {
    const rest = 'parent_id: 0\nstart: "2015-10-20T13:14:15Z"\n'
    expect(await readDocument(`---\nspan_id: ${id}\ntrace_id: 1\n${rest}`)).toMatch('span_id')
    expect(await readDocument(`---\nspan_id: 1\ntrace_id: ${id}\n${rest}`)).toMatch('trace_id')
  })
})

/** Values as every parser can give them: data only, bigints as numbers, maps as sorted lists of pairs. */
function plainly(value: unknown): unknown {
  if (typeof value === 'object' && value !== null && 'spanId' in value && 'data' in value) {
    const data = value.data as Record<string, unknown>
    return pairs(Object.entries(data).map(([key, item]) => [storedKey(key), item]))
  }
  const fields = new Set(['span_id', 'trace_id', 'parent_id', 'process', 'kind', 'name', 'start', 'finish'])
  const all: [unknown, unknown][] = value instanceof Map ? [...value] : Object.entries(value as object)
  return pairs(all.filter(([key]) => !fields.has(String(key))))
}

function pairs(entries: [unknown, unknown][]): unknown[] {
  const list = entries.map(([key, item]): [string, unknown] => [`${typeof key} ${String(key)}`, simple(item)])
  return list.sort(([a], [b]) => (a < b ? -1 : 1))
}

function simple(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (Array.isArray(value)) return value.map(simple)
  if (value instanceof Map) return pairs([...value])
  return typeof value === 'object' && value !== null ? pairs(Object.entries(value)) : value
}

describe('lines that were written before', () => {
  const lines = (data: Record<string, unknown>): string =>
    /^start: .*\nfinish: .*\n([\s\S]*?)\.\.\.$/m.exec(spanToYaml(makeSpan({ data: toPlain(data).data })))?.[1] ?? ''

  test('do not pass for others', () => {
    const changed = [1]
    const values = [
      ...['1', 1, true, 'true', 0, -0, '0', 0.5, 1e21, '', null, changed, [1], { a: 1 }],
      ...[1n, 2n ** 60n],
    ]
    const texts = [
      ...['"1"', '1', 'true', '"true"', '0', '-0.0', '"0"', '0.5', '1.0e+21', '""', 'null'],
      ...['[1]', '[1]'],
    ]
    texts.push('{"a": 1}', '1', String(2n ** 60n))
    for (let time = 0; time < 3; time++) {
      for (const [at, value] of values.entries()) {
        // Twice, since the last value is looked at first.
        for (const _ of [1, 2]) expect(lines({ same: value })).toBe(`same: ${texts[at]}\n`)
      }
    }
    changed.push(2)
    expect(lines({ same: changed })).toBe('same: [1, 2]\n')
  })

  test('do not pass for those of other keys, in whatever order they come', () => {
    const keys = ['a', 'name', 'data.name', 'data.data.name', '', 'b', '__proto__', 'x'.repeat(2_000)]
    const any = fc.shuffledSubarray(keys).map((some) => Object.fromEntries(some.map((key) => [key, 'v'])))
    const line = (key: string): string => {
      const stored = storedKey(key) === '' ? '""' : storedKey(key)
      return key.length > 1_024 ? `? ${key}\n: v\n` : `${stored}: v\n`
    }
    fc.assert(fc.property(any, (data) => lines(data) === Object.keys(data).map(line).join('')))
  })

  test('do not keep the texts that their values are a part of', () => {
    setFlagsFromString('--expose-gc')
    const gc: unknown = runInNewContext('gc')
    const heap = (): number => {
      if (typeof gc === 'function') gc()
      return process.memoryUsage().heapUsed
    }
    const before = heap()
    for (let at = 0; at < 50; at++) {
      const body = `${'x'.repeat(1_000_000)} the value of ${at}`
      lines({ part: body.slice(-15).trim(), other: body.slice(-16).trim() })
      lines({ part: body.slice(-15).trim(), other: body.slice(-16).trim() })
    }
    expect(heap() - before).toBeLessThan(5_000_000)
  })

  test('are more than are remembered, and the others are written all the same', () => {
    for (let at = 0; at < 5_000; at++) {
      const text = `value ${at}${'x'.repeat(at % 400)}`
      expect(lines({ same: text, [`key_${at}`]: at + 1 })).toBe(`same: ${text}\nkey_${at}: ${at + 1}\n`)
    }
    expect(lines({ same: 'value 4999', key_4999: 1 })).toBe('same: value 4999\nkey_4999: 1\n')
  })
})

test('data keys survive whatever they are', () => {
  for (const key of AMBIGUOUS) expect(dataKey(storedKey(key))).toBe(key)
})
