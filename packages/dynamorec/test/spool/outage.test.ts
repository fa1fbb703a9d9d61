import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { createTracer, type Recorder } from '@trace/core'
import { runs } from '../../../../.config/runs.js'
import { type DynamoRecorderOptions, dynamoReader, dynamoRecorder } from '../../src/index.js'
import { CREDENTIALS, type Engine, isLong, reachEngine } from '../support/engine.js'
import { type FaultServer, startFaultServer } from '../support/faults.js'
import { badDay, flow, shortenWaits, storedIn, watched, watchedClient } from '../support/flow.js'
import { linesFrom, many, runProgram, startProgram } from '../support/spans.js'

let engine: Engine
let server: FaultServer
const folder = mkdtempSync(join(tmpdir(), 'dynamorec-'))
beforeAll(async () => {
  shortenWaits()
  engine = await reachEngine()
  server = await startFaultServer(engine.url)
})
beforeEach(() => {
  server.next = () => 'pass'
})
afterEach(() => void jest.useRealTimers())
afterAll(async () => {
  await server.close()
  engine.close()
  rmSync(folder, { recursive: true })
})

const spoolsOf = (name: string): string[] => readdirSync(folder).filter((file) => file.startsWith(name))

/** For as long as the test may take: a replay is as slow as the machine. */
async function spoolIsGone(name: string): Promise<void> {
  while (spoolsOf(name).length > 0) await sleep(100)
}

const recorderFor = (table: string, options: Partial<DynamoRecorderOptions> = {}): Recorder =>
  dynamoRecorder({ table, endpoint: server.url, requestTimeout: 1_000, ...options })

describe('with a spool', () => {
  test('an outage loses nothing, also while a test has fake timers', async () => {
    // Those of streams and of the SDK go on.
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'performance', 'hrtime', 'Date'] })
    const table = await engine.newTable()
    const warnings: string[] = []
    const logger = { warn: (message: string): void => void warnings.push(message) }
    const path = join(folder, 'outage.jsonl')
    const client = watchedClient(server.url)
    const recorder = watched(recorderFor(table, { client, spool: { path }, attempts: 3, logger }))
    const tracer = createTracer({ recorder, logger, buffer: 40_000 })
    const count = isLong ? 10_000 : runs(2_000)
    let requests = 0
    server.next = () => (++requests < 20 ? 'refuse' : badDay())
    await flow(tracer, count)
    await tracer.flush({ timeout: 120_000 })
    expect(tracer.stats()).toMatchObject({ started: count, recorded: count })
    server.next = () => 'pass'
    await spoolIsGone('outage')
    expect((await storedIn(engine, table)).size).toBe(count)
    await tracer.close()
    expect(warnings[0]).toMatch(/^trace: dynamodb\(.*\): spans go to .*outage.jsonl until the table takes them: /)
    expect(warnings.join('\n')).toMatch(/ \d+ spans of .*outage.jsonl are now in the table/)
    expect(client.collisions).toEqual([])
    client.destroy()
  }, 600_000)

  test('what a killed process spooled is in the table after the next start', async () => {
    const table = await engine.newTable()
    const path = join(folder, 'killed.jsonl')
    const env = { ...CREDENTIALS, AWS_ENDPOINT_URL_DYNAMODB: server.url }
    const common = (options: string): string => `
      const recorder = dynamorec.dynamoRecorder({ table: '${table}', spool: { path: '${path}' }, logger: { warn: () => {} }, ${options} })
      const span = (id) => ({ spanId: BigInt(id), traceId: 1n, parentId: 0n, process: 'p', kind: 'k', name: 'n', start: 1n, finish: 2n, data: {} })
      const batch = (from) => Array.from({ length: 100 }, (_, at) => span(from + at))`
    server.next = () => (Math.random() < 0.5 ? 'refuse' : 'fail')
    let said = 0
    for (let run = 0; run < 3; run++) {
      const from = 1 + run * 1_000_000
      const body = `${common('attempts: 2, requestTimeout: 200')}
        for (let from = ${from}; ; from += 100) {
          await recorder.record(batch(from))
          console.log(from)
          await new Promise((resolve) => setTimeout(resolve, 40))
        }`
      const { child, promise } = startProgram(body, env)
      await linesFrom(child, 5 + run)
      await sleep(run * 17)
      child.kill('SIGKILL')
      const { out } = await promise
      const lines = out
        .trim()
        .split('\n')
        .filter((line) => line !== '')
      said += lines.length
    }
    expect(said).toBeGreaterThanOrEqual(5 + 6 + 7)
    server.next = () => 'pass'
    const body = `${common('attempts: 10')}
      await recorder.record([span(5)])
      const { readdirSync } = await import('node:fs')
      while (readdirSync('${folder}').some((file) => file.startsWith('killed')))
        await new Promise((resolve) => setTimeout(resolve, 100))
      await recorder.close()`
    const { code } = await runProgram(body, env)
    expect(code).toBe(0)
    expect((await storedIn(engine, table)).size).toBeGreaterThanOrEqual(100 * said)
    expect(spoolsOf('killed')).toEqual([])
  }, 600_000)

  test('spans of exit are kept', async () => {
    const table = await engine.newTable()
    const path = join(folder, 'exit.jsonl')
    const body = `
      const recorder = dynamorec.dynamoRecorder({ table: '${table}', spool: { path: '${path}' } })
      const tracer = createTracer({ recorder })
      for (let at = 0; at < 50; at++) tracer.trace('work', 'w', () => {})
      process.exit()`
    await runProgram(body, { ...CREDENTIALS, AWS_ENDPOINT_URL_DYNAMODB: engine.url })
    const recorder = recorderFor(table, { spool: { path }, logger: { warn: () => {} } })
    await recorder.record(many(1))
    await spoolIsGone('exit')
    // With the ledger.
    expect((await storedIn(engine, table)).size).toBe(52)
    await recorder.close?.()
  })

  test('an open span does not replace its finished one', async () => {
    const table = await engine.newTable()
    const [span] = many(1)
    if (span === undefined) throw new Error('no span')
    const path = join(folder, 'open.jsonl')
    server.next = () => 'fail'
    const down = recorderFor(table, { spool: { path }, attempts: 1, logger: { warn: () => {} } })
    await down.record([{ ...span, finish: undefined }])
    // Leaves its file to the next, which need not look whether its owner is still there.
    await down.close?.()
    server.next = () => 'pass'
    await recorderFor(table).record([span])
    const up = recorderFor(table, { spool: { path }, logger: { warn: () => {} } })
    await up.record([{ ...span, spanId: 9n }])
    await spoolIsGone('open')
    await up.close?.()
    expect((await dynamoReader({ table }).trace(1n)).spans.map(({ finish }) => finish)).toEqual([
      span.finish,
      span.finish,
    ])
  })
})
