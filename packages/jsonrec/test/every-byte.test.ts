import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import type { ReadReport, Span } from '@trace/core'
import { jsonReader, spanFromJsonLine, spanToJsonLine } from '../src/index.js'

const folder = mkdtempSync(join(tmpdir(), 'jsonrec-bytes-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'traces.jsonl')

const written = (id: bigint): string =>
  spanToJsonLine({
    spanId: id,
    traceId: 7n,
    parentId: 0n,
    process: 'users:1@host',
    kind: 'task',
    name: `n${id}`,
    start: 1n,
    finish: 2n,
    data: { id: Number(id) },
  })

async function read(content: string | Buffer): Promise<{ ids: bigint[] } & ReadReport> {
  writeFileSync(path, content)
  const { spans } = await jsonReader({ path }).trace(7n)
  const { skipped, places } = await jsonReader({ path }).traces()
  return { ids: spans.map(({ spanId }: Span) => spanId).sort(), skipped, places }
}

describe('every line of a file is a span or counted', () => {
  const [one, two, three] = [written(1n), written(2n), written(3n)]
  test.each([
    ['lines that were joined', one.trimEnd() + two + three, [3n], 1],
    ['a byte order mark amid joined files', `${one}\ufeff${two}${three}`, [1n, 2n, 3n], 0],
    ['NUL bytes over a line break', `${one.slice(0, -4)}${'\0'.repeat(9)}${two.slice(5)}${three}`, [3n], 1],
    ['Windows line ends', (one + two + two.slice(0, 40)).replaceAll('\n', '\r\n'), [1n, 2n], 1],
    ['empty lines', `\n\n${one}\n \r\n${two}`, [1n, 2n], 0],
  ])('%s', async (_, content, ids, skipped) => {
    expect(await read(content)).toMatchObject({ ids, skipped })
  })

  test('bytes that are not UTF-8', async () => {
    const bytes = Buffer.from(one + two)
    bytes[bytes.indexOf('n1')] = 0xff
    expect(await read(bytes)).toMatchObject({ ids: [2n], skipped: 1, places: [{ reason: 'it is not UTF-8' }] })
  })

  test('a file in UTF-16, or what is appended to one', async () => {
    const little = Buffer.from(`\ufeff${one}${two}`, 'utf16le')
    const UTF_16 = 'it is in UTF-16; convert it, such as by iconv -f UTF-16 -t UTF-8'
    for (const bytes of [little, Buffer.from(little).swap16()]) {
      const { ids, places } = await read(bytes)
      expect(ids).toEqual([])
      expect(places[0]).toEqual({ at: 'byte 0', reason: UTF_16 })
      const both = await read(Buffer.concat([Buffer.from(three), bytes, Buffer.from('\n'), Buffer.from(three)]))
      expect(both.ids).toEqual([3n])
      expect(both.places[0]).toEqual({ at: `byte ${Buffer.byteLength(three)}`, reason: UTF_16 })
    }
  })
})

test('a line that mentions two traces is counted for both', async () => {
  writeFileSync(path, written(1n).trimEnd() + written(2n).replace('"trace_id":"7"', '"trace_id":"8"'))
  for (const traceId of [7n, 8n])
    expect(await jsonReader({ path }).trace(traceId)).toMatchObject({ spans: [], skipped: 1 })
})

test.each(['1e3', '12.0', '1E0', '5.', '-0.0'])('the id %s is none', (id) => {
  for (const key of ['span_id', 'trace_id', 'parent_id']) {
    expect(typeof spanFromJsonLine(written(1n).replace(new RegExp(`"${key}":"\\d+"`), `"${key}":${id}`))).toBe('string')
  }
})

test('an integer is an id, and fractions under such names in data stay what they are', () => {
  const line = written(1n)
    .replace('"span_id":"1"', '"span_id":12')
    .replace('"data":{"id":1}', '"data":{"id":1.5,"inner":{"span_id":2.0,"trace_id":9007199254740993,"a":1e3}}')
  const span = spanFromJsonLine(line)
  expect(span).toMatchObject({
    spanId: 12n,
    data: { id: 1.5, inner: { span_id: 2, trace_id: 9007199254740993n, a: 1000 } },
  })
})

test.each([
  ['a field', '"span_id":"1"', '"span_id":"9","span_id":"1"'],
  ['a key of data', '"id":1', '"id":1,"name":2,"id":3'],
  ['a key deep in data', '"id":1', '"id":[{"a":{"b":1,"b":2}}]'],
  ['a key that another writer put before', '"id":1', '"id":1,"data.id":2'],
  ['a key that another writer put after', '"id":1', '"data.id":2,"id":1'],
  ['a key that U+FFFD makes the same', '"id":1', '"\\ud800":1,"\\ufffd":2'],
])('a line that has %s twice is none', (_, key, twice) => {
  expect(typeof spanFromJsonLine(written(1n))).toBe('object')
  expect(spanFromJsonLine(written(1n).replace(key, twice))).toMatch(/^it has .* twice$/)
})
