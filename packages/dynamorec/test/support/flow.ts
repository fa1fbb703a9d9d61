import { setTimeout as sleep } from 'node:timers/promises'
import { DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb'
import { expect, jest } from '@jest/globals'
import { type createTracer, RecordError, type Recorder, type Span, type Stats } from '@trace/core'
import type { Engine } from './engine.js'
import type { Fault } from './faults.js'

/** A client that notes which keys were in flight twice at the same time. */
export function watchedClient(endpoint: string): {
  send: DynamoDBClient['send']
  readonly collisions: string[]
  destroy(): void
} {
  const client = new DynamoDBClient({ endpoint, maxAttempts: 1 })
  const inFlight = new Set<string>()
  const collisions: string[] = []
  const send = async (...args: unknown[]): Promise<unknown> => {
    const [command, options] = args as [{ input: object }, { abortSignal: AbortSignal }]
    const keys = JSON.stringify(command.input).match(/"trace_id":\{"N":"\d+"\},"span_id":\{"N":"\d+"\}/g) ?? []
    for (const key of keys) {
      if (inFlight.has(key)) collisions.push(key)
      inFlight.add(key)
    }
    const release = (): void => keys.splice(0).forEach((key) => void inFlight.delete(key))
    options.abortSignal.addEventListener('abort', release)
    try {
      return await Reflect.apply(client.send, client, args)
    } finally {
      release()
    }
  }
  return { send, collisions, destroy: () => client.destroy() }
}

/** The ids of all spans in a table. */
export async function storedIn(engine: Engine, table: string): Promise<Set<bigint>> {
  const ids = new Set<bigint>()
  const input = { TableName: table, ProjectionExpression: 'span_id' }
  for await (const page of paginateScan({ client: engine.client }, input)) {
    for (const item of page.Items ?? []) ids.add(BigInt(item['span_id']?.N ?? 0))
  }
  return ids
}

/** Remembers which spans were given to a recorder, and which of them it named as not stored when it last got them. */
export function watched(recorder: Recorder): Recorder & { readonly given: Set<bigint>; readonly lost: Set<bigint> } {
  const [given, lost] = [new Set<bigint>(), new Set<bigint>()]
  const record = async (spans: readonly Span[]): Promise<void> => {
    for (const { spanId } of spans) {
      given.add(spanId)
      lost.delete(spanId)
    }
    try {
      await recorder.record(spans)
    } catch (error) {
      if (!(error instanceof RecordError)) throw error
      for (const { spanId } of error.spans) lost.add(spanId)
      throw error
    }
  }
  return { ...recorder, record, given, lost }
}

export function expectBalanced(stats: Stats): void {
  const { started, open, held, unsampled, queued, inFlight, recorded, dropped, failed } = stats
  expect(open + held + unsampled + queued + inFlight + recorded + dropped + failed).toBe(started)
}

/** Lets spans flow through a tracer as fast as its queue takes them. @returns the most memory that was in use, in bytes */
export async function flow(tracer: ReturnType<typeof createTracer>, count: number): Promise<number> {
  let most = 0
  for (let at = 0; at < count; at++) {
    tracer.trace('work', 'w', (span) => {
      span.data['text'] = 'x'.repeat(100)
    })
    if (at % 100 !== 0) continue
    most = Math.max(most, process.memoryUsage().heapUsed)
    await sleep(0)
    const isFull = (): boolean => tracer.stats().queued > 3_500
    // Not for ever: in an outage spans are dropped, as a service would have it.
    for (let waited = 0; isFull() && waited < 20; waited++) await sleep(10)
  }
  return most
}

const { random } = Math

/** Makes the random waits before requests are sent again a tenth as long, up to 200 ms, for a whole test file. */
export function shortenWaits(): void {
  jest.spyOn(Math, 'random').mockImplementation(() => random() / 10)
}

/** Every kind of fault, at the rates of a bad day. */
export function badDay(): Fault {
  const dice = random()
  if (dice < 0.3) return 'throttle'
  if (dice < 0.4) return 'partial'
  if (dice < 0.45) return 'fail'
  if (dice < 0.46) return 'hang'
  if (dice < 0.49) return 'reset'
  return dice < 0.5 ? 'lose answer' : 'pass'
}
