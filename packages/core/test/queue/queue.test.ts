import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, jest, test } from '@jest/globals'
import type { Recorder } from '../../src/contract/recorder.js'
import type { Span } from '../../src/contract/span.js'
import type { Stats } from '../../src/contract/stats.js'
import type { Tracer, TracerOptions } from '../../src/contract/tracer.js'
import { createTracer } from '../../src/tracing/create-tracer.js'
import { RecordError } from '../../src/values/errors.js'

function aTracer(record: Recorder['record'], options: Partial<TracerOptions> & { recorder?: Recorder } = {}) {
  const warn = jest.fn<(message: string) => void>()
  const recorder: Recorder = { name: 'test', record }
  const tracer = createTracer({ service: 'users', recorder, logger: { warn }, flushTimeout: 200, ...options })
  return { tracer, warn }
}

function expectBalanced(stats: Stats): void {
  const { started, badInput: _, stores: __, ...states } = stats
  expect(Object.values(states).reduce((sum, n) => sum + n, 0)).toBe(started)
  for (const count of Object.values(states)) expect(count).toBeGreaterThanOrEqual(0)
}

/** Makes spans in bursts, and checks the ledger at every turn. */
async function overload(tracer: Tracer, bursts: number, burst: number): Promise<void> {
  const open = []
  for (let turn = 0; turn < bursts; turn++) {
    for (let i = 0; i < burst; i++) {
      const span = tracer.start('work', 'w', { root: true })
      if (i % 10 === 0) open.push(span)
      else span.finish()
      if (i % 50 === 0) expectBalanced(tracer.stats())
    }
    for (const span of open.splice(0, 3)) span.finish()
    await sleep(1)
    expectBalanced(tracer.stats())
  }
}

describe('the ledger balances at every moment', () => {
  test.each<[string, Recorder['record'], Partial<Stats>]>([
    ['a recorder that is slow', () => sleep(20), { failed: 0 }],
    ['a recorder that rejects', () => Promise.reject(new Error('no')), { recorded: 0 }],
    [
      'a recorder that throws',
      () => {
        throw new Error('no')
      },
      { recorded: 0 },
    ],
    ['a recorder that never settles', () => new Promise(() => {}), { recorded: 0, failed: 0, inFlight: 100 }],
    ['a recorder that does nothing', () => {}, { failed: 0 }],
    ['a recorder that stores a part', (spans) => Promise.reject(new RecordError('half', spans.slice(0, 10))), {}],
  ])('%s', async (_what, record, expected) => {
    const { tracer, warn } = aTracer(record, { buffer: 500, batch: 100 })
    await overload(tracer, 20, 400)
    const begun = performance.now()
    await tracer.close()
    expect(performance.now() - begun).toBeLessThan(20_000)
    const stats = tracer.stats()
    expectBalanced(stats)
    expect(stats).toMatchObject({ started: 8_000, queued: 0, ...expected })
    tracer.start('work', 'late').finish()
    tracer.trace('work', 'late', () => {})
    expectBalanced(tracer.stats())
    expect(tracer.stats().dropped).toBe(stats.dropped + 2)
    const messages = warn.mock.calls.map(([message]) => message.replace(/\d+/g, 'N'))
    expect(messages.length).toBeLessThan(10)
    expect(messages.at(-1)).toBe('trace: N span was dropped: finished after the tracer was closed')
  })
})

test('spans named by a RecordError are lost, the others recorded', async () => {
  const { tracer, warn } = aTracer((spans) => {
    throw new RecordError('disk full', [spans[0] as Span, { ...(spans[1] as Span) }])
  })
  for (let i = 0; i < 5; i++) tracer.trace('work', 'w', () => {})
  await tracer.flush()
  expect(tracer.stats()).toMatchObject({ recorded: 3, failed: 2 })
  expect(warn.mock.calls).toEqual([['trace: 2 spans were lost: test: disk full']])
})

test('a full queue is one warning an interval, with the number dropped', async () => {
  const { tracer, warn } = aTracer(() => new Promise(() => {}), { buffer: 10, warningInterval: 100 })
  for (let i = 0; i < 1_000; i++) tracer.trace('work', 'w', () => {})
  expect(warn).toHaveBeenCalledTimes(1)
  while (warn.mock.calls.length < 2) await sleep(10)
  expect(warn.mock.calls[0]?.[0]).toMatch(/^trace: 1 span was dropped: the queue is full/)
  expect(warn.mock.calls[1]?.[0]).toMatch(/^trace: 989 spans were dropped: the queue is full/)
})

test('bytes bound the queue too', () => {
  const { tracer } = aTracer(() => {}, { bufferBytes: 100_000 })
  for (let i = 0; i < 100; i++) tracer.trace('work', 'w', (span) => (span.data['text'] = 'x'.repeat(10_000)))
  expect(tracer.stats()).toMatchObject({ queued: 10, dropped: 90 })
})

test('a logger that throws reaches nobody', async () => {
  const warn = (): never => {
    throw new Error('logger')
  }
  const { tracer } = aTracer(() => Promise.reject(new Error('no')), { logger: { warn } })
  tracer.trace('work', 'w', () => {})
  await tracer.flush()
  expect(tracer.stats().failed).toBe(1)
})

describe('delivery', () => {
  test('a span reaches its recorder within 100 ms, and a full batch at once', async () => {
    const batches: number[] = []
    const { tracer } = aTracer((spans) => void batches.push(spans.length), { batch: 10 })
    tracer.trace('work', 'w', () => {})
    await sleep(100)
    expect(batches).toEqual([1])
    for (let i = 0; i < 25; i++) tracer.trace('work', 'w', () => {})
    await new Promise(setImmediate)
    expect(batches).toEqual([1, 10, 10])
    await sleep(100)
    expect(batches).toEqual([1, 10, 10, 5])
  })

  test('spans that keep coming go in full batches, or after 50 ms', async () => {
    const batches: number[] = []
    const { tracer } = aTracer(
      async (spans) => {
        batches.push(spans.length)
        await new Promise(setImmediate)
      },
      { batch: 100 },
    )
    const begun = performance.now()
    for (let turn = 0; turn < 200; turn++) {
      for (let i = 0; i < 5; i++) tracer.trace('work', 'w', () => {})
      await new Promise(setImmediate)
    }
    const timers = Math.floor((performance.now() - begun) / 49)
    expect(batches.length).toBeLessThanOrEqual(10 + timers)
    await tracer.flush()
    expect(tracer.stats().recorded).toBe(1_000)
  })

  // A turn of a busy server has a span for each of its connections, and a file takes several turns for a batch.
  test('a recorder that takes four turns of the event loop loses nothing of 400 spans a turn', async () => {
    const batches: number[] = []
    const { tracer, warn } = aTracer(async (spans) => {
      batches.push(spans.length)
      for (let turn = 0; turn < 4; turn++) await new Promise(setImmediate)
    })
    for (let turn = 0; turn < 50; turn++) {
      for (let i = 0; i < 400; i++) tracer.trace('work', 'w', () => {})
      await new Promise(setImmediate)
    }
    await tracer.close()
    expect(warn).not.toHaveBeenCalled()
    expect(tracer.stats()).toMatchObject({ recorded: 20_000, dropped: 0, failed: 0 })
    expect(Math.max(...batches)).toBeLessThanOrEqual(2_048)
  })

  test('what waits goes together, up to `batch`, and not with what a flush does not wait for', async () => {
    const batches: number[] = []
    const releases: (() => void)[] = []
    const record = (spans: readonly Span[]): Promise<void> => {
      batches.push(spans.length)
      return new Promise((resolve) => releases.push(resolve))
    }
    const { tracer } = aTracer(record, { batch: 10, flushTimeout: 5_000 })
    const make = (count: number): void => {
      for (let i = 0; i < count; i++) tracer.trace('work', 'w', () => {})
    }
    make(1)
    void tracer.flush()
    make(3)
    const flushed = tracer.flush()
    make(4)
    void tracer.flush()
    make(12)
    void tracer.flush()
    for (let at = 0; at < 5; at++) {
      releases[at]?.()
      await new Promise(setImmediate)
    }
    expect(await flushed).toEqual({ left: 0, lost: 0 })
    expect(batches).toEqual([1, 3, 4, 10, 2])
    releases[4]?.()
    await tracer.close()
    expect(tracer.stats().recorded).toBe(20)
  })

  test('record is never called while it runs', async () => {
    let running = 0
    let most = 0
    const { tracer } = aTracer(
      async () => {
        most = Math.max(most, ++running)
        await sleep(5)
        running--
      },
      { batch: 10, flushTimeout: 5_000 },
    )
    for (let i = 0; i < 100; i++) {
      tracer.trace('work', 'w', () => {})
      if (i % 30 === 0) void tracer.flush()
    }
    await tracer.flush()
    expect(most).toBe(1)
    expect(tracer.stats().recorded).toBe(100)
  })

  test('a recorder runs outside any trace', async () => {
    const parents: bigint[] = []
    const inner = aTracer(() => {})
    const { tracer } = aTracer(() => void parents.push(inner.tracer.start('x', 'y').parentId))
    await tracer.trace('work', 'w', async () => {
      tracer.trace('work', 'x', () => {})
      await tracer.flush()
    })
    expect(parents).toEqual([0n])
  })
})

describe('flush', () => {
  test('covers the batch in flight', async () => {
    let stored = 0
    const { tracer } = aTracer(async (spans) => {
      await sleep(50)
      stored += spans.length
    })
    tracer.trace('work', 'w', () => {})
    const first = tracer.flush()
    await sleep(1)
    tracer.trace('work', 'w', () => {})
    expect(await tracer.flush()).toEqual({ left: 0, lost: 0 })
    expect(stored).toBe(2)
    expect(await first).toEqual({ left: 0, lost: 0 })
  })

  test('is over at once where the recorder throws at once', async () => {
    const { tracer } = aTracer(() => {
      throw new Error('no')
    })
    tracer.trace('task', 'lost', () => {})
    const flushed = jest.fn()
    void tracer.flush({ timeout: 1_000_000 }).then(flushed)
    await new Promise(setImmediate)
    expect(flushed).toHaveBeenCalledWith({ left: 0, lost: 1 })
  })

  test('says what is left when its deadline comes, and loses nothing', async () => {
    let release: () => void = () => {}
    const { tracer } = aTracer(() => new Promise<void>((resolve) => (release = resolve)), { batch: 2 })
    for (let i = 0; i < 3; i++) tracer.trace('work', 'w', () => {})
    expect(await tracer.flush({ timeout: 20 })).toEqual({ left: 3, lost: 0 })
    expect(tracer.stats()).toMatchObject({ inFlight: 2, queued: 1, dropped: 0 })
    release()
    await sleep(1)
    expect(await tracer.flush({ timeout: 20 })).toEqual({ left: 1, lost: 0 })
    release()
    expect(await tracer.flush()).toEqual({ left: 0, lost: 0 })
  })

  test('ends although spans keep coming', async () => {
    const { tracer } = aTracer(() => sleep(1), { flushTimeout: 5_000 })
    const coming = setInterval(() => tracer.trace('work', 'w', () => {}), 0)
    tracer.trace('work', 'w', () => {})
    expect(await tracer.flush()).toEqual({ left: 0, lost: 0 })
    clearInterval(coming)
  })
})

describe('close', () => {
  test('says what is lost by it, and what the recorder has not answered for', async () => {
    let finishLate = (): void => {}
    const { tracer } = aTracer(
      () => {
        finishLate()
        return new Promise<void>(() => {})
      },
      { batch: 2 },
    )
    const late = tracer.start('work', 'late')
    finishLate = () => late.finish()
    for (let i = 0; i < 5; i++) tracer.trace('work', 'w', () => {})
    expect(await tracer.close({ timeout: 20 })).toEqual({ left: 2, lost: 3 })
    expect(tracer.stats()).toMatchObject({ inFlight: 2, dropped: 4 })
  })

  test('closes the recorder once, after the last record', async () => {
    const calls: string[] = []
    const recorder: Recorder = {
      name: 'test',
      async record() {
        await sleep(10)
        calls.push('record')
      },
      async close() {
        calls.push('close')
      },
    }
    const { tracer } = aTracer(() => {}, { recorder })
    tracer.trace('work', 'w', () => {})
    expect(await Promise.all([tracer.close(), tracer.close()])).toEqual([
      { left: 0, lost: 0 },
      { left: 0, lost: 0 },
    ])
    expect(calls).toEqual(['record', 'close'])
  })

  test.each<[string, () => Promise<void>]>([
    ['rejects', () => Promise.reject(new Error('busy'))],
    [
      'throws',
      () => {
        throw new Error('busy')
      },
    ],
  ])('a recorder whose close %s is a warning', async (_how, close) => {
    const { tracer, warn } = aTracer(() => {}, { recorder: { name: 'test', record() {}, close } })
    await tracer.close()
    expect(warn.mock.calls).toEqual([['trace: test could not be closed: busy']])
  })

  test('a recorder whose close never settles does not hold up the program', async () => {
    const { tracer } = aTracer(() => {}, {
      recorder: { name: 'test', record() {}, close: () => new Promise(() => {}) },
    })
    const begun = performance.now()
    await tracer.close({ timeout: 50 })
    expect(performance.now() - begun).toBeLessThan(20_000)
  })
})

describe('a recorder that', () => {
  test('empties its batch changes no count, and what it says it could not store is lost', async () => {
    const { tracer } = aTracer((spans) => {
      const last = spans.at(-1)
      Reflect.set(spans, 'length', 0)
      if (last?.name === 'bad') throw new RecordError('no', [last])
    })
    for (let i = 0; i < 4; i++) tracer.trace('work', 'w', () => {})
    await tracer.flush()
    for (const name of ['good', 'bad']) tracer.trace('work', name, () => {})
    await tracer.flush()
    expect(tracer.stats()).toMatchObject({ queued: 0, inFlight: 0, recorded: 5, failed: 1 })
  })

  test('says that it lost none says nothing', async () => {
    const { tracer, warn } = aTracer(() => Promise.reject(new RecordError('odd', [])))
    tracer.trace('work', 'w', () => {})
    await tracer.flush()
    expect(tracer.stats()).toMatchObject({ recorded: 1, failed: 0 })
    expect(warn).not.toHaveBeenCalled()
  })
})

test('what is said of a full queue is as it was then', async () => {
  let release = (): void => {}
  const { tracer, warn } = aTracer(() => new Promise<void>((resolve) => (release = resolve)), {
    buffer: 10,
    warningInterval: 100,
  })
  for (let i = 0; i < 15; i++) tracer.trace('work', 'w', () => {})
  while (tracer.stats().queued + tracer.stats().inFlight > 0) {
    release()
    await sleep(1)
  }
  while (warn.mock.calls.length < 2) await sleep(10)
  expect(warn.mock.calls).toEqual([
    [
      'trace: 1 span was dropped: the queue is full, test is too slow for 10 spans at once; see the options buffer and bufferBytes',
    ],
    [
      'trace: 4 spans were dropped: the queue is full, test is too slow for 10 spans at once; see the options buffer and bufferBytes',
    ],
  ])
})
