import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from '@jest/globals'
import { memoryRecorder, type Span } from '@trace/core'
import { isFollowed } from '../../core/test/support/followed.js'
import { openReader, spanToYaml, yamlReader, yamlRecorder } from '../src/index.js'
import { makeSpan } from './values.js'

const root = mkdtempSync(join(tmpdir(), 'sources-'))
afterAll(() => rmSync(root, { recursive: true }))
let folders = 0
function newFolder(): string {
  const folder = join(root, `${++folders}`)
  mkdirSync(folder)
  return folder
}
const BASE = 1_448_000_000_000_000_000n
const spanOf = (id: number, parts: Partial<Span> = {}): Span =>
  makeSpan({ spanId: BigInt(id), traceId: 1n, data: { text: 'x'.repeat(100) }, ...parts })
const textOf = (spans: readonly Span[]): string => spans.map((span) => `\n${spanToYaml(span)}`).join('')
const ids = (spans: readonly Span[]): number[] => spans.map((span) => Number(span.spanId)).toSorted((a, b) => a - b)

/** As a container runtime writes a text to the file of its log: long lines in parts, amid lines of another stream. */
function asContainerLog(text: string, part = 40): string {
  const time = '2026-11-28T17:00:00.123456789Z'
  const lines = text
    .split('\n')
    .slice(0, -1)
    .flatMap((line, at) => {
      const parts = line.match(new RegExp(`.{1,${part}}`, 'gsu')) ?? ['']
      const last = parts.pop()
      const cut = parts.map((some) => `${time} stdout P ${some}\n${time} stderr F warning ${at}\n`)
      return [...cut, `${time} stdout F ${last}\n`]
    })
  return lines.join('')
}

describe('several files', () => {
  test('of hosts are one store: by a list, by a path with *, and by URL', async () => {
    const folder = newFolder()
    for (const [at, host] of ['a', 'b', 'c'].entries()) {
      mkdirSync(join(folder, host))
      writeFileSync(join(folder, host, 'traces.yaml'), textOf([spanOf(at + 1)]))
    }
    writeFileSync(join(folder, 'a', 'traces.yaml.1'), textOf([spanOf(10)]))
    writeFileSync(join(folder, 'b', 'traces.yaml.1.gz'), gzipSync(textOf([spanOf(20)])))
    writeFileSync(join(folder, 'c', 'other.txt'), 'nothing')
    const all = [1, 2, 3, 10, 20]
    for (const path of [join(folder, '*', 'traces.yaml'), join(folder, '*', 't*.y*')]) {
      expect(ids((await yamlReader({ path }).trace(1n)).spans)).toEqual(all)
    }
    expect(ids((await openReader(new URL(`yaml:${folder}/*/traces.yaml`)).trace(1n)).spans)).toEqual(all)
    const listed = yamlReader({ path: [join(folder, 'a', 'traces.yaml'), join(folder, 'c', 'traces.yaml')] })
    expect(ids((await listed.trace(1n)).spans)).toEqual([1, 3, 10])
    expect(listed.name).toBe(`yaml(${join(folder, 'a', 'traces.yaml')}, ${join(folder, 'c', 'traces.yaml')})`)
    appendFileSync(join(folder, 'c', 'traces.yaml'), '\n---\nnone: 1\n...\n')
    expect((await listed.traces()).places[0]?.at).toMatch(/c\/traces.yaml, byte \d+$/)
  })

  test('that are large are read back together, from the newest', async () => {
    const folder = newFolder()
    const memory = memoryRecorder({ limit: 1e6 })
    const parts: Span[][] = [[], [], []]
    for (let at = 0; at < 3_000; at++) {
      const start = BASE + BigInt(at) * 1_000_000_000n
      const span = spanOf(at + 1, {
        traceId: BigInt(at + 1),
        start,
        finish: start + 1_000n,
        data: { text: 'x'.repeat(1_600) },
      })
      // Each has its own stretch of time at last.
      parts[at < 1_000 ? at % 3 : Math.floor((at - 1_000) / 667)]?.push(span)
    }
    for (const [at, spans] of parts.entries()) {
      writeFileSync(join(folder, `${at}.yaml`), textOf(spans))
      await memory.record(spans)
    }
    for (const query of [{}, { limit: 1_000 }, { limit: 20_000 }]) {
      const found = await yamlReader({ path: join(folder, '*.yaml') }).traces(query)
      expect(found.traces).toEqual((await memory.traces(query)).traces)
      expect(found.incomplete === undefined).toBe(query.limit === 20_000)
    }
  })

  test('that are missing, or that nothing matches, are told', async () => {
    const folder = newFolder()
    await expect(yamlReader({ path: join(folder, '*.yaml') }).traces()).rejects.toMatchObject({
      code: 'TRACE_CANNOT_READ',
      message: expect.stringContaining('no file matches it'),
    })
    writeFileSync(join(folder, 'a.yaml'), '')
    const path = [join(folder, 'a.yaml'), join(folder, 'b.yaml')]
    await expect(yamlReader({ path }).traces()).rejects.toThrow('there is no such file')
    writeFileSync(join(folder, '*'), textOf([spanOf(1)]))
    expect(ids((await yamlReader({ path: join(folder, '*') }).trace(1n)).spans)).toEqual([1])
    for (const bad of [[], [''], ['a', 5], {}])
      expect(() => Reflect.apply(yamlReader, undefined, [{ path: bad }])).toThrow('"path"')
  })

  test('are followed together, those that come later too', async () => {
    const folder = newFolder()
    const controller = new AbortController()
    const seen: Span[] = []
    const write = (host: string, id: number): void | Promise<void> =>
      yamlRecorder({ path: join(folder, `${host}.yaml`) }).record([spanOf(id)])
    await write('a', 1)
    const following = (async () => {
      const reader = yamlReader({ path: join(folder, '*.yaml') })
      for await (const spans of reader.follow({ signal: controller.signal })) seen.push(...spans)
    })()
    try {
      await isFollowed(join(folder, 'a.yaml'))
      await write('a', 2)
      await write('b', 3)
      renameSync(join(folder, 'a.yaml'), join(folder, 'a.yaml.1'))
      await write('a', 4)
      for (let wait = 0; seen.length < 3 && wait < 5_000; wait++) await sleep(10)
      await sleep(300)
    } finally {
      controller.abort()
      await following
    }
    expect(ids(seen)).toEqual([2, 3, 4])
  })
})

describe("a container runtime's log", () => {
  const spans = Array.from({ length: 3_000 }, (_, at) => spanOf(at + 1, { data: { text: 'é'.repeat(at % 90) } }))

  test.each<[string, (text: string) => string | Buffer]>([
    ['is read without what stands before its lines', (text) => asContainerLog(text)],
    ['is read where it is compressed', (text) => gzipSync(asContainerLog(text))],
    [
      'has lines of the program, too',
      (text) => asContainerLog(`started\n${text.replaceAll('\n\n---', '\nbusy\n\n---')}`, 1_000),
    ],
  ])('%s', async (_, change) => {
    const path = join(newFolder(), '0.log')
    writeFileSync(path, change(textOf(spans)))
    const found = await yamlReader({ path }).trace(1n)
    expect(ids(found.spans)).toEqual(ids(spans))
    expect(found.spans[89]?.data['text']).toBe('é'.repeat(89))
    expect((await yamlReader({ path }).traces()).traces[0]?.spans).toBe(3_000)
  })

  test('is followed', async () => {
    const path = join(newFolder(), '0.log')
    writeFileSync(path, asContainerLog(textOf(spans.slice(0, 10))))
    const controller = new AbortController()
    const seen: Span[] = []
    const following = (async () => {
      for await (const some of yamlReader({ path }).follow({ signal: controller.signal })) seen.push(...some)
    })()
    try {
      await isFollowed(path)
      for (const span of spans.slice(10, 20)) {
        appendFileSync(path, asContainerLog(textOf([span])))
        await sleep(20)
      }
      for (let wait = 0; seen.length < 10 && wait < 5_000; wait++) await sleep(10)
    } finally {
      controller.abort()
      await following
    }
    expect(ids(seen)).toEqual(ids(spans.slice(10, 20)))
  })
})
