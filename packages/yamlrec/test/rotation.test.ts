import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  closeSync,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from '@jest/globals'
import type { Recorder, Span } from '@trace/core'
import { textRecorder, type Utf8Text } from '@trace/core/text-file'
import { isFollowed } from '../../core/test/support/followed.js'
import { openReader, openRecorder, parseYaml, spanToYaml, yamlReader, yamlRecorder } from '../src/index.js'
import { makeSpan } from './values.js'

const root = mkdtempSync(join(tmpdir(), 'rotation-'))
afterAll(() => rmSync(root, { recursive: true }))
let folders = 0
function newPath(): string {
  const folder = join(root, `${++folders}`)
  mkdirSync(folder)
  return join(folder, 'traces.yaml')
}
const spanOf = (id: number, size = 400): Span => makeSpan({ spanId: BigInt(id), data: { text: 'x'.repeat(size) } })
const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, at) => from + at)
const ids = (spans: readonly Span[]): number[] => spans.map((span) => Number(span.spanId))
const sorted = (list: readonly number[]): number[] => list.toSorted((a, b) => a - b)
const names = (path: string): string[] => readdirSync(join(path, '..')).toSorted()
const storedIn = async (path: string): Promise<number[]> => ids((await parseYaml(readFileSync(path))).spans)
const read = async (path: string): Promise<number[]> => ids((await yamlReader({ path }).trace(1n)).spans)

async function recordEach(recorder: Recorder, from: number, to: number): Promise<void> {
  for (const id of numbers(from, to)) await recorder.record([spanOf(id)])
}

async function until(done: () => boolean): Promise<void> {
  for (let wait = 0; !done() && wait < 1_000; wait++) await sleep(10)
  expect(done()).toBe(true)
}

describe('a file', () => {
  test('is rotated before it grows too large; the oldest are deleted, and the others keep their names', async () => {
    const path = newPath()
    const recorder = yamlRecorder({ path, maxBytes: 2_000, keepFiles: 3 })
    await recordEach(recorder, 1, 9)
    expect(names(path)).toEqual(['traces.yaml', 'traces.yaml.1', 'traces.yaml.2'])
    expect(await storedIn(`${path}.1`)).toEqual([1, 2, 3])
    expect(await storedIn(path)).toEqual([7, 8, 9])
    const { ino } = statSync(`${path}.2`)
    await recordEach(recorder, 10, 18)
    expect(names(path)).toEqual(['traces.yaml', 'traces.yaml.3', 'traces.yaml.4', 'traces.yaml.5'])
    expect(await read(path)).toEqual(numbers(7, 18))
    await recordEach(yamlRecorder({ path, maxBytes: 2_000, keepFiles: 100 }), 19, 21)
    expect(await storedIn(`${path}.6`)).toEqual([16, 17, 18])
    expect(statSync(`${path}.3`).ino).not.toBe(ino)
  })

  test.each(['record', 'recordSync'] as const)('is rotated amid a batch, too: %s', async (method) => {
    const path = newPath()
    await yamlRecorder({ path, maxBytes: 600_000, keepFiles: 9 })[method]?.(numbers(1, 5_000).map((id) => spanOf(id)))
    const files = names(path)
    expect(files.length).toBeGreaterThan(3)
    for (const name of files) expect(statSync(join(path, '..', name)).size).toBeLessThanOrEqual(600_000)
    expect(await read(path)).toEqual(numbers(1, 5_000))
    expect(files.some((name) => name.endsWith('.lock'))).toBe(false)
  })

  test('is rotated when it is too old', async () => {
    const path = newPath()
    await recordEach(yamlRecorder({ path, maxAge: 3_600_000 }), 1, 3)
    expect(names(path)).toEqual(['traces.yaml'])
    await sleep(150)
    const recorder = yamlRecorder({ path, maxAge: 100 })
    await recorder.record([spanOf(4)])
    expect(await storedIn(`${path}.1`)).toEqual([1, 2, 3])
    await sleep(150)
    await recorder.record([spanOf(5)])
    expect(await storedIn(`${path}.2`)).toEqual([4])
  })

  test('that is a link is rotated where it is', async () => {
    const path = newPath()
    const target = newPath()
    symlinkSync(target, path)
    await recordEach(yamlRecorder({ path, maxBytes: 1_000 }), 1, 3)
    expect([names(path), names(target)]).toEqual([['traces.yaml'], ['traces.yaml', 'traces.yaml.1', 'traces.yaml.2']])
    expect(lstatSync(path).isSymbolicLink()).toBe(true)
    expect(await read(path)).toEqual([1, 2, 3])
  })

  test('that another process rotates is written to as it is, unless that one was killed', async () => {
    const path = newPath()
    const recorder = yamlRecorder({ path, maxBytes: 1_000 })
    writeFileSync(`${path}.lock`, '')
    await recordEach(recorder, 1, 3)
    expect(await storedIn(path)).toEqual([1, 2, 3])
    utimesSync(`${path}.lock`, 1_000, 1_000)
    await recordEach(recorder, 4, 5)
    expect(await storedIn(`${path}.1`)).toEqual([1, 2, 3, 4])
    expect(names(path)).toEqual(['traces.yaml', 'traces.yaml.1'])
  })

  test('that cannot be rotated is written to as it is', async () => {
    const path = newPath()
    mkdirSync(`${path}.1000000000000000`)
    writeFileSync(`${path}.999999999999999`, '')
    const warnings: string[] = []
    const listen = (warning: Error): void => void warnings.push(warning.message)
    process.on('warning', listen)
    await recordEach(yamlRecorder({ path, maxBytes: 1_000 }), 1, 4)
    await new Promise(setImmediate)
    process.off('warning', listen)
    expect(await storedIn(path)).toEqual([1, 2, 3, 4])
    expect(warnings).toEqual([])
  })

  test('that is deleted while it is written to is written again', async () => {
    const path = newPath()
    let deletions = 0
    const write = (span: Span, text: Utf8Text): void => {
      // Amid the batch: what comes before it is in the file.
      if (span.spanId === 900n && ++deletions === 1) rmSync(path)
      text.addText(spanToYaml(span))
    }
    for (const method of ['record', 'recordSync'] as const) {
      deletions = 0
      rmSync(path, { force: true })
      await textRecorder({ name: 'test', write }, { path })[method]?.(numbers(1, 1_000).map((id) => spanOf(id)))
      expect(await storedIn(path)).toEqual(numbers(1, 1_000))
    }
    const deleting = (span: Span, text: Utf8Text): void => {
      rmSync(path, { force: true })
      text.addText(spanToYaml(span))
    }
    const always = textRecorder({ name: 'test', write: deleting }, { path })
    await expect(Promise.resolve(always.record(numbers(1, 1_000).map((id) => spanOf(id))))).rejects.toMatchObject({
      message: expect.stringContaining('was deleted 3 times'),
      spans: { length: 1_000 },
      retry: true,
    })
  })

  test('that is about to be compressed while it is written to is written again, to the new file', async () => {
    for (const method of ['record', 'recordSync'] as const) {
      const path = newPath()
      let count = 0
      const write = (span: Span, text: Utf8Text): void => {
        if (span.spanId === 900n && ++count === 1) {
          renameSync(path, `${path}.1`)
          // As the compressor begins, after which it takes nothing more from the file.
          chmodSync(`${path}.1`, 0o444)
        }
        text.addText(spanToYaml(span))
      }
      await textRecorder({ name: 'test', write }, { path })[method]?.(numbers(1, 1_000).map((id) => spanOf(id)))
      expect(await storedIn(path)).toEqual(numbers(1, 1_000))
      // Elsewhere it means nothing.
      chmodSync(path, 0o444)
      if (process.getuid?.() === 0) await yamlRecorder({ path }).record([spanOf(1_001)])
      expect((await storedIn(path)).length).toBe(process.getuid?.() === 0 ? 1_001 : 1_000)
    }
  })

  test('with fsync is read as any other', async () => {
    const path = newPath()
    const recorder = yamlRecorder({ path, fsync: true, maxBytes: 1_000, gzip: true })
    await recorder.record([spanOf(1)])
    recorder.recordSync?.([spanOf(2)])
    await recordEach(recorder, 3, 4)
    await until(() => existsSync(`${path}.2.gz`))
    expect(await read(path)).toEqual([1, 2, 3, 4])
  })
})

test.each(['fdatasync', 'fdatasyncSync'])('what the disk has not taken is not stored: %s', async (call) => {
  const path = newPath()
  const fails = call.endsWith('Sync') ? 'throw error' : 'arguments[1](error)'
  const program = `
    const fs = require('node:fs')
    const error = Object.assign(new Error('no'), { code: 'EIO' })
    fs.${call} = function () { ${fails} }
    const { yamlRecorder } = require(${JSON.stringify(fileURLToPath(new URL('../dist/index.cjs', import.meta.url)))})
    const span = { spanId: 1n, traceId: 1n, parentId: 0n, process: 'p', kind: 'k', name: 'n', start: 1n, finish: 2n, data: {} }
    const recorder = yamlRecorder({ path: ${JSON.stringify(path)}, fsync: true })
    const say = (error) => console.log(JSON.stringify([error.name, error.retry, error.spans.length]))
    ${call.endsWith('Sync') ? 'try { recorder.recordSync([span]) } catch (error) { say(error) }' : 'recorder.record([span]).catch(say)'}`
  const out = execFileSync(process.execPath, ['-e', program], { encoding: 'utf8' })
  expect(JSON.parse(out)).toEqual(['RecordError', true, 1])
})

describe('rotated files', () => {
  test('are compressed, except for the newest', async () => {
    const path = newPath()
    const recorder = yamlRecorder({ path, maxBytes: 1_000, keepFiles: 4, gzip: true })
    await recordEach(recorder, 1, 4)
    await until(() => names(path).join() === 'traces.yaml,traces.yaml.1.gz,traces.yaml.2.gz,traces.yaml.3')
    expect(ids((await parseYaml(gunzipSync(readFileSync(`${path}.2.gz`)))).spans)).toEqual([2])
    expect(await read(path)).toEqual([1, 2, 3, 4])
    expect(ids((await yamlReader({ path: `${path}.2.gz` }).trace(1n)).spans)).toEqual([2])
    await recordEach(recorder, 5, 7)
    await until(
      () => names(path).join() === 'traces.yaml,traces.yaml.3.gz,traces.yaml.4.gz,traces.yaml.5.gz,traces.yaml.6',
    )
    expect(await read(path)).toEqual([3, 4, 5, 6, 7])
    await recorder.close?.()
  })

  test('are deleted, too, if they have just been compressed then', async () => {
    const path = newPath()
    // The compressed file comes under its name at the very moment when it is deleted.
    const program = `
      const { promises } = require('node:fs')
      const { rm, rename } = promises
      const moment = () => {
        let resolve
        const promise = new Promise((done) => (resolve = done))
        return { promise, resolve }
      }
      const [atRename, atRemoval, renamed] = [moment(), moment(), moment()]
      promises.rename = async (from, to) => {
        if (!from.endsWith('.1.gz.tmp')) return rename(from, to)
        atRename.resolve()
        await atRemoval.promise
        try {
          await rename(from, to)
        } finally {
          renamed.resolve()
        }
      }
      promises.rm = async (file, options) => {
        await rm(file, options)
        if (!file.endsWith('.1.gz')) return
        atRemoval.resolve()
        await renamed.promise
      }
      const { yamlRecorder } = require(${JSON.stringify(fileURLToPath(new URL('../dist/index.cjs', import.meta.url)))})
      const span = { spanId: 1n, traceId: 1n, parentId: 0n, process: 'p', kind: 'k', name: 'n', start: 1n, finish: 2n, data: {} }
      const recorder = yamlRecorder({ path: ${JSON.stringify(path)}, maxBytes: 100, keepFiles: 2, gzip: true })
      void (async () => {
        for (let done = 0; done < 3; done++) await recorder.record([span])
        await atRename.promise
        await recorder.record([span])
        await recorder.close()
      })()`
    execFileSync(process.execPath, ['-e', program])
    expect(names(path).filter((name) => name.includes('.1'))).toEqual([])
  })

  test('that a killed process has begun to compress are compressed by the next one', async () => {
    const path = newPath()
    await recordEach(yamlRecorder({ path, maxBytes: 1_000 }), 1, 4)
    for (const number of [1, 2]) writeFileSync(`${path}.${number}.gz.tmp`, 'some')
    utimesSync(`${path}.1.gz.tmp`, 1_000, 1_000)
    const recorder = yamlRecorder({ path, maxBytes: 1_000, gzip: true })
    await recorder.record([spanOf(5)])
    await until(() => existsSync(`${path}.1.gz`))
    await sleep(50)
    expect(names(path)).toEqual(['', '.1.gz', '.2', '.2.gz.tmp', '.3', '.4'].map((ending) => `traces.yaml${ending}`))
    expect(await read(path)).toEqual([1, 2, 3, 4, 5])
  })

  test('of no bytes, as a process leaves that was killed as it rotated, are gzip files too', async () => {
    const path = newPath()
    await recordEach(yamlRecorder({ path, maxBytes: 1_000 }), 1, 3)
    writeFileSync(`${path}.3`, '')
    const recorder = yamlRecorder({ path, maxBytes: 1_000, gzip: true })
    for (const id of [4, 5]) await recorder.record([spanOf(id)])
    await until(() => !existsSync(`${path}.3`))
    expect(gunzipSync(readFileSync(`${path}.3.gz`))).toHaveLength(0)
    expect(await read(path)).toEqual([1, 2, 3, 4, 5])
  })

  test('have what was written to them before they were compressed, unless the writer can see that they are', async () => {
    const path = newPath()
    const text = (id: number, size = 100): string => `\n${spanToYaml(spanOf(id, size))}`
    writeFileSync(
      `${path}.1`,
      numbers(1, 300)
        .map((id) => text(id, 30_000))
        .join(''),
    )
    // As opened before it was rotated.
    const late = openSync(`${path}.1`, 'a')
    await recordEach(yamlRecorder({ path, maxBytes: 1_000 }), 1_001, 1_003)
    let last = 300
    writeSync(late, text(++last))
    const recorder = yamlRecorder({ path, maxBytes: 1_000, gzip: true })
    await recorder.record([spanOf(1_004)])
    for (let isTaken = true; isTaken; ) {
      writeSync(late, text(last + 1))
      isTaken = (fstatSync(late).mode & 0o222) > 0
      if (isTaken) last++
      await sleep(1)
    }
    // The plain file is there, and whole, until the compressed one is.
    expect(existsSync(`${path}.1.gz`) || existsSync(`${path}.1`)).toBe(true)
    closeSync(late)
    await until(() => existsSync(`${path}.2.gz`))
    const { spans } = await parseYaml(gunzipSync(readFileSync(`${path}.1.gz`)))
    expect(new Set(ids(spans)).size).toBe(spans.length)
    expect(ids(spans).slice(0, last)).toEqual(numbers(1, last))
    expect(last).toBeGreaterThan(300)
    await recorder.close?.()
  })

  test('of any other program are one store with the file, and places say in which they are', async () => {
    const path = newPath()
    for (const [ending, id] of [
      ['.2.gz', 1],
      ['.1', 2],
      ['', 3],
    ] as const) {
      const text = `\n${spanToYaml(spanOf(id))}---\nnone: 1\n...\n`
      writeFileSync(path + ending, ending.endsWith('gz') ? gzipSync(text) : text)
      utimesSync(path + ending, 1_000 + id, 1_000 + id)
    }
    for (const other of ['.1.bak', '.x', '-1', '.2.gz.tmp']) writeFileSync(path + other, 'nothing')
    const reader = yamlReader({ path })
    expect(await reader.trace(1n)).toMatchObject({ spans: [{ spanId: 1n }, { spanId: 2n }, { spanId: 3n }] })
    const { traces, skipped, places } = await reader.traces()
    expect([traces[0]?.spans, skipped]).toEqual([3, 3])
    expect(places.map(({ at }) => at.replace(/\d+$/, ''))).toEqual(
      ['.2.gz', '.1', ''].map((ending) => `traces.yaml${ending}, byte `),
    )
    rmSync(path)
    expect(await read(path)).toEqual([1, 2])
  })

  test('are all whose names end in a number, as those of a process id do', async () => {
    const path = newPath()
    for (const id of [1, 2]) await yamlRecorder({ path: `${path}.471${id}` }).record([spanOf(id)])
    const own = path.replace('.yaml', '.4711.yaml')
    await yamlRecorder({ path: own }).record([spanOf(9)])
    await recordEach(yamlRecorder({ path, maxBytes: 500, keepFiles: 3 }), 3, 4)
    expect(names(path)).toEqual(
      ['.4711.yaml', '.yaml', '.yaml.4711', '.yaml.4712', '.yaml.4713'].map((end) => `traces${end}`),
    )
    expect(sorted(await read(path))).toEqual([1, 2, 3, 4])
    expect(await read(`${path}.4711`)).toEqual([1])
    expect(sorted(await read(path.replace('.yaml', '.*.yaml')))).toEqual([9])
    // They are deleted as such, too. A number before the ending is none of these.
    await recordEach(yamlRecorder({ path, maxBytes: 500, keepFiles: 2 }), 5, 5)
    expect(names(path)).toEqual(['.4711.yaml', '.yaml', '.yaml.4713', '.yaml.4714'].map((end) => `traces${end}`))
  })

  test('that are broken are read as far as they go', async () => {
    const path = newPath()
    const packed = gzipSync(
      numbers(1, 5_000)
        .map((id) => `\n${spanToYaml(spanOf(id, id % 400))}`)
        .join(''),
    )
    writeFileSync(`${path}.1`, packed.subarray(0, packed.length - 20))
    writeFileSync(`${path}.2`, Buffer.from('\x1f\x8bnothing', 'latin1'))
    await yamlRecorder({ path }).record([spanOf(6_000)])
    const { spans, places } = await yamlReader({ path }).trace(1n)
    expect(ids(spans).at(-1)).toBe(6_000)
    expect(spans.length).toBeGreaterThan(2_000)
    expect(places.map(({ at, reason }) => `${at.split(',')[0]} ${reason}`).slice(-2)).toEqual([
      expect.stringMatching(/^traces.yaml.1 the rest cannot be unpacked: unexpected end of file/),
      expect.stringMatching(/^traces.yaml.2 the rest cannot be unpacked: /),
    ])
  })

  test('are all there for readers at any moment while they are rotated, compressed and deleted', async () => {
    const path = newPath()
    const recorder = yamlRecorder({ path, maxBytes: 3_000, keepFiles: 1_000, gzip: true })
    await recorder.record([spanOf(1)])
    let recorded = 1
    let over = false
    const reading = (async () => {
      for (let reads = 0; !over || reads < 3; reads++) {
        const before = recorded
        expect(sorted(await read(path)).slice(0, before)).toEqual(numbers(1, before))
      }
    })()
    for (; recorded < 100; recorded++) await recorder.record([spanOf(recorded + 1)])
    over = true
    await reading
    const few = yamlRecorder({ path, maxBytes: 1_000, keepFiles: 1 })
    const more = recordEach(few, 700, 750)
    for (let reads = 0; reads < 20; reads++) expect((await yamlReader({ path }).traces()).skipped).toBe(0)
    await more
    await recorder.close?.()
  })
})

/** The newest is `.1`. */
function rotateLikeOthers(path: string): void {
  for (let number = 8; number >= 1; number--) {
    if (existsSync(`${path}.${number}`)) renameSync(`${path}.${number}`, `${path}.${number + 1}`)
  }
  renameSync(path, `${path}.1`)
}

describe('following', () => {
  test.each([
    ['its recorder', { maxBytes: 1_500, keepFiles: 1_000 }],
    ['its recorder, which compresses', { maxBytes: 1_500, keepFiles: 1_000, gzip: true }],
    ['others', {}],
  ])('gives each span once while %s rotates the file', async (who, limits) => {
    const path = newPath()
    const recorder = yamlRecorder({ path, ...limits })
    await recordEach(recorder, 1, 10)
    const controller = new AbortController()
    const seen: number[] = []
    const following = (async () => {
      for await (const spans of yamlReader({ path }).follow({ signal: controller.signal })) seen.push(...ids(spans))
    })()
    try {
      await isFollowed(path)
      for (const id of numbers(11, 100)) {
        await recorder.record([spanOf(id)])
        if (who === 'others' && id % 25 === 0) rotateLikeOthers(path)
        if (id % 20 === 0) await sleep(20)
      }
      // Of a writer that had opened the file before.
      const late = names(path).findLast((name) => /\d$/.test(name)) ?? ''
      if (who === 'its recorder') appendFileSync(join(path, '..', late), `\n${spanToYaml(spanOf(101))}`)
      else await recorder.record([spanOf(101)])
      await until(() => seen.length >= 91)
      await sleep(300)
    } finally {
      controller.abort()
      await following
    }
    expect(sorted(seen)).toEqual(numbers(11, 101))
    await recorder.close?.()
  })
})

describe('options', () => {
  const bad: [object, RegExp][] = [
    [{ path: 'x', maxBytes: 0 }, /"maxBytes": expected bytes/],
    [{ path: 'x', maxAge: 1.5 }, /"maxAge": expected milliseconds/],
    [{ path: 'x', maxBytes: 1, keepFiles: '5' }, /"keepFiles"/],
    [{ path: 'x', keepFiles: 5 }, /"keepFiles" needs "maxBytes" or "maxAge"/],
    [{ path: 'x', gzip: true }, /"gzip" needs "maxBytes" or "maxAge"/],
    [{ stream: process.stdout, fsync: true }, /"fsync" is for a file/],
  ]
  test.each(bad)('%j are refused', (options, message) => {
    expect(() => Reflect.apply(yamlRecorder, undefined, [options])).toThrow(message)
  })

  test('may be in the URL, which readers take too', async () => {
    const path = newPath()
    const url = new URL(`yaml:${path}?maxBytes=1000&keepFiles=2&maxAge=86400000&gzip=true&fsync=false`)
    await recordEach(openRecorder(url), 1, 5)
    expect(ids((await openReader(url).trace(1n)).spans)).toEqual([3, 4, 5])
  })

  test.each([
    ['yaml:a?maxbytes=5', /unknown option maxbytes; the options are: maxBytes, maxAge, keepFiles, gzip, fsync/],
    ['yaml:a?maxBytes=5k', /option maxBytes: expected a whole number/],
    ['yaml:a?maxBytes=5&maxBytes=6', /the option maxBytes is there twice/],
    ['yaml:a?maxBytes=5&gzip', /option gzip: expected true or false/],
    ['yaml:-?maxBytes=5', /standard output takes none|standard output cannot be read/],
  ])('of the URL %s are refused', (url, message) => {
    expect(() => openRecorder(new URL(url))).toThrow(message)
    expect(() => openReader(new URL(url))).toThrow(message)
  })
})
