import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import type { Recorder } from '../../src/contract/recorder.js'
import type { Span } from '../../src/contract/span.js'
import { createTracer } from '../../src/tracing/create-tracer.js'

test('with a recorder ten times too slow, memory is bounded, and the stored ledgers say exactly what is missing', async () => {
  const stored = new Map<bigint, Span>()
  const ledgersIn = (spans: Iterable<Span>): Span[] => [...spans].filter(({ kind }) => kind === 'ledger')
  let calls = 0
  /** Lets the recorder go on. It takes one batch while twenty are made, however slow the machine is. */
  let goOn = (): void => {}
  let isOver = false
  const slow: Recorder = {
    name: 'slow',
    durable: true,
    record: async (spans) => {
      if (!isOver) await new Promise<void>((resolve) => (goOn = resolve))
      // Now and then it stores nothing.
      if (++calls % 7 === 0 && spans.some(({ kind }) => kind !== 'ledger')) throw new Error('no')
      for (const span of spans) stored.set(span.spanId, span)
    },
  }
  const tracer = createTracer({ service: 'users', recorder: slow, buffer: 200, batch: 20, logger: { warn() {} } })
  let made = 0
  // One ledger is recorded after the first loss, and one a second while spans are lost.
  while (ledgersIn(stored.values()).length < 2) {
    for (let i = 0; i < 400; i++) {
      tracer.trace('work', 'w', () => {})
      made++
    }
    const { queued, inFlight } = tracer.stats()
    expect(queued).toBeLessThanOrEqual(200)
    expect(inFlight).toBeLessThanOrEqual(20)
    goOn()
    await sleep(20)
  }
  isOver = true
  goOn()
  const { left, lost } = await tracer.close()
  const spans = [...stored.values()]
  const ledgers = ledgersIn(spans)
  const there = spans.length - ledgers.length
  expect([left, lost]).toEqual([0, made - there])
  expect(there).toBeLessThan(made / 5)
  const sum = (key: string): number => ledgers.reduce((total, { data }) => total + Number(data[key] ?? 0), 0)
  expect({ started: sum('started'), recorded: sum('recorded') }).toEqual({ started: made, recorded: there })
  expect(sum('dropped.queue_full') + sum('failed')).toBe(made - there)
  expect(ledgers.length).toBeGreaterThan(2)
  for (const [at, ledger] of ledgers.slice(1).entries()) expect(ledger.start).toBe(ledgers[at]?.finish)
})
