import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, test } from '@jest/globals'
import { RecordError, type Span } from '@trace/core'
import { Batch } from '@trace/core/text-file'
import { isFollowed } from '../../core/test/support/followed.js'
import { jsonReader, jsonRecorder, openReader, openRecorder, spanToJsonLine } from '../src/index.js'
import { LineScanner } from '../src/scan.js'
import { makeSpan } from './spans.js'

const folder = mkdtempSync(join(tmpdir(), 'jsonrec-'))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0
const newPath = (): string => join(folder, `${++files}.jsonl`)
const spanOf = (id: number): Span => makeSpan({ spanId: BigInt(id) })
const ids = (spans: readonly Span[]): number[] => spans.map((span) => Number(span.spanId)).sort((a, b) => a - b)

describe('a file', () => {
  test('of the Go package is read whole', async () => {
    const path = new URL('golden/json-v2.jsonl', import.meta.url).pathname
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n').length
    const { traces, skipped } = await jsonReader({ path }).traces({ limit: 1_000 })
    expect([traces.length, skipped]).toEqual([lines, 0])
    const { spans } = await jsonReader({ path }).trace(9223372036854775797n)
    expect(spans[0]?.data['list']).toEqual([1, 'two', 3.5, null, true])
  })

  test('has whole lines, with an empty one before each write', async () => {
    const path = newPath()
    const recorder = jsonRecorder({ path })
    await recorder.record([spanOf(1), spanOf(2)])
    recorder.recordSync?.([spanOf(3)])
    const [one, two, three] = [1, 2, 3].map((id) => spanToJsonLine(spanOf(id)))
    expect(readFileSync(path, 'utf8')).toBe(`\n${one}${two}\n${three}`)
    expect([recorder.name, jsonReader({ path }).name]).toEqual([`json(${path})`, `json(${path})`])
  })

  test('torn at any byte loses no line of the next writer', async () => {
    const path = newPath()
    const torn = spanToJsonLine(spanOf(1))
    for (let cut = 1; cut <= torn.length; cut++) {
      writeFileSync(path, torn.slice(0, cut))
      const whole = cut >= torn.length - 1
      const alone = await jsonReader({ path }).traces()
      const reason = expect.stringMatching(/it is torn: the file ends before its line break, and it is not JSON/)
      const places = whole ? [] : [{ at: 'byte 0', reason }]
      expect(alone).toEqual({ traces: whole ? [expect.anything()] : [], skipped: places.length, places })
      await jsonRecorder({ path }).record([spanOf(2)])
      const { traces, skipped } = await jsonReader({ path }).traces()
      expect([traces[0]?.spans, skipped]).toEqual([whole ? 2 : 1, places.length])
    }
  })

  test('cut short while it is written has exactly those spans that are told', () => {
    const spans = [spanOf(1), spanOf(2), spanOf(3)]
    const whole = new Batch('x', spans, spanToJsonLine).next() ?? Buffer.alloc(0)
    for (let cut = 0; cut < whole.length; cut++) {
      const batch = new Batch('x', spans, spanToJsonLine)
      batch.next()
      batch.wrote(cut)
      const told = expect.objectContaining({
        spans: spans.slice(whole.toString('utf8', 1, cut).split('\n').length - 1),
      })
      expect(() => batch.throwIfNotStored('it is cut')).toThrow(told)
    }
  })

  test('with lines of all sorts gives the spans, and says where the rest is', async () => {
    const path = newPath()
    const text = `\ufeff${spanToJsonLine(spanOf(1)).trim()}\r\n\r\n  \nnothing\n{"a":1}\n${spanToJsonLine(spanOf(2))}\u0000\u0000`
    writeFileSync(path, text)
    const { traces, skipped, places } = await jsonReader({ path }).traces()
    expect([traces[0]?.spans, skipped]).toEqual([2, 3])
    const at = text.indexOf('nothing') + 2
    expect(places.slice(0, 2)).toEqual([
      { at: `byte ${at}`, reason: 'it is not JSON' },
      { at: `byte ${at + 8}`, reason: 'it has no span_id' },
    ])
  })

  test('with a line beyond 16 MiB gives the others', async () => {
    const path = newPath()
    writeFileSync(
      path,
      `${spanToJsonLine(spanOf(1))}{"x":"${'x'.repeat(18 * 1024 * 1024)}"}\n${spanToJsonLine(spanOf(2))}`,
    )
    const { traces, skipped, places } = await jsonReader({ path }).traces()
    expect([traces[0]?.spans, skipped, places[0]?.reason]).toEqual([2, 1, 'it is longer than 16 MiB'])
    expect(ids((await jsonReader({ path }).trace(1n)).spans)).toEqual([1, 2])
  })

  test('that is large gives the same spans, read back from its end in blocks, and has the same torn lines', async () => {
    const path = newPath()
    const isTorn = (id: number): boolean => id % 7 === 3
    const all = Array.from({ length: 12_000 }, (_, at) => at + 1)
    const lines = all.map((id) => {
      const line = spanToJsonLine(makeSpan({ spanId: BigInt(id), data: { text: 'x'.repeat(id % 400) } }))
      return isTorn(id) ? `${line.slice(0, 30 + (id % 40))}\n` : line
    })
    writeFileSync(path, lines.join(''))
    const whole = all.filter((id) => !isTorn(id))
    const { spans } = await jsonReader({ path }).trace(1n)
    expect(ids(spans)).toEqual(whole)
    const { traces, skipped } = await jsonReader({ path, margin: Infinity }).traces()
    expect([traces[0]?.spans, skipped]).toEqual([whole.length, all.length - whole.length])
  })

  test('that cannot be written or read is told', async () => {
    const path = join(folder, 'none', 'x.jsonl')
    const error = await Promise.resolve(jsonRecorder({ path }).record([spanOf(1)])).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(RecordError)
    expect(error).toMatchObject({
      message: expect.stringContaining('its folder does not exist'),
      spans: [{ spanId: 1n }],
    })
    await expect(jsonReader({ path }).traces()).rejects.toMatchObject({ code: 'TRACE_CANNOT_READ' })
  })
})

test('the scanner finds the same lines in chunks of any size, with and without a needle', () => {
  const bytes = Buffer.from('one\n\ntwo 42\nthree42 42\n42\nlonger line 4\n2\nlast 42')
  const linesOf = (chunk: number, needle?: Buffer): [number, string][] => {
    const scanner = new LineScanner({ chunk })
    const found: [number, string][] = []
    for (let at = 0; at <= bytes.length; at += chunk) {
      const part = bytes.subarray(at, at + chunk)
      scanner.room().set(part)
      scanner.filled(part.length)
      const final = at + chunk > bytes.length
      for (const piece of scanner.pieces(final, needle)) found.push([piece.at, piece.bytes.toString()])
    }
    return found
  }
  const all = linesOf(1_000)
  expect(all.map(([, line]) => line).join('\n')).toBe(bytes.toString())
  for (let chunk = 1; chunk < 60; chunk++) {
    expect(linesOf(chunk)).toEqual(all)
    expect(linesOf(chunk, Buffer.from('42'))).toEqual(all.filter(([, line]) => line.includes('42')))
  }
})

test('following gives what arrives, whole, through cuts and replacements', async () => {
  const path = newPath()
  const recorder = jsonRecorder({ path })
  const controller = new AbortController()
  const seen: number[] = []
  await recorder.record([spanOf(1)])
  const following = (async () => {
    for await (const spans of jsonReader({ path }).follow({ signal: controller.signal })) seen.push(...ids(spans))
  })()
  const until = async (count: number): Promise<void> => {
    for (let wait = 0; seen.length < count && wait < 2_000; wait++) await sleep(25)
  }
  await isFollowed(path)
  await recorder.record([spanOf(2)])
  await until(1)
  const line = spanToJsonLine(spanOf(3))
  for (const part of [line.slice(0, 40), line.slice(40, -1), line.slice(-1)]) {
    appendFileSync(path, part)
    await sleep(250)
  }
  await until(2)
  truncateSync(path, 0)
  await sleep(300)
  await recorder.record([spanOf(4)])
  await until(3)
  renameSync(path, `${path}.1`)
  await recorder.record([spanOf(5)])
  await until(4)
  controller.abort()
  await following
  expect(seen).toEqual([2, 3, 4, 5])
})

describe('URLs', () => {
  test.each([
    ['jsonl:traces.jsonl', 'json(traces.jsonl)'],
    ['jsonl:/var/log/a%20b.jsonl', 'json(/var/log/a b.jsonl)'],
    ['jsonl:../x/traces.jsonl', 'json(../x/traces.jsonl)'],
    ['jsonl:50%25.jsonl', 'json(50%.jsonl)'],
  ])('%s is %s', (url, name) => {
    expect([openRecorder(new URL(url)).name, openReader(new URL(url)).name]).toEqual([name, name])
  })

  test.each([
    ['jsonl:', /give the path of a file, as in jsonl:traces/],
    ['jsonl://traces.jsonl', /no \/\/ before a path; write jsonl:traces.jsonl/],
    ['jsonl:a?b=c', /unknown option b; the options are: maxBytes, .*Write a \? of the path as %3F/],
    ['jsonl:a#b', /fragments \(#…\) are not supported; write a # of the path as %23/],
    ['jsonl:50%.jsonl', /as %25/],
  ])('%s is refused', (url, message) => {
    expect(() => openRecorder(new URL(url))).toThrow(message)
    expect(() => openReader(new URL(url))).toThrow(message)
  })

  test('- is standard output, which cannot be read', () => {
    expect(openRecorder(new URL('jsonl:-')).name).toBe('json(stdout)')
    expect(() => openReader(new URL('jsonl:-'))).toThrow('standard output cannot be read')
  })
})

test.each([[undefined], [{}], [{ path: '' }], [{ file: 'x' }]])('options %j are refused', (options) => {
  expect(() => Reflect.apply(jsonRecorder, undefined, [options])).toThrow('jsonRecorder')
  expect(() => Reflect.apply(jsonReader, undefined, [options])).toThrow('jsonReader')
})
