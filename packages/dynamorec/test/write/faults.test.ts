import { setTimeout as sleep } from 'node:timers/promises'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { createTracer, type Recorder } from '@trace/core'
import { type DynamoRecorderOptions, dynamoRecorder } from '../../src/index.js'
import { type Engine, isLong, reachEngine } from '../support/engine.js'
import { type Fault, type FaultServer, startFaultServer } from '../support/faults.js'
import { badDay, expectBalanced, flow, shortenWaits, storedIn, watched, watchedClient } from '../support/flow.js'
import { failureOf, idsOf, many } from '../support/spans.js'

let engine: Engine
let server: FaultServer
beforeAll(async () => {
  shortenWaits()
  engine = await reachEngine()
  server = await startFaultServer(engine.url)
})
beforeEach(() => {
  server.next = () => 'pass'
})
afterAll(async () => {
  await server.close()
  engine.close()
})

const recorderFor = (table: string, options: Partial<DynamoRecorderOptions> = {}): Recorder =>
  dynamoRecorder({ table, endpoint: server.url, requestTimeout: 1_000, ...options })

describe('a fault', () => {
  const faults: [Fault, string][] = [
    ['throttle', 'ProvisionedThroughputExceededException'],
    ['fail', 'InternalServerError'],
    ['hang', 'TimeoutError: no answer within 300 ms'],
    ['reset', ''],
    ['refuse', ''],
    ['partial', 'throttled'],
  ]
  test.each(faults)('%s is tried again; for ever, it is told', async (fault, message) => {
    const table = await engine.newTable()
    let left = 3
    server.next = () => (left-- > 0 ? fault : 'pass')
    await recorderFor(table, { requestTimeout: fault === 'hang' ? 300 : 60_000 }).record(many(60))
    expect(await storedIn(engine, table)).toEqual(new Set(many(60).map(({ spanId }) => spanId)))
    if (fault === 'partial') return
    server.next = () => fault
    // So long that it is the fault which is told, however slow the machine.
    const requestTimeout = fault === 'hang' ? 300 : 60_000
    const error = await failureOf(recorderFor(table, { attempts: 2, requestTimeout }), many(60))
    expect(idsOf(error.spans)).toEqual(idsOf(many(60)))
    expect(error.message).toContain(`dynamodb(${table}): 60 unsent: `)
    expect(error.message).toContain(message)
    expect(error.message).not.toContain('\n')
  })

  test.each<Fault>(['throttle', 'hang'])(
    '%s ends when the recorder is closed, and nothing is sent after',
    async (fault) => {
      const table = await engine.newTable()
      const client = new DynamoDBClient({ endpoint: server.url })
      let sent = 0
      const send = (...args: unknown[]): unknown => {
        sent++
        return Reflect.apply(client.send, client, args)
      }
      const arrived = new Promise<void>((resolve) => {
        server.next = () => {
          resolve()
          return fault
        }
      })
      // Without its end it would go on for as long as the test may take.
      const endless = { client: { send }, attempts: 1_000_000, requestTimeout: 3_600_000 }
      const recorder = recorderFor(table, endless)
      const recording = failureOf(recorder, many(60))
      await arrived
      await recorder.close?.()
      expect((await recording).spans).toHaveLength(60)
      const sentByThen = sent
      // Longer than the longest wait before a request is sent again.
      await sleep(250)
      expect(sent).toBe(sentByThen)
      client.destroy()
    },
  )

  test('is told, and not that the recorder was closed, if it came before', async () => {
    let count = 0
    const hanging = new Promise<void>((resolve) => {
      server.next = () => {
        if (++count > 1) resolve()
        return count > 1 ? 'hang' : 'throttle'
      }
    })
    const recorder = recorderFor(await engine.newTable(), { requestTimeout: 3_600_000 })
    const recording = failureOf(recorder, many(2))
    await hanging
    await recorder.close?.()
    expect((await recording).message).toContain('ProvisionedThroughputExceededException')
  })
})

test('spans through every fault and an outage are in the table or counted', async () => {
  const count = isLong ? 20_000 : 3_000
  const table = await engine.newTable()
  const client = watchedClient(server.url)
  const recorder = watched(recorderFor(table, { client, concurrency: 8, requestTimeout: 1_000 }))
  const tracer = createTracer({ recorder, logger: { warn: () => {} }, batch: isLong ? 2_048 : 512 })
  const before = process.memoryUsage().heapUsed
  let requests = 0
  // So many requests that some use up their attempts in it, with which all spans of that record are given up.
  const isOutage = (): boolean => ++requests > 40 && requests < 140
  server.next = () => (isOutage() ? 'refuse' : badDay())
  const most = await flow(tracer, count)
  await tracer.flush({ timeout: 120_000 })
  const stats = tracer.stats()
  expectBalanced(stats)
  expect(stats).toMatchObject({ started: count, queued: 0, inFlight: 0, failed: recorder.lost.size })
  expect(stats.recorded).toBeGreaterThan(count / 10)
  const stored = await storedIn(engine, table)
  for (const spanId of recorder.given) if (!recorder.lost.has(spanId)) expect(stored.has(spanId)).toBe(true)
  expect(client.collisions).toEqual([])
  client.destroy()
  expect(most - before).toBeLessThan(150e6)
  await tracer.close()
}, 600_000)

test('no span is lost while the table is throttled, as long as the queue has room', async () => {
  const count = isLong ? 20_000 : 2_000
  const table = await engine.newTable()
  const warnings: string[] = []
  const logger = { warn: (message: string): void => void warnings.push(message) }
  // So few attempts that the recorder gives spans up again and again.
  const recorder = recorderFor(table, { attempts: 2, concurrency: 8, requestTimeout: 60_000 })
  const tracer = createTracer({ recorder, logger, buffer: count, bufferBytes: 1e9, ledger: false })
  const make = async (some: number): Promise<void> => {
    for (let at = 0; at < some; at++) {
      tracer.start('work', 'w', { root: true }).finish()
      if (at % 100 === 0) await sleep(isLong ? 20 : 2)
    }
  }
  await make(count / 4)
  server.next = () => 'throttle'
  await make(count / 2)
  while (warnings.length === 0) await sleep(10)
  await sleep(isLong ? 2_000 : 200)
  expect(tracer.stats()).toMatchObject({ failed: 0, dropped: 0 })
  server.next = () => 'pass'
  await make(count / 4)
  expect(await tracer.flush({ timeout: 120_000 })).toEqual({ left: 0, lost: 0 })
  expect(tracer.stats()).toMatchObject({ started: count, recorded: count })
  expect((await storedIn(engine, table)).size).toBe(count)
  expect(warnings).toEqual([expect.stringMatching(/not stored yet, and will be tried again: .*Throughput/)])
  await tracer.close()
}, 600_000)

test('spans that no other try may store are lost at once', async () => {
  const tracer = createTracer({ recorder: recorderFor('NoSuchTable'), logger: { warn: () => {} } })
  tracer.trace('work', 'w', () => {})
  expect(await tracer.flush({ timeout: 120_000 })).toEqual({ left: 0, lost: 1 })
  const odd = { send: () => Promise.reject(new TypeError('this span is odd')) }
  const error = await failureOf(dynamoRecorder({ table: 'Traces', client: odd, attempts: 1 }), many(3))
  expect([error.spans.length, error.retry]).toEqual([3, false])
  await tracer.close()
}, 600_000)

test('a client that ignores its signal does not hold up a record', async () => {
  const table = await engine.newTable()
  const deaf = { send: () => new Promise(() => {}) }
  const error = await failureOf(dynamoRecorder({ table, client: deaf, requestTimeout: 50, attempts: 2 }), many(3))
  expect(error.message).toContain('no answer within 50 ms')
})
