import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, jest, test } from '@jest/globals'
import type { Span } from '@trace/core'
import { spanFromJsonLine, spanToJsonLine } from '@trace/jsonrec'
import { dynamoRecorder } from '../../src/index.js'
import { Spool } from '../../src/spool/spool.js'
import { aSpan, failureOf, fastClock, idsOf, many, runProgram } from '../support/spans.js'

const folder = mkdtempSync(join(tmpdir(), 'spool-'))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0
const newPath = (): string => join(folder, `s${++files}.jsonl`)
const filesOf = (path: string): string[] => readdirSync(folder).filter((file) => join(folder, file).startsWith(path))

/** Reads a spool to its end, as a replay does. */
async function drain(spool: Spool): Promise<{ spans: Span[]; skipped: number }> {
  const all = { spans: [] as Span[], skipped: 0 }
  for (let piece = await spool.next(); piece !== undefined; piece = await spool.next()) {
    all.spans.push(...piece.spans)
    all.skipped += piece.skipped
    spool.settle()
  }
  return all
}

/** The owners of a spool's files were killed some time ago. */
function abandon(path: string): void {
  const ago = new Date(Date.now() - 120_000)
  for (const file of filesOf(path)) utimesSync(join(folder, file), ago, ago)
}

const only = (path: string): string => {
  const [file, ...more] = filesOf(path)
  if (file === undefined || more.length > 0) throw new Error(`expected one file, got ${filesOf(path).join()}`)
  return join(folder, file)
}

describe('a spool', () => {
  test('gives what it was given, oldest first, at most a batch at once, and leaves no file', async () => {
    const path = newPath()
    const spool = new Spool(path, 1e7)
    expect(await spool.next()).toBeUndefined()
    expect(spool.addSync(many(700))).toBe(700)
    expect(spanFromJsonLine(readFileSync(only(path), 'utf8').split('\n')[1] ?? '')).toMatchObject({ spanId: 1n })
    const first = await spool.next()
    expect(first?.spans).toHaveLength(25)
    spool.addSync([aSpan({ spanId: 9_999n })])
    expect(await spool.next()).toBe(first)
    const { spans, skipped } = await drain(spool)
    expect(spans.map(({ spanId }) => Number(spanId))).toEqual([...many(700).map(({ spanId }) => Number(spanId)), 9_999])
    expect(skipped).toBe(0)
    expect(filesOf(path)).toEqual([])
  })

  test('gives again what is unsent of a batch, and that alone', async () => {
    const spool = new Spool(newPath(), 1e7)
    spool.addSync(many(30))
    const { spans = [] } = (await spool.next()) ?? {}
    spool.settle(spans.slice(3, 5))
    expect(idsOf((await spool.next())?.spans ?? [])).toEqual([4, 5])
    spool.settle()
    expect(idsOf((await drain(spool)).spans)).toEqual([26, 27, 28, 29, 30])
  })

  test('is bounded, and gives room back before it is empty', async () => {
    const path = newPath()
    const spool = new Spool(path, 2_000)
    const kept = spool.addSync(many(100))
    expect(kept).toBeGreaterThan(5)
    expect(kept).toBeLessThan(20)
    expect(spool.addSync(many(1))).toBe(0)
    await spool.next()
    expect(spool.addSync(many(1))).toBe(0)
    expect((await drain(spool)).spans).toHaveLength(kept)
    expect(spool.addSync(many(3))).toBe(3)
    const large = new Spool(newPath(), 200_000)
    for (let at = 0; at < 50; at++) large.addSync(many(25))
    const before = large.bytes()
    for (let at = 0; at < 25; at++) {
      await large.next()
      large.settle()
    }
    expect(large.bytes()).toBeLessThan(before * 0.7)
    expect(large.bytes()).toBeGreaterThan(before * 0.3)
  })

  test('is as large as the files of all that share it', () => {
    const path = newPath()
    const [one, other] = [new Spool(path, 20_000), new Spool(path, 20_000)]
    const kept = one.addSync(many(1_000)) + other.addSync(many(1_000))
    const sizes = filesOf(path).map((file) => statSync(join(folder, file)).size)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(20_000)
    expect(kept).toBeGreaterThan(50)
  })

  test('torn anywhere gives every whole span, also those added later', async () => {
    const first = newPath()
    new Spool(first, 1e7).addSync(many(3))
    const whole = readFileSync(only(first))
    for (let length = 0; length <= whole.length; length += 7) {
      const path = newPath()
      writeFileSync(`${path}.1764332643000-0b1c2d3e.0.free`, whole.subarray(0, length))
      const spool = new Spool(path, 1e7)
      spool.addSync([aSpan({ spanId: 4n })])
      // To the same file, so that these do not add up.
      only(path)
      const { spans } = await drain(spool)
      const lines = whole
        .subarray(0, length)
        .toString()
        .split('\n')
        .filter((line) => line.endsWith('}') && typeof spanFromJsonLine(line) !== 'string')
      expect(idsOf(spans)).toEqual([...idsOf(many(lines.length)), 4])
      spool.close()
    }
  })

  test('goes on after a kill where it was, but for the batch that was under way', async () => {
    const path = newPath()
    const killed = new Spool(path, 1e7)
    killed.addSync(many(1_200))
    for (let at = 0; at < 10; at++) {
      await killed.next()
      killed.settle()
    }
    await killed.next()
    appendFileSync(only(path), 'not a span\n{"span_id":')
    killed.addSync([aSpan({ spanId: 5_000n })])
    abandon(path)
    const { spans, skipped } = await drain(new Spool(path, 1e7))
    expect(spans.map(({ spanId }) => spanId)).toEqual([
      ...many(1_200)
        .map(({ spanId }) => spanId)
        .slice(250),
      5_000n,
    ])
    expect(skipped).toBe(2)
    expect(filesOf(path)).toEqual([])
  })

  test('that is closed is left to others, from where it was', async () => {
    const path = newPath()
    const closed = new Spool(path, 1e7)
    closed.addSync(many(60))
    await closed.next()
    closed.settle()
    closed.close()
    expect(idsOf((await drain(new Spool(path, 1e7))).spans)).toEqual(idsOf(many(60)).slice(25))
  })

  test('of several processes is sent once: each sends its own, and one what another has left', async () => {
    const path = newPath()
    const [gone, ...spools] = Array.from({ length: 5 }, () => new Spool(path, 1e7))
    gone?.addSync(many(100))
    abandon(path)
    spools.forEach((spool, at) => void spool.addSync(many(50, { traceId: BigInt(at + 2) })))
    expect(filesOf(path)).toHaveLength(4)
    const drained = await Promise.all(spools.map(drain))
    expect(drained.map(({ spans }) => spans.length).sort()).toEqual([150, 50, 50, 50].sort())
    const keys = drained.flatMap(({ spans }) => spans.map(({ traceId, spanId }) => `${traceId} ${spanId}`))
    expect(new Set(keys).size).toBe(keys.length)
    expect(filesOf(path)).toEqual([])
  })

  test('loses nothing where a living process is taken for gone, whatever it is doing', async () => {
    const path = newPath()
    const [slow, other] = [new Spool(path, 1e7), new Spool(path, 1e7)]
    slow.addSync(many(30))
    abandon(path)
    const taken = await other.next()
    expect(idsOf(taken?.spans ?? [])).toEqual(idsOf(many(25)))
    slow.addSync([aSpan({ spanId: 100n })])
    expect(filesOf(path)).toHaveLength(2)
    await slow.next()
    abandon(path)
    other.settle()
    const { spans } = await drain(other)
    expect(idsOf(spans)).toEqual([26, 27, 28, 29, 30, 100])
    slow.settle()
    expect(await slow.next()).toBeUndefined()
    slow.addSync([aSpan({ spanId: 101n })])
    expect(idsOf((await drain(slow)).spans)).toEqual([101])
    expect(filesOf(path)).toEqual([])
  })

  test('is touched for as long as its owner lives, and not after', async () => {
    const path = newPath()
    const { out, err } = await runProgram(
      `
      import { readdirSync, statSync, utimesSync } from 'node:fs'
      import { join } from 'node:path'
      import { setTimeout as sleep } from 'node:timers/promises'
      const recorder = dynamorec.dynamoRecorder({ table: 'Traces', spool: { path: ${JSON.stringify(path)} } })
      recorder.recordSync([{ spanId: 1n, traceId: 1n, parentId: 0n, process: '', kind: '', name: '', start: 0n, finish: 1n, data: {} }])
      const file = () => {
        const name = readdirSync(${JSON.stringify(folder)}).find((each) => each.startsWith('s${files}.'))
        return join(${JSON.stringify(folder)}, name)
      }
      const ago = new Date(Date.now() - 120_000)
      const isTouched = () => statSync(file()).mtime > ago
      utimesSync(file(), ago, ago)
      while (!isTouched()) await sleep(10)
      await recorder.close()
      utimesSync(file(), ago, ago)
      // Several times as long as until it would be touched again.
      await sleep(300)
      console.log(isTouched())`,
      fastClock(300),
    )
    expect([out, err]).toEqual(['false\n', ''])
  })

  test('of another host is taken over when that has not touched it for a minute', async () => {
    const path = newPath()
    const file = `${path}.1764332643000-0b1c2d3e.0.4711-98765-00000000-2b3c4d5e`
    writeFileSync(file, spanToJsonLine(aSpan()))
    expect(await new Spool(path, 1e7).next()).toBeUndefined()
    abandon(path)
    expect((await new Spool(path, 1e7).next())?.spans).toHaveLength(1)
  })

  test('of an earlier version is sent', async () => {
    const path = newPath()
    writeFileSync(path, spanToJsonLine(aSpan({ spanId: 3n })))
    writeFileSync(`${path}.1764332643000-4711-1`, `\n${spanToJsonLine(aSpan({ spanId: 2n }))}`)
    expect(idsOf((await drain(new Spool(path, 1e7))).spans)).toEqual([2, 3])
    expect(filesOf(path)).toEqual([])
  })

  test('leaves alone what only looks like its files', async () => {
    const path = newPath()
    const others = ['.gz', '.1764332643000-0b1c2d3e.0.free.bak', '.1764332643000-0b1c2d3e.x.free', 'x.0']
    for (const each of others) writeFileSync(path + each, spanToJsonLine(aSpan()))
    mkdirSync(`${path}.1764332643000-0b1c2d3e.0.free`)
    expect(await new Spool(path, 1e7).next()).toBeUndefined()
    expect(filesOf(path)).toHaveLength(5)
  })

  test('is where it was, wherever the process goes', async () => {
    const before = process.cwd()
    process.chdir(folder)
    const spool = new Spool('relative.jsonl', 1e7)
    try {
      process.chdir(tmpdir())
      spool.addSync(many(2))
    } finally {
      process.chdir(before)
    }
    expect(filesOf(join(folder, 'relative.jsonl'))).toHaveLength(1)
    expect((await drain(spool)).spans).toHaveLength(2)
  })

  test('with lines longer than what is read at once keeps them whole', async () => {
    const spool = new Spool(newPath(), 1e8)
    spool.addSync(many(4, { data: { text: 'x'.repeat(900_000) } }))
    expect(idsOf((await drain(spool)).spans)).toEqual([1, 2, 3, 4])
  })

  test('passes over what is no line at all, however long it is', async () => {
    const path = newPath()
    writeFileSync(path, Buffer.alloc(40_000_000, 'x'))
    appendFileSync(path, `\n${spanToJsonLine(aSpan())}`)
    const { spans, skipped } = await drain(new Spool(path, 1e8))
    expect([spans.length, skipped]).toEqual([1, 3])
  })
})

describe('a record that goes to the spool', () => {
  /** Loaded before the package, which takes the functions of `node:fs` as they are then. Nothing gets to the disk before `letGo`. */
  const slowDisk = `
    import fs from 'node:fs'
    const { fsync } = fs
    globalThis.disk = { seen: [], failure: undefined }
    const gate = new Promise((resolve) => { disk.letGo = resolve })
    fs.fsync = (file, done) => {
      disk.seen.push(fs.fstatSync(file).size)
      gate.then(() => fsync(file, (error) => { disk.seen.push('on disk'); done(disk.failure ?? error) }))
    }`
  const NODE_OPTIONS = `--import data:text/javascript,${encodeURIComponent(slowDisk)}`

  const program = (path: string, then: string): string => `
    const { seen } = disk
    const client = { send: () => Promise.reject(Object.assign(new Error('gone'), { name: 'AccessDeniedException' })) }
    const recorder = dynamorec.dynamoRecorder({ table: 'Traces', client, spool: { path: '${path}' }, logger: { warn: () => {} } })
    const span = { spanId: 1n, traceId: 1n, parentId: 0n, process: 'p', kind: 'k', name: 'n', start: 1n, finish: 2n, data: {} }
    const record = () => recorder.record([span]).then(() => seen.push('recorded'), (error) => seen.push(error.message))
    ${then}
    console.log(JSON.stringify(seen))`

  test('is settled when the disk has it, and not before', async () => {
    const path = newPath()
    const { out } = await runProgram(
      program(
        path,
        `const recording = record()
        while (seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 10))
        await new Promise((resolve) => setTimeout(resolve, 50))
        disk.letGo()
        await recording`,
      ),
      { NODE_OPTIONS },
    )
    expect(JSON.parse(out)).toEqual([statSync(only(path)).size, 'on disk', 'recorded'])
  })

  test('fails where the disk does not take it, and not where the file system cannot say so', async () => {
    const path = newPath()
    const { out } = await runProgram(
      program(
        path,
        `disk.letGo()
        disk.failure = Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO' })
        await record()
        disk.failure = Object.assign(new Error('EINVAL: invalid argument, fsync'), { code: 'EINVAL' })
        await record()`,
      ),
      { NODE_OPTIONS },
    )
    const [, , failed, , , recorded] = JSON.parse(out)
    expect(failed).toContain(`1 unsent: cannot write to the spool ${path}: EIO: i/o error, fsync`)
    expect(recorded).toBe('recorded')
  })
})

describe('a spool that cannot be used', () => {
  const client = { send: () => Promise.reject(Object.assign(new Error('gone'), { name: 'AccessDeniedException' })) }

  test('that is full is told, with the trouble beneath', async () => {
    const spool = { path: newPath(), maxBytes: 2_000 }
    const recorder = dynamoRecorder({ table: 'Traces', client, spool, logger: { warn: () => {} } })
    const error = await failureOf(recorder, many(100))
    expect(error.spans.length).toBeGreaterThan(80)
    expect(error.message).toMatch(
      /^dynamodb\(Traces\): \d+ unsent: the spool .* is full: .*maxBytes; AWS denies access/,
    )
    const tail = await failureOf(recorder, many(1))
    expect(tail.spans).toHaveLength(1)
    expect(() => recorder.recordSync?.(many(2))).toThrow(/is full/)
    await recorder.close?.()
  })

  test('whose folder is missing is told', async () => {
    const spool = { path: join(folder, 'none', 'x.jsonl') }
    const warn = jest.fn()
    const recorder = dynamoRecorder({ table: 'Traces', client, spool, logger: { warn } })
    const error = await failureOf(recorder, many(2))
    expect(error.message).toContain(`cannot write to the spool ${spool.path}: its folder does not exist; create it`)
    expect(idsOf(error.spans)).toEqual([1, 2])
    await recorder.close?.()
    // That spans go there would not be true.
    expect(warn).not.toHaveBeenCalled()
  })

  test('of spans that are refused tells so once, with the first', async () => {
    const path = newPath()
    writeFileSync(path, many(60).map(spanToJsonLine).join(''))
    const warnings: string[] = []
    const logger = { warn: (line: string): void => void warnings.push(line) }
    const send = async (command: { input: object }): Promise<object> => {
      if (JSON.stringify(command.input).includes('"trace_id":{"N":"7"}')) return {}
      throw Object.assign(new Error('no such value'), { name: 'ValidationException' })
    }
    const recorder = dynamoRecorder({ table: 'Traces', client: { send }, spool: { path }, logger })
    await recorder.record([aSpan({ traceId: 7n })])
    while (filesOf(path).length > 0) await new Promise(setImmediate)
    await recorder.close?.()
    expect(warnings).toEqual([
      `trace: dynamodb(Traces): 60 spans of ${path} were refused, and are lost; the first is span 1 of trace 1: ` +
        'ValidationException: no such value',
    ])
  })

  test('of a logger that throws says nothing, and goes on', async () => {
    const spool = { path: newPath() }
    const logger = {
      warn: (): void => {
        throw new Error('logger')
      },
    }
    const recorder = dynamoRecorder({ table: 'Traces', client, spool, logger })
    await recorder.record(many(3))
    await recorder.close?.()
    expect(idsOf((await drain(new Spool(spool.path, 1e7))).spans)).toEqual([1, 2, 3])
  })
})
