import { spawnSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, jest, test } from '@jest/globals'
import type { Recorder } from '../../src/contract/recorder.js'
import type { Span } from '../../src/contract/span.js'
import type { TracerOptions } from '../../src/contract/tracer.js'

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
const { RecordError } = await import('../../src/values/errors.js')

afterEach(() => timers.clear())

const core = new URL('../../dist/index.js', import.meta.url).href

/** A quarter of the default of `openAfter`, in ms: so often is it looked for open spans. */
const TICK = 1_250

/** Fires the timer that looks for open spans, and lets what it begins end. @returns whether there was one */
async function tick(): Promise<boolean> {
  const [timer, found] = [...timers].find(([, { delay }]) => delay === TICK) ?? []
  if (timer === undefined) return false
  timers.delete(timer)
  found?.run()
  await sleep(1)
  return true
}

async function ticks(count: number): Promise<void> {
  for (let done = 0; done < count; done++) await tick()
}

function aTracer(options: Partial<TracerOptions> = {}, record: Recorder['record'] = () => {}) {
  const batches: (readonly Span[])[] = []
  const keep: Recorder['record'] = async (spans) => {
    batches.push(spans)
    await record(spans)
  }
  const tracer = createTracer({ service: 'users', recorder: { name: 'test', record: keep }, ...options })
  return { tracer, batches, spans: () => batches.flat() }
}

const openOnes = (spans: readonly Span[]): string[] =>
  spans.filter(({ finish }) => finish === undefined).map(({ name }) => name)

test('a span that is open for long is recorded once as open, as it is then, and again when it finishes', async () => {
  const { tracer, spans } = aTracer()
  const span = tracer.start('request', 'GET /')
  span.data['rows'] = 1
  await ticks(4)
  expect(spans()).toEqual([])
  await tick()
  const { spanId, traceId, start } = span
  const record = { spanId, traceId, parentId: 0n, process: tracer.process, kind: 'request', name: 'GET /', start }
  expect(spans()).toEqual([{ ...record, finish: undefined, data: { rows: 1 } }])
  expect(tracer.stats()).toMatchObject({ started: 1, open: 1, recorded: 0 })
  await ticks(10)
  span.data['rows'] = 2
  span.finish()
  await tracer.flush()
  expect(spans().slice(1)).toEqual([{ ...record, finish: expect.any(BigInt), data: { rows: 2 } }])
  expect(tracer.stats()).toMatchObject({ started: 1, open: 0, recorded: 1 })
})

test('a span that finishes before is recorded once, wherever it stands among the open ones, be it frozen', async () => {
  const { tracer, spans } = aTracer()
  const all = Array.from({ length: 60 }, (_, at) => tracer.start('work', `w${at}`, { root: true }))
  for (const [at, span] of all.entries()) if (at % 5 === 0) Object.freeze(span)
  const order = [0, 59, 1, 2, 58, 30, 29, 31, 10, 50, 5, 55]
  for (const at of order) all[at]?.finish()
  await ticks(5)
  const left = all.map((_, at) => at).filter((at) => !order.includes(at))
  expect(openOnes(spans())).toEqual(left.map((at) => `w${at}`))
  for (const span of all) span.finish()
  await tracer.flush()
  expect(spans().length).toBe(60 + left.length)
  expect(tracer.stats()).toMatchObject({ open: 0, recorded: 60 })
})

test('no timer runs where no span is open', async () => {
  const { tracer } = aTracer()
  expect([...timers]).toEqual([])
  tracer.trace('work', 'w', () => {})
  await tracer.flush()
  expect(await tick()).toBe(true)
  expect([...timers]).toEqual([])
  tracer.start('work', 'open')
  await ticks(6)
  expect([...timers]).toEqual([])
})

test('many open spans are recorded in parts, in the order in which they started', async () => {
  const { tracer, batches, spans } = aTracer()
  const names = Array.from({ length: 100_000 }, (_, at) => `w${at}`)
  for (const name of names) tracer.start('work', name, { root: true })
  await ticks(5)
  // Between the parts, the event loop turns.
  let turns = 0
  for (; batches.length === 0 || openOnes(batches.at(-1) ?? []).at(-1) !== names.at(-1); turns++) {
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(turns).toBeGreaterThan(300)
  expect(openOnes(spans())).toEqual(names)
  for (const batch of batches) expect(batch.length).toBeLessThanOrEqual(256)
})

test('many that are open when the tracer is closed are recorded in parts, too', async () => {
  const { tracer, batches, spans } = aTracer()
  for (let at = 0; at < 5_000; at++) tracer.start('work', `w${at}`, { root: true })
  let isClosed = false
  const closing = tracer.close().then(() => (isClosed = true))
  let turns = 0
  for (; !isClosed; turns++) await new Promise((resolve) => setImmediate(resolve))
  await closing
  expect(openOnes(spans())).toEqual(Array.from({ length: 5_000 }, (_, at) => `w${at}`))
  expect(turns).toBeGreaterThan(15)
  for (const batch of batches) expect(batch.length).toBeLessThanOrEqual(256)
})

test('open spans take no room from finished ones, and wait for a recorder that is too slow, but not for ever', async () => {
  let release = (): void => {}
  const { tracer, spans } = aTracer(
    { buffer: 10, flushTimeout: 50 },
    () => new Promise<void>((done) => (release = done)),
  )
  tracer.trace('work', 'w', () => {})
  void tracer.flush()
  for (let at = 0; at < 8; at++) tracer.trace('work', 'w', () => {})
  tracer.start('work', 'first')
  await ticks(12)
  tracer.start('work', 'second')
  await ticks(6)
  expect(spans().length).toBe(1)
  expect(tracer.stats()).toMatchObject({ open: 2, queued: 8, dropped: 0 })
  for (let left = 20; left > 0; left--) {
    release()
    await sleep(1)
  }
  expect(openOnes(spans())).toEqual(['second'])
})

test('a record of an open span that cannot be stored is no loss', async () => {
  const { tracer } = aTracer({}, (spans) => {
    if (spans.some(({ finish }) => finish === undefined)) throw new Error('no')
  })
  const span = tracer.start('work', 'w')
  await ticks(5)
  span.finish()
  expect(await tracer.close()).toEqual({ left: 0, lost: 0 })
  expect(tracer.stats()).toMatchObject({ recorded: 1, failed: 0 })
})

const refused = (spans: readonly Span[]): Error => new RecordError('the disk is full', spans, { retry: true })

test('open spans that may be stored later are recorded at the next tick, once, in order, but for those that have finished', async () => {
  let isFull = true
  let tries = 0
  const stored: Span[] = []
  const { tracer } = aTracer({}, (spans) => {
    tries += openOnes(spans).length > 0 ? 1 : 0
    if (isFull) throw refused(spans)
    stored.push(...spans)
  })
  const all = ['a', 'b', 'c'].map((name) => tracer.start('work', name, { root: true }))
  await ticks(5)
  expect(tries).toBe(1)
  all[1]?.finish()
  await ticks(1)
  expect([tries, stored]).toEqual([2, []])
  isFull = false
  tracer.start('work', 'd', { root: true })
  await ticks(5)
  expect(openOnes(stored)).toEqual(['a', 'c', 'd'])
  await ticks(10)
  for (const span of all) span.finish()
  await tracer.flush()
  expect(stored.flatMap(({ name, finish }) => (finish === undefined ? [] : [name])).sort()).toEqual(['a', 'b', 'c'])
  expect(tracer.stats()).toMatchObject({ open: 1, recorded: 3, failed: 0 })
})

test('open spans that cannot be stored for long do not wait for ever, and do not keep close from ending', async () => {
  const tried: string[] = []
  const { tracer } = aTracer({}, (spans) => {
    tried.push(...openOnes(spans))
    throw refused(spans)
  })
  tracer.start('work', 'old', { root: true })
  await ticks(40)
  const { length } = tried
  expect(length).toBeGreaterThan(5)
  await ticks(5)
  expect(tried.length).toBe(length)
  tracer.start('work', 'new', { root: true })
  expect(await tracer.close()).toEqual({ left: 0, lost: 0 })
  expect(tried.slice(length)).toEqual(['new'])
})

test.each([
  ['process.exit()', 'process.exit()'],
  ['coming to its end', ''],
])('what is open when a store takes nothing is stored at exit, by %s', (_how, ending) => {
  const program = `
    import { writeSync } from 'node:fs'
    import { stat } from 'node:fs/promises'
    import { createTracer, RecordError } from ${JSON.stringify(core)}
    const record = async (spans) => {
      await stat('.')
      throw new RecordError('the disk is full', spans, { retry: true })
    }
    const recordSync = (spans) => { for (const { name, finish } of spans) writeSync(1, name + (finish ? '' : ' is open') + '\\n') }
    const tracer = createTracer({ recorder: { name: 'full', record, recordSync }, openAfter: 20 })
    tracer.start('work', 'o')
    await new Promise((resolve) => setTimeout(resolve, 70))
    ${ending}`
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    timeout: 20_000,
  })
  expect(stdout).toBe('o is open\n')
})

test('close records what is open after what has finished, and before the ledger', async () => {
  const { tracer, spans } = aTracer({ ledger: true })
  const open = [tracer.start('work', 'one', { root: true }), tracer.start('work', 'two', { root: true })]
  tracer.trace('work', 'w', () => {})
  await tracer.close()
  expect(spans().map(({ name }) => name)).toEqual(['w', 'one', 'two', 'spans'])
  expect(spans().at(-1)?.data).toEqual({ started: 3, recorded: 1, open: 2 })
  open[0]?.finish()
  tracer.start('work', 'after')
  expect(tracer.stats()).toMatchObject({ open: 2, dropped: 1 })
  expect([...timers].filter(([, { delay }]) => delay === TICK)).toEqual([])
})

test('a span that starts after all others are stored is recorded at exit, too, where no ledger is', () => {
  const program = `
    import { writeSync } from 'node:fs'
    import { createTracer } from ${JSON.stringify(core)}
    const print = (spans) => { for (const { name, finish } of spans) writeSync(1, name + (finish ? '' : ' is open') + '\\n') }
    const tracer = createTracer({ recorder: { name: 'sync', record: print, recordSync: print } })
    tracer.trace('work', 'w', () => {})
    await tracer.flush()
    await new Promise(setImmediate)
    tracer.start('work', 'o')
    process.exit()`
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
  expect(stdout).toBe('w\no is open\n')
})

test('no span that has finished is kept in memory', () => {
  const program = `
    import { createTracer } from ${JSON.stringify(core)}
    const tracer = createTracer({ recorder: { name: 'none', record: () => {} } })
    const open = tracer.start('work', 'open')
    const finished = () => {
      const span = tracer.start('work', 'w')
      span.finish()
      return new WeakRef(span)
    }
    const spans = Array.from({ length: 3_000 }, finished)
    const alive = async () => {
      await new Promise(setImmediate)
      gc()
      return spans.filter((span) => span.deref() !== undefined).length
    }
    console.log(await alive(), tracer.stats().open)
    open.finish()`
  const flags = ['--expose-gc', '--input-type=module', '-e', program]
  const { stdout } = spawnSync(process.execPath, flags, { encoding: 'utf8' })
  expect(stdout).toBe('0 1\n')
})

test('open spans are not recorded where that is off', async () => {
  const { tracer, spans } = aTracer({ openAfter: false })
  tracer.start('work', 'w')
  expect([...timers]).toEqual([])
  await tracer.close()
  expect(spans()).toEqual([])
})

test('idle waits until no span is open, and what finished is stored', async () => {
  const { tracer, spans } = aTracer({}, () => sleep(5))
  await tracer.idle()
  let done = false
  const outer = tracer.start('work', 'outer')
  tracer.trace('work', 'inner', () => {})
  const idle = tracer.idle().then(() => {
    done = true
  })
  await sleep(30)
  expect([done, spans().length]).toEqual([false, 1])
  outer.finish()
  await sleep(1)
  expect(done).toBe(false)
  await tracer.flush()
  await idle
  expect(tracer.stats()).toMatchObject({ open: 0, queued: 0, inFlight: 0, recorded: 2 })
})

test.each([
  ['process.exit()', 'process.exit()', 'sync'],
  ['coming to its end', '', 'sync'],
  ['coming to its end, with a recorder that cannot store at exit', '', 'async'],
  ['an uncaught error', `throw new Error('boom')`, 'sync'],
  [
    'closing at a signal',
    `process.once('SIGTERM', () => void tracer.close()); process.kill(process.pid, 'SIGTERM')`,
    'async',
  ],
])('a process that ends by %s records what is open', (_how, ending, recorder) => {
  const program = `
    import { writeSync } from 'node:fs'
    import { createTracer } from ${JSON.stringify(core)}
    const print = (spans) => { for (const { name, finish, data } of spans) writeSync(1, name + (finish ? '' : ' is open') + ' ' + JSON.stringify(data) + '\\n') }
    const later = (spans) => new Promise((resolve) => setTimeout(() => { print(spans); resolve() }, 10))
    const recorders = { sync: { name: 'sync', record: print, recordSync: print }, async: { name: 'async', record: later } }
    const tracer = createTracer({ service: 'test', ledger: true, recorder: recorders.${recorder} })
    tracer.trace('work', 'w', () => {})
    const open = tracer.start('work', 'o')
    open.data.step = 3
    ${ending}`
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
  expect(stdout).toBe('w {}\no is open {"step":3}\nspans {"started":2,"recorded":1,"open":1}\n')
})
