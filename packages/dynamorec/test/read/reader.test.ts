import { BatchWriteItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Span } from '@trace/core'
import { dynamoReader, dynamoRecorder, type Item } from '../../src/index.js'
import { type Engine, engineName, reachEngine } from '../support/engine.js'
import { type FaultServer, startFaultServer } from '../support/faults.js'
import { aSpan, idsOf, many } from '../support/spans.js'

let engine: Engine
let server: FaultServer
let counted: DynamoDBClient
beforeAll(async () => {
  engine = await reachEngine()
  server = await startFaultServer(engine.url)
  counted = new DynamoDBClient({ endpoint: server.url })
})
afterAll(async () => {
  counted.destroy()
  await server.close()
  engine.close()
})

async function put(table: string, items: Item[]): Promise<void> {
  const requests = items.map((Item) => ({ PutRequest: { Item } }))
  await engine.client.send(new BatchWriteItemCommand({ RequestItems: { [table]: requests } }))
}

/** An item as the Go package writes it: everything but ids and times is text. */
function originalItem(traceId: number, spanId: number, fields: Item = {}): Item {
  return {
    trace_id: { N: String(traceId) },
    span_id: { N: String(spanId) },
    parent_id: { N: spanId === 1 ? '0' : '1' },
    process: { S: './app:41@host' },
    kind: { S: 'request' },
    name: { S: 'GET /old' },
    start: { S: `2015-10-20T13:14:${10 + spanId}.123456789Z` },
    finish: { S: `2015-10-20T13:14:${10 + spanId}.623456789Z` },
    start_unix: { N: `14453468${50 + spanId}.123457` },
    finish_unix: { N: `14453468${50 + spanId}.623457` },
    elapsed: { N: '0.500000' },
    ...fields,
  }
}

describe('one trace', () => {
  test('of 600 large spans comes back whole, over several pages', async () => {
    const table = await engine.newTable()
    const spans = many(600, { data: { text: 'x'.repeat(4_000) } })
    await dynamoRecorder({ table, concurrency: 8 }).record(spans)
    server.counts.clear()
    const { spans: found, skipped } = await dynamoReader({ table, client: counted }).trace(1n)
    expect(idsOf(found)).toEqual(idsOf(spans))
    expect(skipped).toBe(0)
    expect(server.counts.get('Query')).toBeGreaterThan(2)
  })

  test('of the Go package is read, and what is no span is reported', async () => {
    const table = await engine.newTable()
    const data: Item = { status: { S: '200' }, ok: { S: 'true' }, nothing: { S: '<nil>' } }
    await put(table, [originalItem(42, 1, data), originalItem(42, 2), originalItem(42, 3, { start: { S: 'never' } })])
    const { spans, skipped, places } = await dynamoReader({ table }).trace(42n)
    expect(idsOf(spans)).toEqual([1, 2])
    expect(spans[0]).toMatchObject({ process: './app:41@host', start: 1_445_346_851_123_456_789n })
    expect({ ...spans[0]?.data }).toEqual({ status: '200', ok: 'true', nothing: '<nil>' })
    expect({ skipped, places }).toEqual({
      skipped: 1,
      places: [{ at: 'trace_id 42, span_id 3', reason: 'its start is not an RFC 3339 time' }],
    })
    const { traces } = await dynamoReader({ table }).traces()
    expect(traces).toMatchObject([{ traceId: 42n, spans: 2, name: 'GET /old', duration: 1_500_000_000n }])
  })

  test('leaves out what has expired, everywhere', async () => {
    const table = await engine.newTable({ index: true })
    const start = BigInt(Date.now()) * 1_000_000n
    await dynamoRecorder({ table, expireAfter: 1 }).record([aSpan({ start })])
    const past: Item = {
      expires: { N: String(Math.floor(Date.now() / 1000) - 5) },
      hour_shard: { S: '2026-01-01T00#0' },
    }
    await put(table, [originalItem(1, 7, past), originalItem(9, 1, past)])
    const reader = dynamoReader({ table })
    expect(idsOf((await reader.trace(1n)).spans)).toEqual([2])
    expect((await reader.trace(9n)).spans).toEqual([])
    for (const index of [true, false]) {
      const { traces } = await dynamoReader({ table, index }).traces()
      expect(traces.map(({ traceId, spans }) => [traceId, spans])).toEqual([[1n, 1]])
    }
  })
})

describe('1,200 traces', () => {
  const count = 1_200
  const now = BigInt(Date.now()) * 1_000_000n
  // Over two hours and more, the newest a minute ago; every hundredth failed.
  const startOf = (at: number): bigint => now - 60_000_000_000n - BigInt(at) * 7_000_000_000n
  const spanOf = (at: number): Span =>
    aSpan({
      traceId: BigInt(at + 1),
      start: startOf(at),
      name: `n${at % 10}`,
      // Together more than a page of 1 MB.
      data: { text: 'x'.repeat(900), ...(at % 100 === 50 ? { 'error.type': 'Error' } : {}) },
    })
  let table: string
  beforeAll(async () => {
    table = await engine.newTable({ index: true })
    await dynamoRecorder({ table, concurrency: 8 }).record(Array.from({ length: count }, (_, at) => spanOf(at)))
  }, 240_000)

  const total = (): number => [...server.counts.values()].reduce((sum, each) => sum + each, 0)

  test('recent 20 cost a bounded number of requests with the index', async () => {
    server.counts.clear()
    const { traces, incomplete } = await dynamoReader({ table, client: counted }).traces()
    expect(traces.map(({ traceId }) => Number(traceId))).toEqual(Array.from({ length: 20 }, (_, at) => at + 1))
    expect(incomplete).toBeUndefined()
    // Four parts of an hour, perhaps two hours, perhaps two pages each; one for each trace.
    expect(total()).toBeLessThanOrEqual(20 + 4 * 2 * 2)
    expect(server.counts.get('Scan')).toBeUndefined()
  })

  test('by name and by failure need no more than what they look at', async () => {
    const reader = dynamoReader({ table, client: counted })
    server.counts.clear()
    const named = await reader.traces({ name: 'n3', limit: 5 })
    expect(named.traces.map(({ traceId }) => Number(traceId))).toEqual([4, 14, 24, 34, 44])
    expect(total()).toBeLessThan(60)
    const failed = await reader.traces({ error: true, limit: 3 })
    expect(failed.traces.map(({ traceId }) => Number(traceId))).toEqual([51, 151, 251])
    const ranged = await reader.traces({ from: startOf(1_100), to: startOf(1_097), limit: 10 })
    expect(ranged.traces.map(({ traceId }) => Number(traceId))).toEqual([1_099, 1_100, 1_101])
    expect(ranged.incomplete).toBeUndefined()
  })

  test('are looked through to a bound, which is told', async () => {
    server.counts.clear()
    const { traces, incomplete } = await dynamoReader({ table, client: counted }).traces({ minDuration: 10n ** 15n })
    expect(traces).toEqual([])
    expect(incomplete).toMatch(/^stopped after reading 1000 traces; give a time range/)
    expect(total()).toBeLessThan(1_300)
  })

  test('without the index are scanned to a bound, which is told', async () => {
    const reader = dynamoReader({ table, client: counted, index: false, scanPages: 1 })
    server.counts.clear()
    const { traces, incomplete } = await reader.traces()
    expect(traces).toHaveLength(20)
    expect(incomplete).toMatch(/read only in part, 1 MB of it.*`npx trace-dynamodb create Traces-\d+ --index`/)
    expect(server.counts.get('Scan')).toBe(1)
    expect(total()).toBeLessThanOrEqual(21)
    const whole = await dynamoReader({ table, index: false }).traces()
    expect(whole.traces.map(({ traceId }) => Number(traceId))).toEqual(Array.from({ length: 20 }, (_, at) => at + 1))
    expect(whole.incomplete).toBeUndefined()
  })

  test('older than the hours looked through are found all the same', async () => {
    const old = await engine.newTable({ index: true })
    await dynamoRecorder({ table: old }).record([aSpan({ traceId: 3n }), aSpan({ traceId: 4n, start: now })])
    server.counts.clear()
    const { traces, incomplete } = await dynamoReader({ table: old, client: counted }).traces()
    expect(traces.map(({ traceId }) => traceId)).toEqual([4n, 3n])
    expect(incomplete).toBeUndefined()
    // An index of a few rows is read at once after two hours, perhaps three, without any: one more where an hour ends meanwhile.
    expect(total()).toBeLessThan(30)
    expect((await dynamoReader({ table }).traces({ name: 'nobody' })).incomplete).toBeUndefined()
  })

  test('recorded without the index attribute are found by a scan where the index is empty', async () => {
    const bare = await engine.newTable({ index: true })
    await dynamoRecorder({ table: bare, index: false }).record([aSpan({ traceId: 3n, start: now })])
    const from = now - 1_000n
    for (const query of [{}, { from }, { name: 'GET /' }]) {
      expect((await dynamoReader({ table: bare }).traces(query)).traces).toHaveLength(1)
    }
  })
})

describe('a read', () => {
  test('that gets no answer ends by its time, or by its signal', async () => {
    const table = await engine.newTable()
    server.next = () => 'hang'
    const client = new DynamoDBClient({ endpoint: server.url })
    const reader = dynamoReader({ table, client, requestTimeout: 200 })
    await expect(reader.trace(1n)).rejects.toThrow(/dynamodb\(Traces-\d+\): TimeoutError: no answer within 200 ms/)
    const reason = new Error('enough')
    const controller = new AbortController()
    const slow = dynamoReader({ table, client, requestTimeout: 3_600_000 }).traces({}, { signal: controller.signal })
    setTimeout(() => controller.abort(reason), 50)
    await expect(slow).rejects.toBe(reason)
    server.next = () => 'pass'
    client.destroy()
  })

  test(`is by ${engineName}`, () => {
    expect(engineName).toMatch(/DynamoDB Local|dynalite/)
  })
})
