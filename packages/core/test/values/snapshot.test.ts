import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { buildSync } from 'esbuild'

const folder = mkdtempSync(join(tmpdir(), 'trace-snapshot-'))
const blob = join(folder, 'snapshot.blob')
const told = join(folder, 'told.json')

afterAll(() => rmSync(folder, { recursive: true }))

const PROGRAM = `
  import { writeFileSync } from 'node:fs'
  import { createTracer, generateId } from './index.js'
  const { startupSnapshot } = process.getBuiltinModule('node:v8')
  const stored = []
  const store = (spans) => { for (const span of spans) stored.push(span) }
  const tracer = createTracer({
    service: 'snap',
    logger: { warn() {} },
    warningInterval: 3_600_000,
    recorder: { name: 'snap', record: store, recordSync: store },
  })
  tracer.trace('work', 'early', () => {}, { traceId: -1n })
  generateId()
  startupSnapshot.setDeserializeMainFunction(() => {
    const early = stored.splice(0).map(({ name }) => name)
    const begun = Date.now()
    tracer.trace('work', 'w', () => {})
    const poll = setInterval(() => {
      if (stored.length === 0) return
      clearInterval(poll)
      const [{ traceId, spanId, process: where, start }] = stored
      const ids = [traceId, spanId, ...Array.from({ length: 2_500 }, generateId)].map(String)
      const late = Math.abs(Number(start / 1_000_000n) - begun)
      // No pipe, which may take only a part of it.
      const outcome = { early, where, pid: process.pid, ids, late, stats: tracer.stats() }
      writeFileSync(${JSON.stringify(told)}, JSON.stringify(outcome))
    }, 5)
  })`

interface Outcome {
  readonly early: string[]
  readonly where: string
  readonly pid: number
  readonly ids: string[]
  readonly late: number
  readonly stats: unknown
}

function node(...args: string[]): void {
  const { status, stderr } = spawnSync(process.execPath, args, {
    cwd: folder,
    encoding: 'utf8',
    timeout: 60_000,
  })
  if (status !== 0) throw new Error(`node ended with ${status}: ${stderr}`)
}

function restore(): Outcome {
  rmSync(told, { force: true })
  node('--snapshot-blob', blob, 'main.cjs')
  return JSON.parse(readFileSync(told, 'utf8'))
}

beforeAll(() => {
  const dist = fileURLToPath(new URL('../../dist', import.meta.url))
  const stdin = { contents: PROGRAM, resolveDir: dist }
  buildSync({
    stdin,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    outfile: join(folder, 'main.cjs'),
    logLevel: 'error',
  })
  node('--snapshot-blob', blob, '--build-snapshot', 'main.cjs')
})

describe('processes that start from one startup snapshot', () => {
  test('have ids, a name and a time of their own, and record', () => {
    const [first, second] = [restore(), restore()]
    expect(new Set([...first.ids, ...second.ids]).size).toBe(2 * 2_502)
    for (const { where, pid, late, stats } of [first, second]) {
      expect(where).toMatch(new RegExp(`^snap:${pid}@`))
      expect(late).toBeLessThan(60_000)
      expect(stats).toMatchObject({ queued: 0, open: 0 })
    }
  })

  test('have nothing left to record of the process that made it', () => {
    expect(restore().early).toEqual(['early'])
  })
})
