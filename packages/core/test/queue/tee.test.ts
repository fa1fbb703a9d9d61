import { spawnSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, jest, test } from '@jest/globals'
import type { Recorder } from '../../src/contract/recorder.js'
import type { Span } from '../../src/contract/span.js'
import type { Tracer, TracerOptions } from '../../src/contract/tracer.js'
import { tee } from '../../src/queue/tee.js'
import { memoryRecorder } from '../../src/store/memory.js'
import { createTracer } from '../../src/tracing/create-tracer.js'
import { RecordError } from '../../src/values/errors.js'
import { aSpan } from '../support/spans.js'

/** A store whose name and answers a test chooses. */
function aStore(name: string, record: Recorder['record'], parts: Partial<Recorder> = {}) {
  const stored: Span[] = []
  const recorder: Recorder = {
    name,
    record: async (spans) => {
      await record(spans)
      stored.push(...spans)
    },
    ...parts,
  }
  const names = (): string[] => stored.filter(({ kind }) => kind !== 'ledger').map(({ name }) => name)
  return { recorder, stored, names }
}

const never = (): Promise<void> => new Promise(() => {})
const takes = (): void => {}
const fails = (): never => {
  throw new Error('the table is gone')
}

function aTracer(recorder: Recorder, options: Partial<TracerOptions> = {}) {
  const warn = jest.fn<(message: string) => void>()
  const tracer = createTracer({ service: 'users', recorder, logger: { warn }, ledger: false, ...options })
  return { tracer, warnings: (): string[] => warn.mock.calls.map(([message]) => message) }
}

/** One batch for each hundred, as the recorder gets them. */
async function traceAll(tracer: Tracer, count: number): Promise<void> {
  for (let at = 1; at <= count; at++) {
    tracer.trace('work', `${at}`, () => {})
    if (at % 100 === 0) await new Promise(setImmediate)
  }
}

const upTo = (count: number): string[] => Array.from({ length: count }, (_, at) => `${at + 1}`)

describe('of several stores', () => {
  test('each gets every span, and has an account of its own', async () => {
    const [one, other] = [memoryRecorder(), memoryRecorder()]
    const { tracer, warnings } = aTracer(tee(one, other))
    await traceAll(tracer, 250)
    const whole = { name: 'memory', left: 0, lost: 0 }
    expect(await tracer.flush()).toEqual({ left: 0, lost: 0, stores: [whole, whole] })
    for (const { spans } of [one, other]) expect(spans.map(({ name }) => name)).toEqual(upTo(250))
    const stats = { name: 'memory', queued: 0, inFlight: 0, recorded: 250, dropped: 0, failed: 0 }
    expect(tracer.stats()).toMatchObject({ recorded: 250, stores: [stats, stats] })
    expect(warnings()).toEqual([])
    await tracer.close()
  })

  test('a stuck one neither holds nor loses what the others get, and only its own spans are lost', async () => {
    const fast = memoryRecorder()
    const { tracer, warnings } = aTracer(tee(fast, aStore('stuck', never).recorder), { buffer: 512, batch: 100 })
    await traceAll(tracer, 6_000)
    const { left, lost, stores } = await tracer.flush({ timeout: 20 })
    expect([left, lost, fast.spans.length]).toEqual([0, 0, 6_000])
    const stats = tracer.stats().stores?.[1]
    // One batch is in flight, and as many wait as there is room for.
    expect(stats).toMatchObject({ name: 'stuck', inFlight: 100, queued: 4_096, recorded: 0, failed: 0 })
    expect(stats?.dropped).toBe(6_000 - 4_196)
    expect(stores).toEqual([
      { name: 'memory', left: 0, lost: 0 },
      { name: 'stuck', left: 4_196, lost: 6_000 - 4_196 },
    ])
    expect(await tracer.close({ timeout: 20 })).toEqual({
      left: 0,
      lost: 0,
      stores: [
        { name: 'memory', left: 0, lost: 0 },
        { name: 'stuck', left: 100, lost: 5_900 },
      ],
    })
    expect(tracer.stats()).toMatchObject({ recorded: 6_000, dropped: 0, failed: 0 })
    expect(tracer.stats().stores?.[1]).toMatchObject({ queued: 0, dropped: 5_900 })
    expect(warnings()).toContainEqual(
      expect.stringMatching(/^trace: 1 span was dropped: the queue is full, stuck is too slow for 4096 spans at once/),
    )
    expect(warnings()).toContain('trace: 4096 spans were dropped at close: stuck did not take them in time')
  })

  test('a flush waits until each has the open spans, too', async () => {
    const slow = aStore('slow', () => sleep(50))
    const both = tee(memoryRecorder(), slow.recorder)
    await both.record([aSpan({ name: 'open', finish: undefined })])
    expect(slow.names()).toEqual([])
    expect(await both.flush(10_000)).toEqual([
      { name: 'memory', left: 0, lost: 0 },
      { name: 'slow', left: 0, lost: 0 },
    ])
    expect(slow.names()).toEqual(['open'])
    await both.close()
  })

  test('one that fails loses its own spans only; the warning names it', async () => {
    const whole = aStore('whole', takes)
    const { tracer, warnings } = aTracer(tee(aStore('broken', fails).recorder, whole.recorder))
    await traceAll(tracer, 3)
    const result = await tracer.flush()
    expect(result).toMatchObject({ left: 0, lost: 0 })
    expect(result.stores?.map(({ name, lost }) => [name, lost])).toEqual([
      ['broken', 3],
      ['whole', 0],
    ])
    expect(whole.names()).toEqual(['1', '2', '3'])
    expect(tracer.stats()).toMatchObject({ recorded: 3, failed: 0 })
    expect(warnings()).toEqual(['trace: 3 spans were lost: broken: the table is gone'])
    await tracer.close()
  })

  test('a span is lost to the tracer where no store has it, and only there', async () => {
    const without = (name: string): Recorder['record'] => {
      return (spans) => {
        const refused = spans.filter((span) => span.name === name || span.name === '3')
        if (refused.length > 0) throw new RecordError(`no ${name}`, refused)
      }
    }
    const { tracer } = aTracer(tee(aStore('a', without('1')).recorder, aStore('b', without('2')).recorder))
    await traceAll(tracer, 4)
    const { lost, stores } = await tracer.flush()
    expect([lost, stores?.map((store) => store.lost)]).toEqual([1, [2, 2]])
    expect(tracer.stats()).toMatchObject({ recorded: 3, failed: 1 })
    await tracer.close()
  })

  test('one that may store later is tried again by itself, meanwhile the others go on', async () => {
    let isFull = true
    const disk = aStore('disk', (spans) => {
      if (isFull) throw new RecordError('the disk is full', spans, { retry: true })
    })
    const memory = memoryRecorder()
    const { tracer } = aTracer(tee(disk.recorder, memory))
    await traceAll(tracer, 100)
    expect(await tracer.flush({ timeout: 20 })).toMatchObject({ left: 0, stores: [{ left: 100 }, { left: 0 }] })
    expect(memory.spans.length).toBe(100)
    isFull = false
    await traceAll(tracer, 10)
    expect(await tracer.flush()).toMatchObject({ stores: [{ left: 0, lost: 0 }, { left: 0 }] })
    expect(disk.names()).toEqual([...upTo(100), ...upTo(10)])
    await tracer.close()
  })

  test('what the tracer drops is lost in each', async () => {
    const { tracer } = aTracer(tee(memoryRecorder(), memoryRecorder()), { buffer: 10 })
    for (const name of upTo(15)) tracer.trace('work', name, () => {})
    const { lost, stores } = await tracer.close()
    expect([lost, stores?.map((store) => store.lost)]).toEqual([5, [5, 5]])
  })

  test('idle and close wait for each, and close closes each once', async () => {
    const closed: string[] = []
    let store: (() => void) | undefined
    const slow = aStore('slow', () => new Promise<void>((resolve) => (store = resolve)), {
      close: async () => void closed.push('slow'),
    })
    const { tracer } = aTracer(tee(slow.recorder, { ...memoryRecorder(), close: async () => void closed.push('fast') }))
    await traceAll(tracer, 1)
    let isIdle = false
    const idle = tracer.idle().then(() => (isIdle = true))
    while (store === undefined) await new Promise(setImmediate)
    expect(isIdle).toBe(false)
    store()
    await idle
    expect(slow.names()).toEqual(['1'])
    await tracer.close()
    expect(closed.sort()).toEqual(['fast', 'slow'])
  })

  test('open spans reach each', async () => {
    const [one, other] = [memoryRecorder(), aStore('other', takes)]
    const { tracer } = aTracer(tee(one, other.recorder))
    tracer.start('work', 'open')
    await tracer.close()
    for (const spans of [one.spans, other.stored])
      expect(spans.map(({ name, finish }) => [name, finish])).toEqual([['open', undefined]])
  })
})

describe('the ledger in each store says what is missing there', () => {
  const ledgersOf = (spans: readonly Span[]) => spans.filter(({ kind }) => kind === 'ledger').map(({ data }) => data)

  test('and no store that does not last has one', async () => {
    const [whole, broken, memory] = [
      aStore('whole', takes, { durable: true }),
      aStore('broken', (spans) => (spans[0]?.kind === 'ledger' ? undefined : fails()), { durable: true }),
      memoryRecorder(),
    ]
    const { tracer } = aTracer(tee(whole.recorder, broken.recorder, memory), { ledger: true, buffer: 3 })
    for (const name of upTo(5)) tracer.trace('work', name, () => {})
    await tracer.close()
    expect(ledgersOf(whole.stored)).toEqual([{ started: 5, recorded: 3, 'dropped.queue_full': 2 }])
    expect(ledgersOf(broken.stored)).toEqual([{ started: 5, failed: 3, 'dropped.queue_full': 2 }])
    expect(ledgersOf(memory.spans)).toEqual([])
  })

  test('one that is not stored goes with the next, under the same ids', async () => {
    const given: Span[] = []
    let failures = 1
    const store = aStore('store', (spans) => {
      given.push(...spans)
      if (failures-- > 0) throw new Error('not now')
    })
    const both = tee({ ...store.recorder, durable: true }, memoryRecorder())
    const ledger = (spanId: bigint, start: bigint, data: Span['data']) =>
      aSpan({ kind: 'ledger', name: 'spans', spanId, start, finish: start + 1n, data })
    await both.record([ledger(1n, 10n, { started: 3, recorded: 3, open: 2 })])
    await both.record([ledger(2n, 11n, { started: 4, recorded: 4, 'dropped.queue_full': 1, open: 1 })])
    await both.record([ledger(3n, 12n, { started: 1 })])
    expect(given.map(({ spanId, start, finish, data }) => [spanId, start, finish, data])).toEqual([
      [1n, 10n, 11n, { started: 3, open: 2 }],
      [1n, 10n, 12n, { started: 7, open: 1, 'dropped.queue_full': 1 }],
      [3n, 12n, 13n, { started: 1 }],
    ])
    await both.close()
  })
})

describe('at the exit of the process', () => {
  const core = new URL('../../dist/index.js', import.meta.url).href

  /** Runs a program with two stores that print what they store. */
  function run(stores: string, body: string): { stdout: string[]; stderr: string } {
    const program = `
      import { writeSync } from 'node:fs'
      import { createTracer, tee } from ${JSON.stringify(core)}
      const print = (name) => (spans) => { for (const span of spans) writeSync(1, name + ' ' + span.name + '\\n') }
      const never = () => new Promise(() => {})
      const tracer = createTracer({ service: 'test', recorder: tee(${stores}), openAfter: false })
      ${body}`
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
    return { stdout: stdout.split('\n').filter(Boolean).sort(), stderr }
  }

  test('each store gets what it has not stored, in flight, queued there, or not handed out, once', () => {
    const stores = `
      { name: 'a', record: print('a'), recordSync: print('a') },
      { name: 'b', record: never, recordSync: print('b') }`
    const { stdout, stderr } = run(
      stores,
      `tracer.trace('work', '1', () => {})
       await tracer.flush({ timeout: 10 })
       tracer.trace('work', '2', () => {})
       await tracer.flush({ timeout: 10 })
       tracer.trace('work', '3', () => {})
       process.exit()`,
    )
    expect([stdout, stderr]).toEqual([['a 1', 'a 2', 'a 3', 'b 1', 'b 2', 'b 3'], ''])
  })

  test('what the tracer still waits for is stored once in each, too', () => {
    const stuck = (name: string) => `{ name: '${name}', record: never, recordSync: print('${name}') }`
    const body = `
      tracer.trace('work', '1', () => {})
      await tracer.flush({ timeout: 10 })
      tracer.trace('work', '2', () => {})
      process.on('exit', () => console.log(JSON.stringify(tracer.stats().stores.map(({ recorded }) => recorded))))`
    expect(run(`${stuck('a')}, ${stuck('b')}`, body).stdout).toEqual(['[2,2]', 'a 1', 'a 2', 'b 1', 'b 2'])
  })

  test('one that cannot store then loses its own spans, with a warning; the tracer loses those that none has', () => {
    const stores = `{ name: 'a', record: never, recordSync: print('a') }, { name: 'b', record: never }`
    const body = `
      tracer.trace('work', '1', () => {})
      process.on('exit', () => {
        const { recorded, failed, stores } = tracer.stats()
        console.log(JSON.stringify([recorded, failed, stores.map((store) => [store.recorded, store.failed])]))
      })
      process.exit()`
    const { stdout, stderr } = run(stores, body)
    expect(stdout).toEqual(['[1,0,[[1,0],[0,1]]]', 'a 1'])
    expect(stderr).toContain('1 span was lost: b cannot store at exit; call `await tracer.close()` before')
    const none = run(`{ name: 'b', record: never }, { name: 'c', record: never }`, body)
    expect(none.stdout).toEqual(['[0,1,[[0,1],[0,1]]]'])
  })
})

test('refuses what is no recorder, fewer than two, and the same twice', () => {
  const memory = memoryRecorder()
  const wrong = [[], [memory], [memory, memory], [memory, { name: 'x' }], [[memory, memoryRecorder()]]]
  const messages = wrong.map((recorders) => {
    try {
      Reflect.apply(tee, undefined, recorders)
      return 'none'
    } catch (error) {
      return String(error)
    }
  })
  expect(messages).toEqual([
    'TraceError: tee: expected two recorders or more, got 0',
    'TraceError: tee: expected two recorders or more, got 1',
    'TraceError: tee: expected recorders that differ, got memory twice',
    'TraceError: tee: expected recorders, got an object',
    'TraceError: tee: expected two recorders or more, got 1',
  ])
})
