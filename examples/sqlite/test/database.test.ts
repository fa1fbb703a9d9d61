import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'
import { type SqliteOptions, sqliteReader, sqliteRecorder } from '../src/index.js'
import { folder, makeSpan, newPath } from './support/files.js'

const packages = fileURLToPath(new URL('../../../packages', import.meta.url))
const NO_DATABASE = /it is not an SQLite database, or it is damaged; give another path/

/** Runs as a user who may not do everything, as root may. */
async function asNobody<T>(run: () => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0) return run()
  process.seteuid?.(65_534)
  try {
    return await run()
  } finally {
    process.seteuid?.(0)
  }
}

async function failureOf(run: () => unknown): Promise<string> {
  try {
    await run()
  } catch (error) {
    return String(Reflect.get(Object(error), 'message'))
  }
  return 'no failure'
}

describe('options', () => {
  test.each([
    [{}, 'expected either "path" or "database", got neither'],
    [
      { path: 'x.db', database: { exec() {}, prepare() {}, close() {} } },
      'expected either "path" or "database", got both',
    ],
    [{ path: '' }, 'option "path": expected a string that is not empty'],
    [{ database: {} }, 'option "database": expected a database with the methods exec, prepare and close'],
    [{ file: 'x.db' }, 'unknown option "file"'],
  ])('%j are refused', (options, message) => {
    for (const factory of [sqliteRecorder, sqliteReader]) {
      const expected = expect.objectContaining({ code: 'TRACE_BAD_OPTION', message: expect.stringContaining(message) })
      expect(() => Reflect.apply(factory, undefined, [options])).toThrow(expected)
    }
  })

  test('nothing is opened before the first record', async () => {
    const before = readdirSync(folder)
    const options: SqliteOptions = { path: newPath() }
    const recorder = sqliteRecorder(options)
    await recorder.record([])
    recorder.recordSync?.([])
    await recorder.close?.()
    sqliteReader(options)
    expect(readdirSync(folder)).toEqual(before)
  })

  test('a relative path counts from the folder that is current when the recorder is made', async () => {
    const [first, second] = [join(folder, 'first'), join(folder, 'second')]
    for (const each of [first, second]) mkdirSync(each)
    const home = process.cwd()
    try {
      process.chdir(first)
      const [recorder, reader] = [sqliteRecorder({ path: 'x.db' }), sqliteReader({ path: 'x.db' })]
      process.chdir(second)
      await recorder.record([makeSpan()])
      expect((await reader.trace(2n)).spans).toHaveLength(1)
      await Promise.all([recorder.close?.(), reader.close?.()])
      expect(readdirSync(first)).toContain('x.db')
      expect(readdirSync(second)).toEqual([])
    } finally {
      process.chdir(home)
    }
  })
})

describe('what cannot be opened says why, and what to do', () => {
  const cases: readonly (readonly [string, (path: string) => string, RegExp, RegExp])[] = [
    ['a missing file', (path) => path, /^no failure$/, /there is no such file; check the path, or record something/],
    ['a missing folder', (path) => join(path, 'x.db'), /its folder does not exist; create the folder/, /no such file/],
    ['a folder', (path) => made(path, () => mkdirSync(path)), /it is a folder/, /it is a folder/],
    [
      'another file',
      (path) => made(path, () => writeFileSync(path, 'id\tname\n'.repeat(200))),
      NO_DATABASE,
      NO_DATABASE,
    ],
  ]
  test.each(cases)('%s', async (_what, make, recording, reading) => {
    const path = make(newPath())
    const [recorder, reader] = [sqliteRecorder({ path }), sqliteReader({ path })]
    const failed = await failureOf(() => reader.traces())
    expect(failed).toMatch(reading)
    expect(failed).toContain(`sqlite(${path}): cannot read ${path}: `)
    for (const record of [() => recorder.record([makeSpan()]), () => recorder.recordSync?.([makeSpan()])]) {
      expect(await failureOf(record)).toMatch(recording)
    }
    await recorder.close?.()
  })

  test('a file and a folder without the rights', async () => {
    const closed = join(folder, 'closed')
    mkdirSync(closed)
    const path = join(closed, 'x.db')
    writeFileSync(path, '')
    chmodSync(path, 0o444)
    chmodSync(closed, 0o555)
    // Whoever runs the tests made these for himself alone.
    for (const each of [folder, tmpdir()]) chmodSync(each, statSync(each).mode | 0o055)
    const recording = (to: string) => failureOf(() => sqliteRecorder({ path: to }).record([makeSpan()]))
    try {
      await asNobody(async () => {
        expect(await recording(path)).toMatch(/this user may not write there; allow it, or give another path/)
        expect(await recording(join(closed, 'y.db'))).toMatch(/this user may not open it, or not write to its folder/)
      })
    } finally {
      chmodSync(closed, 0o755)
    }
    chmodSync(path, 0)
    await asNobody(async () => {
      const read = await failureOf(() => sqliteReader({ path }).traces())
      expect(read).toMatch(/cannot read .*: this user may not open it/)
    })
  })

  test('a Node without node:sqlite, where libsql is not installed', () => {
    const modules = join(newPath(), 'node_modules')
    mkdirSync(join(modules, '@trace'), { recursive: true })
    for (const name of ['core', 'jsonrec']) symlinkSync(join(packages, name), join(modules, '@trace', name))
    cpSync(join(packages, '..', 'examples', 'sqlite', 'dist'), join(modules, 'sqlite'), { recursive: true })
    writeFileSync(join(modules, 'sqlite', 'package.json'), '{ "type": "module", "exports": "./index.js" }')
    const program = `
      import { sqliteRecorder } from 'sqlite'
      const getBuiltinModule = process.getBuiltinModule
      process.getBuiltinModule = (id) => (id === 'node:sqlite' ? undefined : getBuiltinModule(id))
      const ids = { spanId: 1n, traceId: 2n, parentId: 0n }
      const span = { ...ids, process: '', kind: '', name: '', start: 1n, finish: 2n, data: {} }
      await sqliteRecorder({ path: 'x.db' }).record([span]).catch(({ message }) => console.log(message))`
    const options = { cwd: join(modules, '..'), encoding: 'utf8' } as const
    expect(execFileSync(process.execPath, ['--input-type=module', '-e', program], options)).toMatch(
      /this Node has no node:sqlite, and the package libsql cannot be loaded; use Node 22\.13 or later, or open the database/,
    )
  })

  test('a recorder goes on when the folder is there', async () => {
    const path = join(newPath(), 'x.db')
    const recorder = sqliteRecorder({ path })
    expect(await failureOf(() => recorder.record([makeSpan()]))).toMatch(/its folder does not exist/)
    mkdirSync(join(path, '..'))
    await recorder.record([makeSpan()])
    expect((await sqliteReader({ path }).trace(2n)).spans).toEqual([makeSpan()])
    await recorder.close?.()
  })
})

function made(path: string, make: () => void): string {
  make()
  return path
}
