import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { spanToJsonLine } from '@trace/jsonrec'
import { CREDENTIALS, type Engine, isLong, reachEngine } from '../support/engine.js'
import { type FaultServer, startFaultServer } from '../support/faults.js'
import { storedIn } from '../support/flow.js'
import { fastClock, linesFrom, many, runProgram, startProgram } from '../support/spans.js'

const BATCH = 25
/** Requests under way at once, by default: closing breaks off as many where they take longer than it waits, as on a slow machine. */
const CONCURRENCY = 4

if (isLong) jest.setTimeout(600_000)

let engine: Engine
let server: FaultServer
let table: string
let path: string
let spools = 0
const folder = mkdtempSync(join(tmpdir(), 'spools-'))
beforeAll(async () => {
  engine = await reachEngine()
  server = await startFaultServer(engine.url)
})
beforeEach(async () => {
  server.next = () => 'pass'
  server.writes.clear()
  server.unheard = 0
  requestTimeout = 60_000
  table = await engine.newTable()
  path = join(folder, `s${++spools}.jsonl`)
})
afterAll(async () => {
  await server.close()
  engine.close()
  rmSync(folder, { recursive: true })
})

const spoolFiles = (): string[] => readdirSync(folder).filter((file) => join(folder, file).startsWith(path))
/** How many writes AWS would be paid for. */
const writesPaid = (): number => [...server.writes.values()].reduce((sum, count) => sum + count, 0)

/** What an outage has left behind. */
function leaveSpans(count: number): void {
  writeFileSync(path, many(count).map(spanToJsonLine).join(''))
}

const environment = (): Record<string, string> => ({ ...CREDENTIALS, AWS_ENDPOINT_URL_DYNAMODB: server.url })
/** Milliseconds. */
let requestTimeout: number
const programOf = (body: string): string => `
  const recorder = dynamorec.dynamoRecorder({ table: '${table}', spool: { path: '${path}' }, logger: { warn: () => {} }, attempts: 2, requestTimeout: ${requestTimeout} })
  const tracer = createTracer({ recorder, ledger: false, buffer: 100_000, bufferBytes: 100_000_000, logger: { warn: () => {} } })
  const trace = (count) => { for (let at = 0; at < count; at++) tracer.trace('work', 'w', () => {}) }
  ${body}`
const run = async (body: string): Promise<string> => (await runProgram(programOf(body), environment())).out
const start = (body: string, more = {}): ReturnType<typeof startProgram> =>
  startProgram(programOf(body), { ...environment(), ...more })

/** Until nothing is left in the spool. @returns how many processes that took */
async function sendAll(): Promise<number> {
  let runs = 0
  for (; spoolFiles().length > 0; runs++) await run('trace(1); await tracer.flush(); await tracer.close()')
  return runs
}

describe('a spool', () => {
  test('is sent by short-lived processes, each from where the one before it ended', async () => {
    const count = isLong ? 6_000 : 300
    leaveSpans(count)
    let runs = 0
    let inVain = 0
    while (spoolFiles().length > 0) {
      const before = server.writes.size
      await run('trace(1); await tracer.flush(); await tracer.close()')
      runs++
      // A process that is slow may come to its end before it has sent any of the spool.
      if (server.writes.size <= before + 1) inVain++
      expect(inVain).toBeLessThan(10)
    }
    expect(inVain).toBeLessThan(runs)
    expect((await storedIn(engine, table)).size).toBe(count + runs)
    expect(writesPaid()).toBeLessThanOrEqual(count + runs + server.unheard * BATCH)
  })

  test('is sent once by processes that share it', async () => {
    const count = isLong ? 4_000 : 300
    leaveSpans(count)
    server.next = () => 'refuse'
    // Five times as fast, since they try the table again only after five seconds.
    // Each comes with spans of its own, which go to the spool, and ends when there is nothing in it any more.
    const sharing = Array.from({ length: isLong ? 4 : 3 }, () =>
      start(
        `
        trace(200)
        await tracer.flush({ timeout: 60_000 })
        console.log(tracer.stats().recorded)
        await new Promise((resolve) => process.stdin.once('data', resolve))
        const { readdirSync } = await import('node:fs')
        while (readdirSync(${JSON.stringify(folder)}).some((file) => file.startsWith('s${spools}.'))) {
          trace(1)
          await new Promise((resolve) => setTimeout(resolve, 100))
        }
        await tracer.close()
        console.log(tracer.stats().recorded)
        process.exit()`,
        fastClock(5),
      ),
    )
    await Promise.all(sharing.map(({ child }) => linesFrom(child, 1)))
    server.next = () => 'pass'
    for (const { child } of sharing) child.stdin?.write('\n')
    const ended = await Promise.all(sharing.map(({ promise }) => promise))
    const recorded = ended.map(({ out }) => Number(out.trim().split('\n')[1]))
    // What closing has broken off on a slow machine is in the spool again.
    const runs = await sendAll()
    const all = count + runs + recorded.reduce((sum, each) => sum + each, 0)
    expect((await storedIn(engine, table)).size).toBe(all)
    expect(writesPaid()).toBeLessThanOrEqual(all + server.unheard * BATCH)
    expect(server.unheard).toBeLessThanOrEqual((sharing.length + runs) * CONCURRENCY)
  })

  test('loses nothing to kills at any time, and each kill has one batch sent twice at most', async () => {
    const count = isLong ? 3_000 : 250
    leaveSpans(count)
    let [kills, said] = [0, 0]
    // Until two thirds are stored processes are killed while they send and write; then one is left to end it.
    while (server.writes.size < count * 0.67) {
      server.next = () => (Math.random() < 0.05 ? 'refuse' : 'pass')
      const { child, promise } = start(`
        for (;;) {
          const before = tracer.stats().recorded
          trace(10)
          await tracer.flush({ timeout: 60_000 })
          console.log(tracer.stats().recorded - before)
        }`)
      await linesFrom(child, 1)
      await sleep(Math.random() * 400)
      child.kill('SIGKILL')
      kills++
      const { out } = await promise
      for (const line of out.split('\n').slice(0, -1)) said += Number(line)
    }
    server.next = () => 'pass'
    await sendAll()
    const stored = await storedIn(engine, table)
    expect(many(count).filter(({ spanId }) => !stored.has(spanId))).toEqual([])
    expect(stored.size).toBeGreaterThanOrEqual(count + said)
    const twice = many(count).reduce((sum, { spanId }) => sum + (server.writes.get(String(spanId)) ?? 0) - 1, 0)
    expect(twice).toBeLessThanOrEqual(kills * BATCH)
  })

  test('of a process that is killed while the table is down is as good as in it', async () => {
    server.next = () => 'refuse'
    let said = 0
    for (let kills = 0; kills < (isLong ? 8 : 3); kills++) {
      const { child, promise } = start(`
        for (;;) {
          trace(50)
          await tracer.flush({ timeout: 60_000 })
          console.log(tracer.stats().recorded)
        }`)
      await linesFrom(child, 2)
      await sleep(Math.random() * 100)
      child.kill('SIGKILL')
      said += Number((await promise).out.split('\n').at(-2))
    }
    // One file that is written and one that is to be sent, however many processes there were.
    expect(spoolFiles().length).toBeLessThanOrEqual(2)
    server.next = () => 'pass'
    const runs = await sendAll()
    expect((await storedIn(engine, table)).size).toBeGreaterThanOrEqual(said)
    // Twice only what a process sent whose time was up, on a busy machine, before it heard the answer.
    expect(writesPaid()).toBeLessThanOrEqual(server.writes.size + server.unheard * BATCH)
    expect(server.unheard).toBeLessThanOrEqual(runs * CONCURRENCY)
  })

  test('does not hold up the end of a process while the table is down', async () => {
    leaveSpans(100)
    server.next = () => 'hang'
    requestTimeout = 3_600_000
    const out = await run(`
      trace(10)
      const flushed = await tracer.flush({ timeout: 200 })
      await tracer.close({ timeout: 500 })
      process.once('exit', () => console.log(flushed.left, tracer.stats().started - tracer.stats().recorded))`)
    expect(out).toBe('10 0\n')
    server.next = () => 'pass'
    await sendAll()
    const stored = await storedIn(engine, table)
    expect(many(100).filter(({ spanId }) => !stored.has(spanId))).toEqual([])
    expect(stored.size).toBeGreaterThanOrEqual(111)
  })
})
