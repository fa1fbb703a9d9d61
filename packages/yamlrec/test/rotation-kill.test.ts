import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from '@jest/globals'
import { yamlReader } from '../src/index.js'

const folder = mkdtempSync(join(tmpdir(), 'rotation-kill-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'traces.yaml')
/** How many processes are killed. */
const KILLS = process.env['TRACE_TEST_LONG'] === '1' ? 100 : 20
const WRITERS = 3

/** Records without a pause, spans of its own kind, and prints how many a flush has confirmed. */
const program = (kind: number): string => `
  import { writeSync } from 'node:fs'
  import { createTracer } from ${JSON.stringify(import.meta.resolve('@trace/core'))}
  import { yamlRecorder } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)}
  process.stdin.resume().on('end', () => process.exit())
  const path = ${JSON.stringify(path)}
  const recorder = yamlRecorder({ path, maxBytes: 20_000, keepFiles: 1_000_000, gzip: true })
  const tracer = createTracer({ service: 'writer', recorder })
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

test('each span that a flush has confirmed is read once, though three writers of one file were killed at any moment', async () => {
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
})
