import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { afterAll, expect, test } from '@jest/globals'
import type { Span } from '@trace/core'
import { isAll } from '../../../.config/runs.js'
import { parseYaml, yamlReader } from '../src/index.js'

const folder = mkdtempSync(join(tmpdir(), 'rotation-kill-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'traces.yaml')
/** How many processes are killed. */
const KILLS = process.env['TRACE_TEST_LONG'] === '1' ? 100 : isAll ? 4 : 2
const WRITERS = 3

/**
 * Records without a pause, spans of its own kind, and prints how many a flush has confirmed. One span stays open, and is
 * stored as such before the others begin. The ledger is recorded a thousand times sooner than else: every 60 ms.
 */
const program = (kind: number): string => `
  import { writeSync } from 'node:fs'
  import { syncBuiltinESMExports } from 'node:module'
  import timers from 'node:timers'
  const { setTimeout } = timers
  timers.setTimeout = (run, delay) => setTimeout(run, delay > 10_000 ? delay / 1_000 : delay)
  syncBuiltinESMExports()
  const { createTracer } = await import(${JSON.stringify(import.meta.resolve('@trace/core'))})
  const { yamlRecorder } = await import(${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)})
  process.stdin.resume().on('end', () => process.exit())
  const path = ${JSON.stringify(path)}
  const recorder = yamlRecorder({ path, maxBytes: 20_000, keepFiles: 1_000_000, gzip: true })
  const { record } = recorder
  const openIsStored = new Promise((resolve) => {
    recorder.record = async (spans) => {
      await record(spans)
      if (spans.some(({ name }) => name === 'open')) resolve()
    }
  })
  const tracer = createTracer({ service: 'writer${kind}', recorder, openAfter: 8 })
  tracer.start('${kind}', 'open', { root: true, traceId: 2n }).data.step = 'waits'
  await openIsStored
  for (let count = 0; ; ) {
    for (const end = count + 25; count < end; ) {
      const span = tracer.start('${kind}', String(++count), { root: true, traceId: 1n })
      span.data.text = 'x'.repeat(count % 300)
      span.finish()
    }
    const { left } = await tracer.flush()
    if (left === 0 && tracer.stats().recorded === count) writeSync(1, count + '\\n')
  }`

interface Writer {
  readonly kind: number
  readonly child: ChildProcess
  readonly ended: Promise<number>
  readonly started: Promise<void>
}

function start(kind: number): Writer {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program(kind)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let out = ''
  const started = new Promise<void>((resolve) => {
    child.stdout.on('data', (text) => {
      out += text
      resolve()
    })
    child.once('close', () => resolve())
  })
  const ended = new Promise<number>((resolve) => {
    child.once('close', () => resolve(Math.max(0, ...out.split('\n').slice(0, -1).map(Number))))
  })
  return { kind, child, ended, started }
}

/** All documents of the file and its rotated files, oldest first: those of one writer are in the order in which it wrote them. */
async function documents(): Promise<Span[]> {
  const names = readdirSync(folder)
  const number = (name: string): number => Number(/\.(\d+)/.exec(name.slice('traces.yaml'.length))?.[1] ?? Infinity)
  const plain = new Set(names.filter((name) => /(yaml|\d)$/.test(name)))
  const files = names.filter((name) => plain.has(name) || (name.endsWith('.gz') && !plain.has(name.slice(0, -3))))
  const spans: Span[] = []
  for (const name of files.sort((a, b) => number(a) - number(b))) {
    const bytes = readFileSync(join(folder, name))
    spans.push(...(await parseYaml(name.endsWith('.gz') ? gunzipSync(bytes) : bytes)).spans)
  }
  return spans
}

/** What the ledgers of a writer say, against what stands before the last of them. @returns how many ledgers it has */
function checkLedgers(kind: number, all: readonly Span[]): number {
  const own = all.filter((span) => span.kind === `${kind}` || span.process.startsWith(`writer${kind}:`))
  const ledgers = [...new Map(own.filter((span) => span.kind === 'ledger').map((span) => [span.spanId, span])).values()]
  const last = ledgers.at(-1)
  if (last === undefined) return 0
  const isFinished = (span: Span): boolean => span.kind === `${kind}` && span.finish !== undefined
  const before = new Set(
    own
      .slice(0, own.indexOf(last))
      .filter(isFinished)
      .map(({ name }) => name),
  )
  const sum = (key: string): number => ledgers.reduce((total, { data }) => total + Number(data[key] ?? 0), 0)
  expect({ kind, recorded: sum('recorded'), failed: sum('failed') }).toEqual({ kind, recorded: before.size, failed: 0 })
  expect(last.data['open']).toBeGreaterThanOrEqual(1)
  // All others of those that had started were waiting, at most a batch.
  expect(sum('started') - before.size - Number(last.data['open'])).toBeLessThanOrEqual(25)
  for (const [at, ledger] of ledgers.slice(1).entries()) expect(ledger.start).toBe(ledgers[at]?.finish)
  return ledgers.length
}

test('three writers of one file are killed at any moment: what flushes confirmed and what was open is read, and ledgers are true', async () => {
  const confirmed = new Map<number, number>()
  let last = 0
  const writers = Array.from({ length: WRITERS }, () => start(++last))
  await Promise.all(writers.map(({ started }) => started))
  for (let kill = 0; kill < KILLS; kill++) {
    const at = kill % WRITERS
    await sleep(Math.random() * 60)
    writers[at]?.child.kill('SIGKILL')
    confirmed.set(writers[at]?.kind ?? 0, (await writers[at]?.ended) ?? 0)
    // As if the time had passed that its lock is good for.
    await utimes(`${path}.lock`, 1_000, 1_000).catch(() => {})
    const next = start(++last)
    writers[at] = next
    await next.started
  }
  for (const { child } of writers) child.kill('SIGKILL')
  for (const { kind, ended } of writers) confirmed.set(kind, await ended)
  const { spans } = await yamlReader({ path }).trace(1n)
  const found = new Set(spans.map(({ kind, name }) => `${kind} ${name}`))
  expect(found.size).toBe(spans.length)
  const lost: string[] = []
  for (const [kind, count] of confirmed) {
    for (let name = 1; name <= count; name++) if (!found.has(`${kind} ${name}`)) lost.push(`${kind} ${name}`)
  }
  expect(lost).toEqual([])
  expect([...confirmed.values()].every((count) => count > 0)).toBe(true)
  expect(readdirSync(folder).length).toBeGreaterThan(KILLS)

  const all = await documents()
  const open = (await yamlReader({ path }).trace(2n)).spans
  const isOpen = new Set(open.map(({ kind }) => Number(kind)))
  expect(isOpen.size).toBe(open.length)
  for (const { finish, data } of open) expect([finish, data]).toEqual([undefined, { step: 'waits' }])
  let ledgers = 0
  for (const kind of confirmed.keys()) {
    ledgers += checkLedgers(kind, all)
    expect([kind, isOpen.has(kind)]).toEqual([kind, true])
  }
  expect(ledgers).toBeGreaterThan(WRITERS)
})
