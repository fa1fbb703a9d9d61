import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { dynamoRecorder } from '../../src/index.js'
import { REMEDIES, type Remedy, remedyFor } from '../../src/table/remedy.js'
import { type Engine, reachEngine } from '../support/engine.js'
import { errorAnswer, startFaultServer } from '../support/faults.js'
import { shortenWaits, storedIn } from '../support/flow.js'
import { failureOf, many } from '../support/spans.js'

let engine: Engine
beforeAll(async () => {
  shortenWaits()
  engine = await reachEngine()
})
afterAll(() => engine.close())

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

/** Those that a server tells: codes in capitals, and names of our own, are no such. */
const told = [...REMEDIES].flatMap(([remedy, names]) =>
  names
    .filter(
      (name) => !/^[A-Z_]+$|^(Throttled|NotDynamo|Timeout|Abort|Endpoint|TableNotReady|.*Provider)Error$/.test(name),
    )
    .map((name): [string, Remedy] => [name, remedy]),
)

describe('what the service says', () => {
  /** At the same time as others, since most of it is waiting: with a server and a table of its own. */
  async function trial(name: string, remedy: Remedy): Promise<unknown> {
    const [server, table] = await Promise.all([startFaultServer(engine.url), engine.newTable()])
    const recorder = dynamoRecorder({
      table,
      endpoint: server.url,
      attempts: 5,
      concurrency: 1,
      requestTimeout: 60_000,
    })
    const stored = async (): Promise<number> => (await storedIn(engine, table)).size
    try {
      let left = 1
      // A table that is not found is asked for.
      server.next = (operation) => (operation === 'DescribeTable' || left-- > 0 ? errorAnswer(name) : 'pass')
      const lost = LASTING.has(remedy) ? (await failureOf(recorder, many(25))).spans.length : 0
      const storedAtOnce = await stored()
      await recorder.record(many(25))
      const storedAfter = await stored()
      server.counts.clear()
      server.next = () => errorAnswer(name)
      const { spans, message } = await failureOf(recorder, many(25))
      return {
        name,
        lost,
        storedAtOnce,
        storedAfter,
        tries: server.counts.get('BatchWriteItem'),
        spans: spans.length,
        isLine: !message.includes('\n'),
      }
    } finally {
      await recorder.close?.()
      await server.close()
    }
  }

  test.each([...REMEDIES.keys()])('%s', async (remedy) => {
    const names = told.filter((each) => each[1] === remedy).map(([name]) => name)
    const trials = await Promise.all(names.map((name) => trial(name, remedy)))
    const lost = LASTING.has(remedy) ? 25 : 0
    const expected = { lost, storedAtOnce: 0, storedAfter: 25, tries: TRIES[remedy], spans: 25, isLine: true }
    expect(trials).toEqual(names.map((name) => ({ name, ...expected })))
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
