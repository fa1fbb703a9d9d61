import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'
import type { Span } from '@trace/core'
import { type Database, storeOf } from '../src/database.js'
import { sqliteReader, sqliteRecorder } from '../src/index.js'
import { makeSpan, newPath } from './support/files.js'

const here = fileURLToPath(new URL('..', import.meta.url))

function opened(path: string): Database {
  return storeOf('test', { path }).open('PRAGMA busy_timeout = 0', true)
}

/** Starts a program that finds this package by its name, with the path of a database as its first argument. */
function start(program: string, path: string): { readonly output: Promise<string>; readonly ended: Promise<unknown> } {
  const args = ['--no-warnings', '--input-type=module', '-e', program, path]
  const child = spawn(process.execPath, args, { cwd: here, stdio: ['ignore', 'pipe', 'inherit'] })
  const output = once(child.stdout, 'data').then(([text]) => String(text))
  // What it never prints must not fail a test that does not ask.
  output.catch(() => {})
  return { output, ended: once(child, 'close') }
}

const PREFIX = `
  import { createTracer } from '@trace/core'
  import { sqliteRecorder } from '@trace/example-sqlite'
  const recorder = sqliteRecorder({ path: process.argv[1] })
  const tracer = createTracer({ service: 'child', recorder, batch: 20 })`

describe('the recorder', () => {
  test('replaces the record of a span only by a later one, and a finished one by no open one', async () => {
    const path = newPath()
    const recorder = sqliteRecorder({ path })
    const { finish: _finish, ...rest } = makeSpan({ name: 'reopened' })
    await recorder.record([makeSpan({ name: 'first' })])
    await recorder.record([{ ...rest, finish: undefined }])
    expect((await sqliteReader({ path }).trace(2n)).spans).toEqual([makeSpan({ name: 'first' })])
    await recorder.close?.()
  })

  test('stores all of a batch or nothing of it, besides what cannot be written', async () => {
    const database = opened(newPath())
    const recorder = sqliteRecorder({ database })
    await recorder.record([makeSpan({ spanId: 1n })])
    database.exec(`CREATE TRIGGER full BEFORE INSERT ON trace_spans WHEN new.span_id = 3
      BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END`)
    const late = makeSpan({ start: 10n ** 30n })
    const batch = [2n, 3n, 4n].map((spanId) => makeSpan({ spanId }))
    const failure = { message: 'sqlite: cannot record to the database: the disk is full; free some space' }
    await expect(recorder.record([...batch, late])).rejects.toMatchObject(failure)
    expect(() => recorder.recordSync?.(batch)).toThrow(failure.message)
    expect((await sqliteReader({ database }).trace(2n)).spans).toHaveLength(1)
    database.exec('DROP TRIGGER full')
    await expect(recorder.record([...batch, late])).rejects.toMatchObject({ name: 'RecordError', spans: [late] })
    expect((await sqliteReader({ database }).trace(2n)).spans).toHaveLength(4)
    database.close()
  })

  test.each([{ spanId: 0n }, { traceId: 2n ** 64n + 2n }, { spanId: -1n }])('refuses the ids %p', async (ids) => {
    const path = newPath()
    const recorder = sqliteRecorder({ path })
    const wrong = makeSpan(ids)
    const batch = [makeSpan({ spanId: 7n }), wrong]
    const message = `sqlite(${path}): 1 spans cannot be written, and are left out: its ids are not from 1 to 2^64−1`
    await expect(recorder.record(batch)).rejects.toMatchObject({ name: 'RecordError', spans: [wrong], message })
    const { spans, skipped } = await sqliteReader({ path }).trace(2n)
    expect([spans, skipped]).toEqual([[makeSpan({ spanId: 7n })], 0])
    await recorder.close?.()
  })

  test('waits for another program that writes, without stopping the event loop', async () => {
    const path = newPath()
    const recorder = sqliteRecorder({ path })
    await recorder.record([makeSpan({ spanId: 1n })])
    const other = opened(path)
    other.exec('BEGIN IMMEDIATE')
    let isStored = false
    const recorded = Promise.resolve(recorder.record([makeSpan({ spanId: 2n })])).then(() => {
      isStored = true
    })
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(isStored).toBe(false)
    expect((await sqliteReader({ path }).trace(2n)).spans).toHaveLength(1)
    other.exec('COMMIT')
    other.close()
    await recorded
    expect((await sqliteReader({ path }).trace(2n)).spans).toHaveLength(2)
    await recorder.close?.()
  })

  test('gives up after 5 seconds, and says who is in the way', async () => {
    const path = newPath()
    const recorder = sqliteRecorder({ path })
    await recorder.record([makeSpan()])
    const other = opened(path)
    other.exec('BEGIN IMMEDIATE')
    const message = `sqlite(${path}): cannot record to ${path}: another program keeps it locked; end its transaction, or give another path`
    await expect(recorder.record([makeSpan({ spanId: 2n })])).rejects.toMatchObject({ name: 'Error', message })
    other.exec('COMMIT')
    other.close()
    await recorder.record([makeSpan({ spanId: 3n })])
    expect((await sqliteReader({ path }).trace(2n)).spans.map(({ spanId }) => spanId)).toEqual([1n, 3n])
    await recorder.close?.()
  })

  test('waits for a transaction that the program has begun in the database that it handed in', async () => {
    const database = opened(newPath())
    const recorder = sqliteRecorder({ database })
    database.exec('CREATE TABLE users (name TEXT); BEGIN; INSERT INTO users VALUES (1)')
    const recorded = recorder.record([makeSpan()])
    await new Promise((resolve) => setTimeout(resolve, 30))
    database.exec('ROLLBACK')
    await recorded
    expect((await sqliteReader({ database }).trace(2n)).spans).toEqual([makeSpan()])
    expect(database.prepare('SELECT * FROM users').all()).toEqual([])
    database.close()
  })

  test('leaves a table of the same name alone', async () => {
    const database = opened(newPath())
    database.exec('CREATE TABLE Trace_Spans (name TEXT)')
    const message =
      'sqlite: cannot record to the database: it has a table trace_spans of another form; give another database'
    await expect(sqliteRecorder({ database }).record([makeSpan()])).rejects.toMatchObject({ message })
    expect(database.prepare('SELECT * FROM trace_spans').all()).toEqual([])
    database.close()
  })
})

describe('of several processes', () => {
  test('two write to one file at once, and lose nothing', async () => {
    const path = newPath()
    const program = `${PREFIX}
      for (let at = 0; at < 40; at++) {
        for (let each = 0; each < 25; each++) tracer.span('task', 'one', () => {})
        await tracer.flush()
      }
      const { left } = await tracer.close()
      console.log(tracer.stats().recorded, left)`
    const children = [start(program, path), start(program, path)]
    expect(await Promise.all(children.map(({ output }) => output))).toEqual(['1000 0\n', '1000 0\n'])
    await Promise.all(children.map(({ ended }) => ended))
    const { traces, skipped } = await sqliteReader({ path }).traces({ limit: 5_000 })
    expect([traces.length, skipped]).toEqual([2_000, 0])
  })

  test('one that exits stores what is queued', async () => {
    const path = newPath()
    const program = `${PREFIX}
      tracer.trace('task', 'last', () => {}, { traceId: 2n })
      process.exit()`
    await start(program, path).ended
    const names = ({ spans }: { readonly spans: readonly Span[] }): string[] => spans.map(({ name }) => name)
    expect(names(await sqliteReader({ path }).trace(2n))).toEqual(['last'])
  })

  test('one that exits waits for another that writes', async () => {
    const path = newPath()
    const program = `${PREFIX}
      await recorder.record([${'{'} ...${JSON.stringify({ process: '', kind: '', name: '' })},
        spanId: 1n, traceId: 2n, parentId: 0n, start: 1n, finish: 2n, data: {} }])
      const { createRequire } = await import('node:module')
      const Driver = process.getBuiltinModule('node:sqlite')?.DatabaseSync ?? createRequire(import.meta.url)('libsql')
      const database = new Driver(process.argv[1])
      database.exec('BEGIN IMMEDIATE')
      console.log('locked')
      setTimeout(() => database.exec('COMMIT'), 100)`
    const child = start(program, path)
    expect(await child.output).toBe('locked\n')
    const recorder = sqliteRecorder({ path })
    recorder.recordSync?.([makeSpan({ spanId: 3n })])
    expect((await sqliteReader({ path }).trace(2n)).spans).toHaveLength(2)
    await Promise.all([child.ended, recorder.close?.()])
  })
})
