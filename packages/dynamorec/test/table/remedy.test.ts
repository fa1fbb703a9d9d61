import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { dynamoRecorder } from '../../src/index.js'
import { REMEDIES, type Remedy, remedyFor } from '../../src/table/remedy.js'
import { type Engine, startEngine } from '../support/engine.js'
import { errorAnswer, type FaultServer, startFaultServer } from '../support/faults.js'
import { storedIn } from '../support/flow.js'
import { failureOf, many } from '../support/spans.js'

let engine: Engine
let server: FaultServer
let table: string
beforeAll(async () => {
  engine = await startEngine()
  server = await startFaultServer(engine.url)
})
beforeEach(async () => {
  server.next = () => 'pass'
  server.counts.clear()
  table = await engine.newTable()
})
afterAll(async () => {
  await server.close()
  await engine.stop()
})

/** How often a batch is sent while it fails for ever, of 5 attempts. */
const TRIES: Readonly<Record<Remedy, number>> = {
  again: 5,
  soon: 3,
  wait: 5,
  // Each twice: the second time with credentials that were loaded anew.
  refresh: 6,
  // The whole, and, halved until it is one span, each part.
  refused: 49,
  reload: 1,
  hopeless: 1,
}
const LASTING: ReadonlySet<Remedy> = new Set(['reload', 'hopeless'])

const recorderFor = () =>
  dynamoRecorder({ table, endpoint: server.url, attempts: 5, concurrency: 1, requestTimeout: 60_000 })

/** Those that a server tells: codes in capitals, and names of our own, are no such. */
const told = [...REMEDIES].flatMap(([remedy, names]) =>
  names
    .filter(
      (name) => !/^[A-Z_]+$|^(Throttled|NotDynamo|Timeout|Abort|Endpoint|TableNotReady|.*Provider)Error$/.test(name),
    )
    .map((name): [string, Remedy] => [name, remedy]),
)

describe('what the service says', () => {
  test.each(told)('%s: %s', async (name, remedy) => {
    let left = 1
    // A table that is not found is asked for.
    server.next = (operation) => (operation === 'DescribeTable' || left-- > 0 ? errorAnswer(name) : 'pass')
    const recorder = recorderFor()
    if (LASTING.has(remedy)) {
      expect((await failureOf(recorder, many(25))).spans).toHaveLength(25)
      expect((await storedIn(engine, table)).size).toBe(0)
    }
    await recorder.record(many(25))
    expect((await storedIn(engine, table)).size).toBe(25)
    server.counts.clear()
    server.next = () => errorAnswer(name)
    const { spans, message } = await failureOf(recorder, many(25))
    expect(spans).toHaveLength(25)
    expect(message).not.toContain('\n')
    expect(server.counts.get('BatchWriteItem')).toBe(TRIES[remedy])
    await recorder.close?.()
  })
})

describe('what the network says', () => {
  const codes = [...REMEDIES].flatMap(([remedy, names]) =>
    names.filter((name) => /^[A-Z_]+$/.test(name)).map((code): [string, Remedy] => [code, remedy]),
  )

  test.each(codes)('%s: %s', (code, remedy) => {
    const error = Object.assign(new Error(`it is ${code}`), { code })
    expect(remedyFor(error)).toBe(remedy)
    expect(remedyFor(Object.assign(new AggregateError([error]), { code }))).toBe(remedy)
    expect(remedyFor(new TypeError('fetch failed', { cause: error }))).toBe(remedy)
  })

  test('what nobody knows is tried again', () => {
    for (const error of [undefined, null, 'x', {}, new Error('x'), new TypeError('x'), { name: 7, code: 7 }]) {
      expect(remedyFor(error)).toBe('again')
    }
  })
})
