import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import type { Recorder } from '../../src/contract/recorder.js'
import type { Span } from '../../src/contract/span.js'
import type { TracerOptions } from '../../src/contract/tracer.js'

/** The interval between warnings, in ms. */
const WARNINGS = 10_000
/** The timers that the tracer has set and that have not fired. */
const timers = new Map<object, { readonly run: () => void; readonly delay: number }>()

jest.unstable_mockModule('../../src/values/timers.js', () => ({
  setTimeout: (run: () => void, delay: number) => {
    const timer = { unref: () => timer }
    timers.set(timer, { run, delay })
    return timer
  },
  clearTimeout: (timer: object) => timers.delete(timer),
  setImmediate,
  monotonic: process.hrtime.bigint,
}))
const { createTracer } = await import('../../src/tracing/create-tracer.js')
const { memoryRecorder } = await import('../../src/store/memory.js')

afterEach(() => timers.clear())

/** Fires the timers, and lets what they begin end. @param longest in ms */
async function fire(longest = Infinity): Promise<void> {
  for (const [timer, { run, delay }] of [...timers]) {
    if (delay > longest || !timers.delete(timer)) continue
    run()
    await sleep(5)
  }
}

const longTimers = (): number[] =>
  [...timers.values()].map(({ delay }) => delay).filter((delay) => delay > 100 && delay !== WARNINGS)

function aTracer(record: Recorder['record'], options: Partial<TracerOptions> = {}) {
  const warn = jest.fn<(message: string) => void>()
  const stored: Span[] = []
  const recorder: Recorder = {
    name: 'test',
    durable: true,
    record: async (spans) => {
      await record(spans)
      stored.push(...spans)
    },
  }
  const tracer = createTracer({ service: 'users', recorder, logger: { warn }, openAfter: false, ...options })
  const ledgers = (): Span[] => stored.filter(({ kind }) => kind === 'ledger')
  return { tracer, warn, stored, ledgers }
}

test('the ledger is recorded a minute after a change, and its timer stops where nothing changes', async () => {
  const { tracer, ledgers } = aTracer(() => {})
  expect(longTimers()).toEqual([])
  tracer.trace('work', 'w', () => {})
  const open = tracer.start('work', 'open')
  expect(longTimers()).toEqual([60_000])
  await fire(100)
  expect(ledgers()).toEqual([])
  await fire()
  expect(ledgers()).toEqual([
    {
      spanId: expect.any(BigInt),
      traceId: expect.any(BigInt),
      parentId: 0n,
      process: tracer.process,
      kind: 'ledger',
      name: 'spans',
      start: expect.any(BigInt),
      finish: expect.any(BigInt),
      data: { started: 2, recorded: 1, open: 1 },
    },
  ])
  expect([...timers]).toEqual([])
  open.finish()
  await fire(100)
  await fire()
  await fire()
  expect(ledgers().map(({ data }) => data)).toEqual([{ started: 2, recorded: 1, open: 1 }, { recorded: 1 }])
  const [first, second] = ledgers()
  expect(second?.start).toBe(first?.finish)
  expect(second?.traceId).not.toBe(first?.traceId)
  expect([...timers]).toEqual([])
})

test('a loss is recorded a second later, with all others of that second', async () => {
  const { tracer, ledgers } = aTracer(() => {}, { buffer: 10 })
  for (let i = 0; i < 100; i++) tracer.trace('work', 'w', () => {})
  expect(longTimers()).toEqual([1_000])
  await fire()
  expect(ledgers().map(({ data }) => data)).toEqual([{ started: 100, recorded: 10, 'dropped.queue_full': 90 }])
})

test('unsampled spans and failures are in it, and the process that gave itself a name', async () => {
  const { tracer, ledgers } = aTracer(
    (spans) => {
      if (spans.some(({ name }) => name === 'bad')) throw new Error('no')
    },
    { sample: (kind) => kind !== 'health', process: 'me' },
  )
  tracer.trace('health', 'h', () => tracer.span('db', 'd', () => {}))
  tracer.trace('work', 'bad', () => {})
  await tracer.flush()
  await fire()
  expect(ledgers()).toMatchObject([{ process: 'me', data: { started: 3, unsampled: 2, failed: 1 } }])
})

test('a ledger that could not be stored is tried again, and covers its interval and the next', async () => {
  let broken = true
  const tried: Span[] = []
  const { tracer, ledgers, warn } = aTracer((spans) => {
    tried.push(...spans.filter(({ kind }) => kind === 'ledger'))
    if (broken && spans[0]?.kind === 'ledger') throw new Error('no')
  })
  tracer.trace('work', 'w', () => {})
  await tracer.flush()
  await fire()
  expect(warn.mock.calls).toEqual([['trace: the ledger could not be stored by test: no']])
  broken = false
  tracer.trace('work', 'w', () => {})
  await tracer.flush()
  await fire()
  expect(tried.map(({ data }) => data)).toEqual([
    { started: 1, recorded: 1 },
    { started: 2, recorded: 2 },
  ])
  expect(ledgers()).toMatchObject([{ spanId: tried[0]?.spanId, traceId: tried[0]?.traceId, start: tried[0]?.start }])
})

describe('close', () => {
  test('records the ledger after the spans, and nothing later', async () => {
    const { tracer, stored } = aTracer(() => sleep(1), { buffer: 3 })
    for (let i = 0; i < 5; i++) tracer.trace('work', 'w', () => {})
    expect(await tracer.close()).toEqual({ left: 0, lost: 2 })
    expect(stored.map(({ kind }) => kind)).toEqual(['work', 'work', 'work', 'ledger'])
    expect(stored.at(-1)?.data).toEqual({ started: 5, recorded: 3, 'dropped.queue_full': 2 })
    tracer.trace('work', 'late', () => {})
    await fire()
    expect(stored.length).toBe(4)
    expect([...timers.values()].filter(({ delay }) => delay !== WARNINGS)).toEqual([])
  })

  test('records no ledger where nothing has happened, or where it is off', async () => {
    const idle = aTracer(() => {})
    await idle.tracer.close()
    expect(idle.stored).toEqual([])
    const off = aTracer(() => {}, { ledger: false })
    off.tracer.trace('work', 'w', () => {})
    await off.tracer.close()
    expect(off.stored.map(({ kind }) => kind)).toEqual(['work'])
  })

  test('says spans that were dropped before, and failed meanwhile, as lost', async () => {
    const { tracer } = aTracer(() => Promise.reject(new Error('no')), { buffer: 3 })
    for (let i = 0; i < 5; i++) tracer.trace('work', 'w', () => {})
    const flushed = tracer.flush()
    tracer.trace('work', 'after', () => {})
    expect(await flushed).toEqual({ left: 0, lost: 5 })
    expect(await tracer.close()).toEqual({ left: 0, lost: 6 })
  })
})

test('a memory store keeps no ledger unless told to', async () => {
  for (const [options, kinds] of [
    [{}, ['work']],
    [{ ledger: true }, ['work', 'ledger']],
  ] as const) {
    const recorder = memoryRecorder()
    const tracer = createTracer({ service: 'users', recorder, ...options })
    tracer.trace('work', 'w', () => {})
    await tracer.close()
    expect(recorder.spans.map(({ kind }) => kind)).toEqual(kinds)
    expect((await recorder.traces()).traces.length).toBe(1)
  }
})
