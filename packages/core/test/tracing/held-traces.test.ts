import { spawnSync } from 'node:child_process'
import { describe, expect, jest, test } from '@jest/globals'
import type { ActiveSpan } from '../../src/contract/active-span.js'
import type { Stats } from '../../src/contract/stats.js'
import type { KeepOptions, TracerOptions } from '../../src/contract/tracer.js'
import { memoryRecorder } from '../../src/store/memory.js'
import { createTracer } from '../../src/tracing/create-tracer.js'
import { go, span } from '../../src/tracing/free-functions.js'

function aTracer(keep: KeepOptions, options: Partial<TracerOptions> = {}) {
  const recorder = memoryRecorder()
  const warn = jest.fn<(message: string) => void>()
  const tracer = createTracer({ service: 'users', recorder, sample: () => false, keep, logger: { warn }, ...options })
  const names = async (): Promise<string[]> => {
    await tracer.flush()
    return recorder.spans.map(({ name }) => name)
  }
  return { tracer, recorder, warn, names }
}

function expectBalanced({ started, badInput: _, stores: __, ...states }: Stats): void {
  expect(Object.values(states).reduce((sum, n) => sum + n, 0)).toBe(started)
  for (const count of Object.values(states)) expect(count).toBeGreaterThanOrEqual(0)
}

const boom = (): never => {
  throw new Error('boom')
}

describe('errors', () => {
  test('keep a trace: what has finished, the span that fails, those above it, and what comes after', async () => {
    const { tracer, recorder, names } = aTracer({ errors: true })
    const flags: boolean[] = []
    tracer.trace('request', 'first', (first) => {
      span('db', 'before', (s) => {
        s.data['rows'] = 1
      })
      expect(tracer.stats()).toMatchObject({ started: 2, open: 1, held: 1 })
      flags.push(first.sampled)
      try {
        span('db', 'fails', boom)
      } catch {}
      flags.push(first.sampled)
      span('db', 'after', (s) => flags.push(s.sampled))
    })
    expect(await names()).toEqual(['before', 'fails', 'after', 'first'])
    expect(flags).toEqual([false, true, true])
    const [before, fails, , first] = recorder.spans
    expect([before?.data, before?.parentId, fails?.parentId]).toEqual([{ rows: 1 }, first?.spanId, first?.spanId])
    expect(fails?.data).toMatchObject({ 'error.type': 'Error', 'error.message': 'boom' })
    expect(tracer.stats()).toMatchObject({ started: 4, open: 0, held: 0, unsampled: 0, recorded: 4 })
  })

  test.each<[string, (s: ActiveSpan) => void]>([
    ['throws', boom],
    ['is marked as failed', (s) => s.fail(new Error('no'))],
    ['gets the data of a failed span', (s) => (s.data['error.type'] = 'Mine')],
  ])('keep a trace whose first span %s', async (_how, fn) => {
    const { tracer, names } = aTracer({ errors: true })
    try {
      tracer.trace('request', 'first', fn)
    } catch {}
    expect(await names()).toEqual(['first'])
  })

  test('let go of all others', async () => {
    const { tracer, names } = aTracer({ errors: true })
    await tracer.trace('request', 'first', async () => {
      span('db', 'one', () => {})
      await span('db', 'two', async () => span('db', 'three', () => {}))
    })
    expect(await names()).toEqual([])
    expect(tracer.stats()).toMatchObject({ started: 4, unsampled: 4, open: 0, held: 0 })
  })

  test('come too late once the first span has finished', async () => {
    const { tracer, names } = aTracer({ errors: true })
    let resume = (): void => {}
    const waited = new Promise<void>((resolve) => (resume = resolve))
    tracer.trace('request', 'first', () =>
      go('work', 'later', async () => {
        await waited
        try {
          span('db', 'fails', boom)
        } catch {}
        throw new Error('boom')
      }),
    )
    expect(tracer.stats()).toMatchObject({ started: 2, open: 1, unsampled: 1 })
    resume()
    await tracer.idle()
    expect(await names()).toEqual([])
    expect(tracer.stats()).toMatchObject({ started: 3, open: 0, unsampled: 3 })
  })

  test('of a caller that does not sample keep the trace as well, with what it brought along', async () => {
    const { tracer, recorder, names } = aTracer({ errors: true }, { sample: () => undefined })
    const remote = { upperTraceId: 7n, traceState: '', isRandom: false }
    const first = tracer.start('request', 'first', { traceId: 5n, parentId: 6n, sampled: false, remote })
    expect([first.sampled, first.recording]).toEqual([false, true])
    first.fail(new Error('no'))
    expect(first.sampled).toBe(true)
    first.finish()
    expect(await names()).toEqual(['first'])
    expect(recorder.spans[0]).toMatchObject({ traceId: 5n, parentId: 6n, data: { 'parent.remote': true } })
  })
})

describe('slow traces', () => {
  /** A tracer with a clock that the test sets. */
  function clocked(keep: KeepOptions) {
    let now = 1_000_000_000n
    return {
      ...aTracer(keep, { clock: () => now }),
      pass: (ms: number): void => {
        now += BigInt(Math.round(ms * 1e6))
      },
    }
  }

  test('are kept from the given time on', async () => {
    const { tracer, names, pass } = clocked({ slowerThan: 100 })
    tracer.trace('request', 'fast', () => pass(99.999))
    tracer.trace('request', 'slow', () => {
      span('db', 'inner', () => {})
      pass(100)
    })
    expect(await names()).toEqual(['inner', 'slow'])
    expect(tracer.stats()).toMatchObject({ unsampled: 1, recorded: 2 })
  })

  test('are known as such when a span finishes after that time, not only at the end', async () => {
    const { tracer, names, pass } = clocked({ slowerThan: 100 })
    tracer.trace('request', 'slow', (s) => {
      span('db', 'inner', () => pass(150))
      expect(s.sampled).toBe(true)
    })
    expect(await names()).toEqual(['inner', 'slow'])
  })

  test('that are under way when the tracer is closed are kept, and recorded as open', async () => {
    const { tracer, recorder, pass } = clocked({ slowerThan: 100 })
    const first = tracer.start('request', 'slow', { root: true })
    const fast = tracer.start('request', 'fast', { root: true })
    for (const each of [first, fast]) each.run(() => tracer.span('db', 'inner', () => {}))
    pass(50)
    const young = tracer.start('request', 'young', { root: true })
    young.run(() => tracer.span('db', 'inner of young', () => {}))
    pass(60)
    fast.data['x'] = 1
    await tracer.close()
    expect(recorder.spans.map(({ name, finish }) => [name, finish !== undefined])).toEqual([
      ['inner', true],
      ['inner', true],
      ['slow', false],
      ['fast', false],
    ])
    expect(tracer.stats()).toMatchObject({ started: 6, open: 3, held: 0, recorded: 2, unsampled: 1 })
  })
})

describe('the ring', () => {
  test('gives up the oldest traces for newer ones, which count as unsampled', async () => {
    const { tracer, names } = aTracer({ errors: true, buffer: 10 })
    const open = Array.from({ length: 8 }, (_, at) => tracer.start('request', `first ${at}`, { root: true }))
    for (const [at, first] of open.entries()) {
      first.run(() => {
        for (let i = 0; i < 3; i++) tracer.span('db', `inner ${at}`, () => {})
      })
      expectBalanced(tracer.stats())
      expect(tracer.stats().held).toBeLessThanOrEqual(10)
    }
    expect(tracer.stats()).toMatchObject({ started: 32, open: 8, held: 9, unsampled: 15 })
    // What a trace that was given up still does is kept.
    for (const at of [0, 7]) open[at]?.fail(new Error('no'))
    for (const first of open) first.finish()
    expect(await names()).toEqual(['inner 7', 'inner 7', 'inner 7', 'first 0', 'first 7'])
    expectBalanced(tracer.stats())
    expect(tracer.stats()).toMatchObject({ open: 0, held: 0, recorded: 5, unsampled: 27 })
  })

  test('is bounded by memory, too', () => {
    const { tracer } = aTracer({ errors: true, bufferBytes: 100_000 })
    const open = Array.from({ length: 20 }, () => tracer.start('request', 'first', { root: true }))
    for (const first of open) first.run(() => tracer.span('db', 'inner', (s) => (s.data['text'] = 'x'.repeat(20_000))))
    expect(tracer.stats().held).toBeLessThan(6)
    expect(tracer.stats().held).toBeGreaterThan(0)
    for (const first of open) first.finish()
    expect(tracer.stats()).toMatchObject({ open: 0, held: 0, unsampled: 40 })
  })

  test('keeps the data as they were when the span finished', async () => {
    const { tracer, recorder, names } = aTracer({ errors: true })
    tracer.trace('request', 'first', (first) => {
      const list = [1]
      span('db', 'inner', (s) => {
        s.data['list'] = list
      })
      list.push(2)
      first.fail(new Error('no'))
    })
    await names()
    expect(recorder.spans[0]?.data).toEqual({ list: [1] })
  })
})

describe('what is held costs little', () => {
  /** The ids of spans by their names, and what those are below. */
  async function idsOf(sample: boolean): Promise<Readonly<Record<string, readonly bigint[]>>> {
    let made = 0n
    const { tracer, recorder } = aTracer({ errors: true }, { ids: () => ++made, sample: () => sample })
    tracer.trace('request', 'let go', () => span('db', 'asked', (s) => expect(s.spanId).toBe(s.spanId)))
    recorder.clear()
    tracer.trace('request', 'kept', (first) => {
      span('db', 'inner', () => span('db', 'innermost', () => {}))
      first.fail(new Error('no'))
      span('db', 'after', () => {})
    })
    await tracer.flush()
    const kept = recorder.spans.filter(({ traceId }) => traceId === 4n)
    return Object.fromEntries(kept.map((each) => [each.name, [each.traceId, each.spanId, each.parentId]]))
  }

  test('ids of the option `ids` are those of the order in which spans start, as in a trace that is sampled', async () => {
    const ids = await idsOf(false)
    expect(ids).toEqual({ kept: [4n, 5n, 0n], inner: [4n, 6n, 5n], innermost: [4n, 7n, 6n], after: [4n, 8n, 5n] })
    expect(ids).toEqual(await idsOf(true))
  })

  test('random ids of its spans, which are made when it is kept, lead from each span to the one that it is below', async () => {
    const { tracer, recorder, names } = aTracer({ errors: true })
    const traceId = tracer.trace('request', 'kept', (first) => {
      span('db', 'inner', () => span('db', 'innermost', () => {}))
      first.fail(new Error('no'))
      span('db', 'after', () => {})
      return first.traceId
    })
    expect(await names()).toEqual(['innermost', 'inner', 'after', 'kept'])
    const [, inner, , kept] = recorder.spans
    expect(recorder.spans.map(({ parentId }) => parentId)).toEqual([inner?.spanId, kept?.spanId, kept?.spanId, 0n])
    expect(new Set(recorder.spans.map(({ spanId }) => spanId)).size).toBe(4)
    expect(new Set(recorder.spans.map((each) => each.traceId))).toEqual(new Set([traceId]))
  })

  test('its times are those at which it happened, by the wall clock', async () => {
    const { tracer, recorder, names } = aTracer({ errors: true })
    const begun = BigInt(Date.now()) * 1_000_000n
    let told: bigint | undefined
    tracer.trace('request', 'first', (first) => {
      span('db', 'inner', (s) => {
        told = s.start
        s.event('now')
      })
      const given = tracer.start('db', 'given', { start: begun })
      given.finish(begun + 5n)
      first.fail(new Error('no'))
    })
    await names()
    const [inner, given, first] = recorder.spans
    expect([inner?.start, given?.start, given?.finish]).toEqual([told, begun, begun + 5n])
    const times = [first?.start, inner?.start, inner?.finish, first?.finish].map((time) => time ?? 0n)
    expect([...times].sort((a, b) => Number(a - b))).toEqual(times)
    expect(Number((times[0] ?? 0n) - begun) / 1e9).toBeCloseTo(0, -2)
  })

  test('it can be frozen, and is kept all the same', async () => {
    const { tracer, names } = aTracer({ errors: true })
    tracer.trace('request', 'first', (first) => {
      Object.freeze(first)
      span('db', 'inner', (s) => Object.freeze(s))
      const late = tracer.start('db', 'late')
      Object.freeze(late).fail(new Error('no'))
      late.finish()
    })
    expect(await names()).toEqual(['inner', 'late', 'first'])
    expectBalanced(tracer.stats())
  })
})

test('what is kept while the queue is full is dropped, and counted', async () => {
  const { tracer } = aTracer({ errors: true }, { buffer: 2 })
  tracer.trace('request', 'first', (first) => {
    for (let i = 0; i < 5; i++) span('db', 'inner', () => {})
    first.fail(new Error('no'))
  })
  expectBalanced(tracer.stats())
  expect(await tracer.flush()).toEqual({ left: 0, lost: 4 })
})

test('a span of another tracer in a held trace goes to its own tracer', async () => {
  const [one, other] = [aTracer({ errors: true }), aTracer({ errors: true })]
  one.tracer.trace('request', 'first', (first) => {
    other.tracer.span('db', 'inner', () => {})
    first.fail(new Error('no'))
  })
  expect([await one.names(), await other.names()]).toEqual([['first'], ['inner']])
  for (const { tracer } of [one, other]) expectBalanced(tracer.stats())
})

test('the ledger states the traces that were let go as unsampled', async () => {
  const { tracer, recorder } = aTracer({ errors: true }, { ledger: true })
  for (let i = 0; i < 10; i++) {
    tracer.trace('request', 'first', (s) => {
      span('db', 'inner', () => {})
      if (i === 3) s.fail(new Error('no'))
    })
  }
  await tracer.close()
  expect(recorder.spans.at(-1)).toMatchObject({ kind: 'ledger', data: { started: 20, unsampled: 18, recorded: 2 } })
})

test('without keep, or where it keeps nothing, all is as before', async () => {
  for (const keep of [undefined, {}] as const) {
    const { tracer, names } = aTracer(keep ?? {}, keep === undefined ? { sample: () => false } : {})
    tracer.trace('request', 'first', (s) => s.fail(new Error('no')))
    expect(await names()).toEqual([])
    expect(tracer.stats()).toMatchObject({ started: 1, unsampled: 1 })
  }
})

test.each([
  [{ eror: true }, /createTracer keep: unknown option "eror"/],
  [{ slowerThan: '1s' }, /createTracer keep: option "slowerThan": expected milliseconds/],
  ['all', /createTracer: option "keep": expected an object/],
])('%j is refused', (keep, message) => {
  const options = { recorder: memoryRecorder(), keep }
  expect(() => Reflect.apply(createTracer, undefined, [options])).toThrow(message)
})

test('a process that exits records the slow trace that it was in, and lets the others go', () => {
  const core = new URL('../../dist/index.js', import.meta.url).href
  const program = `
    import { writeSync } from 'node:fs'
    import { createTracer, span } from ${JSON.stringify(core)}
    const record = (spans) => { for (const { name, finish, data } of spans) writeSync(1, name + (finish ? '' : ' is open') + ' ' + JSON.stringify(data) + '\\n') }
    let now = 1n
    const tracer = createTracer({ recorder: { name: 'p', record, recordSync: record }, sample: () => false, keep: { slowerThan: 5 }, ledger: true, clock: () => now })
    tracer.trace('request', 'slow', () => {
      span('db', 'inner', () => {})
      now += 10_000_000n
      tracer.trace('request', 'fast', () => { span('db', 'of fast', () => {}); process.exit() })
    })`
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
  expect(stdout).toBe('inner {}\nslow is open {}\nspans {"started":4,"unsampled":1,"recorded":1,"open":2}\n')
})
