import { deepStrictEqual } from 'node:assert'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import type { Span } from '@trace/core'
import { parseYaml, spanToYaml } from '../src/index.js'
import { parseInChunks } from '../src/parse.js'
import { makeSpan } from './values.js'

const golden = readFileSync(new URL('golden/yamlrec-v1.yaml', import.meta.url))
const write = (...spans: Span[]): string => `\n${spans.map(spanToYaml).join('')}`
const ids = (spans: readonly Span[]): bigint[] => spans.map((span) => span.spanId)
const small = [
  makeSpan({ spanId: 11n, data: { a: 'x', text: 'é\n---\nspan_id: 9\n...\n' } }),
  makeSpan({ spanId: 12n, finish: undefined }),
  makeSpan({ spanId: 13n, data: { list: [1, { k: 'v' }], n: 1.5e300 } }),
]
const earlier = makeSpan({ spanId: 31n })
const later = [makeSpan({ spanId: 21n, data: { b: 'y' } }), makeSpan({ spanId: 22n })]

describe('a file that was cut', () => {
  // Where the document of each span begins and ends: its line `...` may lack the line break.
  const cases: [string, Buffer, Span[]][] = [
    ['written by this package', Buffer.from(write(...small)), []],
    [
      'begun by the Go package, and written to before',
      Buffer.concat([
        golden.subarray(0, golden.indexOf('---\nspan_id: 1003')),
        Buffer.from(write(earlier) + write(...small)),
      ]),
      [],
    ],
  ]
  test.each(cases)('%s gives what is whole, at every byte', async (_, file) => {
    const begun = file.lastIndexOf('\n\n---\nspan_id: 11')
    const before = (await parseYaml(file.subarray(0, begun))).spans
    const ends = [...file.toString('latin1').matchAll(/\n\.\.\.(?=\n)/g)].map((m) => m.index + m[0].length)
    ends.splice(0, ends.length - small.length)
    expect(ends).toHaveLength(small.length)
    for (let cut = begun; cut <= file.length; cut++) {
      const torn = file.subarray(0, cut)
      const whole = [...before, ...small.filter((_span, at) => cut >= (ends[at] ?? Infinity))]
      const rest = torn.subarray(Math.max(begun, ...ends.filter((end) => end <= cut))).toString()
      const skipped = rest.trim() === '' ? 0 : 1
      const alone = await parseYaml(torn)
      const both = await parseYaml(Buffer.concat([torn, Buffer.from(write(...later))]))
      const found = [ids(alone.spans), alone.skipped, ids(both.spans), both.skipped]
      deepStrictEqual(found, [ids(whole), skipped, ids([...whole, ...later]), skipped], `cut at ${cut}`)
      for (const span of both.spans.slice(before.length)) {
        const { data } = [...small, ...later].find((one) => one.spanId === span.spanId) ?? {}
        deepStrictEqual({ ...span.data }, { ...data }, `cut at ${cut}`)
      }
    }
  })

  test('says where and why', async () => {
    const text = write(...small)
    const { places } = await parseYaml(text.slice(0, -5))
    expect(places).toEqual([{ at: expect.stringMatching(/^byte \d+$/), reason: expect.stringContaining('torn') }])
    const at = Number(places[0]?.at.slice(5))
    expect(Buffer.from(text).subarray(at).toString()).toMatch(/^---\nspan_id: 13\n/)
  })

  test('by empty lines into documents that nobody closes, as by hand, is read whole', async () => {
    const documents = golden.toString().split('---\n').slice(1, 5)
    expect(ids((await parseYaml(documents.map((lines) => `\n---\n${lines}`).join(''))).spans)).toEqual([
      1001n,
      1002n,
      1003n,
      1004n,
    ])
  })

  test('of the Go package gives what has a finish and a whole last line', async () => {
    const text = golden.toString().slice(0, golden.indexOf('span_id: 1003') - 4)
    expect(ids((await parseYaml(text)).spans)).toEqual([1001n, 1002n])
    expect(await parseYaml(text.slice(0, -1))).toMatchObject({ spans: [{ spanId: 1001n }], skipped: 1 })
    expect(await parseYaml(text.slice(0, text.lastIndexOf('finish')))).toMatchObject({ spans: [{}], skipped: 1 })
  })
})

describe('chunks', () => {
  const file = Buffer.concat([golden, Buffer.from(write(...small)), golden, Buffer.from(write(...later))])
  test.each([1, 2, 3, 5, 7, 16, 64, 333, 1_024, 65_536])('of %d bytes change nothing', async (chunk) => {
    const whole = await parseYaml(file)
    expect(await parseInChunks(file, chunk)).toStrictEqual(whole)
    expect(whole.spans).toHaveLength(131)
  })
})

describe('a file', () => {
  const one = 'span_id: 1\ntrace_id: 2\nparent_id: 0\nstart: "2015-10-20T13:14:15Z"\nfinish: "2015-10-20T13:14:16Z"\n'

  test.each([
    ['without a first mark', one],
    ['with a byte order mark', `\ufeff---\n${one}`],
    ['with a byte order mark and no mark', `\ufeff${one}`],
    ['with Windows line ends', `---\n${one}---\n`.replaceAll('\n', '\r\n').slice(0, -5)],
    ['with a comment and a directive', `# made by hand\n%YAML 1.2\n---\n${one}...\n# end\n`],
    ['with a comment on its mark', `--- # first\n${one}`],
    [
      'of flow style',
      `--- {span_id: 1, trace_id: 2, parent_id: 0, start: 2015-10-20T13:14:15Z, finish: 2015-10-20T13:14:16Z}\n`,
    ],
    ['after an empty line', `\n---\n${one}`],
  ])('%s is read', async (_, text) => {
    expect(await parseYaml(text)).toMatchObject({ spans: [{ spanId: 1n, traceId: 2n }], skipped: 0 })
  })

  test('with a text that keeps its empty lines is not taken for a torn one', async () => {
    for (const block of ['|+\n  x\n\n\n', '|2+\n\n\n', '"x"\n']) {
      const gap = block.startsWith('"') ? 0 : 1
      const { spans, skipped } = await parseYaml(`---\n${one}z: ${block}---\n${one}`)
      expect({ block, gap, spans: spans.length, skipped }).toEqual({ block, gap, spans: 2, skipped: 0 })
    }
  })

  test('that is empty or blank has nothing', async () => {
    for (const text of ['', '\n', '\n\n \n', '# only a comment\n']) {
      expect(await parseYaml(text)).toEqual({ spans: [], skipped: 0, places: [] })
    }
  })

  test('with bytes that are not UTF-8, NUL bytes or rubbish loses those documents only', async () => {
    const bad = Buffer.from(`---\n${one}a: X\n`)
    bad[bad.length - 2] = 0xff
    const file = Buffer.concat([
      ...[
        Buffer.from(`---\n${one}`),
        bad,
        Buffer.from(`---\n${one}a: \0\n---\n\0\0\0\n---\n- a list\n---\njust text\n`),
      ],
      Buffer.from(`---\n${one}`),
    ])
    const { spans, skipped, places } = await parseYaml(file)
    expect(spans).toHaveLength(2)
    expect(skipped).toBe(5)
    expect(places[0]?.reason).toContain('UTF-8')
  })

  test('tells at most ten places', async () => {
    expect(await parseYaml('---\nx: 1\n'.repeat(500))).toMatchObject({ skipped: 500, places: { length: 10 } })
  })

  test('with a document beyond 16 MiB passes it over and reads on', async () => {
    const file = Buffer.concat([
      Buffer.from(`---\n${one}---\n`),
      Buffer.from(`${'x'.repeat(99)}\n`.repeat(180_000)),
      Buffer.from(`---\n${one}---\n${one}`),
    ])
    const { spans, skipped, places } = await parseYaml(file)
    expect({ spans: spans.length, skipped }).toEqual({ spans: 3, skipped: 1 })
    expect(places[0]?.reason).toContain('16 MiB')
  })

  // More than the library is given.
  const size = 3 * 1024 * 1024
  test.each([
    ['text', 'x'.repeat(size), true],
    ['words', 'xy '.repeat(size / 3).trimEnd(), true],
    ['a number', '1'.repeat(size), true],
    ['escapes', `"${'\\n'.repeat(size / 2)}"`, true],
    ['quotes', `'${"''".repeat(size / 2)}'`, true],
    ['a list', `["${'\\n'.repeat(size / 2)}"]`, true],
    ['colons', 'x y:'.repeat(size / 4), false],
    ['escapes that do not end', `"${'\\n'.repeat(size / 2)}`, false],
    ['a list that does not end', `[${'1, '.repeat(size / 3)}`, false],
  ])('with a line of megabytes of %s is read, but what the library would take minutes for', async (_, value, plain) => {
    const after = `---\n${one}`
    const { spans, skipped } = await parseYaml(`---\n${one}a: ${value}\n${after}`)
    expect([spans.length, skipped]).toEqual(plain ? [2, 0] : [1, 1])
    const lines = `name: ${value}\nstart`
    expect((await parseYaml(`---\n${one.replace('start', () => lines)}${after}`)).spans.at(-1)?.name).toBe('')
  })

  test('that begins with many empty lines is read', async () => {
    const text = `${'\n'.repeat(5_000)}x\n---\n${one}...\n${'\n'.repeat(5_000)}x\n---\n${one}`
    expect(await parseYaml(text)).toMatchObject({ spans: [{}, {}], skipped: 2 })
  })

  test('of random bytes never makes it throw', async () => {
    for (let round = 0; round < 100; round++) {
      const bytes = Buffer.from(golden.subarray(0, 3_000))
      for (let edit = 0; edit < 30; edit++) bytes[Math.floor(Math.random() * 3_000)] = Math.floor(Math.random() * 256)
      await expect(parseYaml(bytes)).resolves.toBeDefined()
    }
  })
})
