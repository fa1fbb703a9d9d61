import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import type { Span } from '@trace/core'
import { spanFromJsonLine } from '@trace/jsonrec'
import { dynamoRecorder } from '../src/index.js'
import { Spool } from '../src/spool.js'
import { aSpan, failureOf, idsOf, many, runProgram } from './spans.js'

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
    spool.stored()
  }
  return all
}

describe('a spool', () => {
  test('gives what it was given, oldest first, and leaves no file', async () => {
    const path = newPath()
    const spool = new Spool(path, 1e7)
    expect(await spool.next()).toBeUndefined()
    expect(spool.addSync(many(700))).toBe(700)
    expect(spanFromJsonLine(readFileSync(path, 'utf8').split('\n')[1] ?? '')).toMatchObject({ spanId: 1n })
    const first = await spool.next()
    spool.addSync([aSpan({ spanId: 9_999n })])
    expect((await spool.next())?.spans).toEqual(first?.spans)
    const { spans, skipped } = await drain(spool)
    expect(spans.map(({ spanId }) => Number(spanId))).toEqual([...many(700).map(({ spanId }) => Number(spanId)), 9_999])
    expect(skipped).toBe(0)
    expect(filesOf(path)).toEqual([])
  })

  test('is bounded', async () => {
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
  })

  test('torn anywhere gives every whole span, also those added later', async () => {
    const path = newPath()
    new Spool(path, 1e7).addSync(many(3))
    const whole = readFileSync(path)
    for (let length = 0; length <= whole.length; length += 7) {
      writeFileSync(path, whole)
      truncateSync(path, length)
      const spool = new Spool(path, 1e7)
      spool.addSync([aSpan({ spanId: 4n })])
      const { spans } = await drain(spool)
      const lines = whole
        .subarray(0, length)
        .toString()
        .split('\n')
        .filter((line) => line.endsWith('}') && typeof spanFromJsonLine(line) !== 'string')
      expect(idsOf(spans)).toEqual([...idsOf(many(lines.length)), 4])
      await spool.close()
    }
  })

  test('is read again from its start after a kill, and what came meanwhile after it', async () => {
    const path = newPath()
    const killed = new Spool(path, 1e7)
    killed.addSync(many(1_200))
    await killed.next()
    killed.stored()
    killed.addSync([aSpan({ spanId: 5_000n })])
    appendFileSync(path, 'not a span\n{"span_id":')
    await killed.close()
    const { spans, skipped } = await drain(new Spool(path, 1e7))
    expect([spans.length, spans.at(-1)?.spanId, skipped]).toEqual([1_201, 5_000n, 2])
    expect(filesOf(path)).toEqual([])
  })

  test('of two processes loses nothing', async () => {
    const path = newPath()
    const [one, other] = [new Spool(path, 1e7), new Spool(path, 1e7)]
    one.addSync(many(2))
    const read = await one.next()
    expect(read?.spans).toHaveLength(2)
    other.addSync([aSpan({ spanId: 3n })])
    const { spans } = await drain(other)
    expect(idsOf(spans)).toEqual([1, 2, 3])
    one.stored()
    expect(await one.next()).toBeUndefined()
    expect(existsSync(path)).toBe(false)
  })

  test('with lines longer than what is read at once keeps them whole', async () => {
    const spool = new Spool(newPath(), 1e8)
    spool.addSync(many(4, { data: { text: 'x'.repeat(900_000) } }))
    expect(idsOf((await drain(spool)).spans)).toEqual([1, 2, 3, 4])
  })
})

describe('a record that goes to the spool', () => {
  /** A program in which nothing gets to the disk before it says so. */
  const program = (path: string, then: string): string => `
    import fs from 'node:fs'
    import { syncBuiltinESMExports } from 'node:module'
    const { fsync } = fs
    const seen = []
    let let_go
    const gate = new Promise((resolve) => { let_go = resolve })
    fs.fsync = (file, done) => {
      seen.push(fs.fstatSync(file).size)
      gate.then(() => fsync(file, (error) => { seen.push('on disk'); done(failure ?? error) }))
    }
    let failure
    syncBuiltinESMExports()
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
        let_go()
        await recording`,
      ),
    )
    expect(JSON.parse(out)).toEqual([readFileSync(path).length, 'on disk', 'recorded'])
  })

  test('fails where the disk does not take it, and not where the file system cannot say so', async () => {
    const path = newPath()
    const { out } = await runProgram(
      program(
        path,
        `let_go()
        failure = Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO' })
        await record()
        failure = Object.assign(new Error('EINVAL: invalid argument, fsync'), { code: 'EINVAL' })
        await record()`,
      ),
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
      /^dynamodb\(Traces\): \d+ unsent: the spool .* is full; .*maxBytes; AWS denies access/,
    )
    const tail = await failureOf(recorder, many(1))
    expect(tail.spans).toHaveLength(1)
    expect(() => recorder.recordSync?.(many(2))).toThrow(/is full/)
    await recorder.close?.()
  })

  test('whose folder is missing is told', async () => {
    const spool = { path: join(folder, 'none', 'x.jsonl') }
    const recorder = dynamoRecorder({ table: 'Traces', client, spool, logger: { warn: () => {} } })
    const error = await failureOf(recorder, many(2))
    expect(error.message).toContain(`cannot write to the spool ${spool.path}: ENOENT`)
    expect(idsOf(error.spans)).toEqual([1, 2])
    await recorder.close?.()
  })
})
