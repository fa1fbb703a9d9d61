import { spawnSync } from 'node:child_process'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from '@jest/globals'
import { currentSpanId } from '../../src/context/context.js'
import type { ActiveSpan, Run } from '../../src/contract/active-span.js'
import type { Span } from '../../src/contract/span.js'
import { memoryRecorder } from '../../src/store/memory.js'
import { createTracer } from '../../src/tracing/create-tracer.js'
import { span } from '../../src/tracing/free-functions.js'

const recorder = memoryRecorder()
const tracer = createTracer({ service: 'users', recorder })
const unsampled = createTracer({ service: 'users', recorder, sample: () => false })

const WAYS: [string, (fn: Run) => unknown, isRecorded: boolean][] = [
  ['tracer.trace', (fn) => tracer.trace('work', 'w', fn), true],
  ['tracer.span', (fn) => tracer.start('work', 'above').run(() => tracer.span('work', 'w', fn)), true],
  ['span', (fn) => tracer.start('work', 'above').run(() => span('work', 'w', fn)), true],
  ['tracer.trace, not sampled', (fn) => unsampled.trace('work', 'w', fn), false],
  ['span, not sampled', (fn) => unsampled.trace('work', 'above', () => span('work', 'w', fn)), false],
  ['span outside a trace', (fn) => span('work', 'w', fn), false],
]

async function recorded(): Promise<Span[]> {
  await tracer.flush()
  const spans = [...recorder.spans]
  recorder.clear()
  return spans
}

class Cancelable extends Promise<string> {
  cancel(): string {
    return 'cancelled'
  }
}

/** As p-cancelable: a promise by its prototype alone. */
function promiseByPrototype(inner: Promise<unknown>): unknown {
  return Object.create(Promise.prototype, {
    then: { value: (...args: Parameters<typeof inner.then>) => inner.then(...args) },
    cancel: { value: () => 'cancelled' },
  })
}

describe.each(WAYS)('%s gives back what the function returned:', (_way, run, isRecorded) => {
  const count = isRecorded ? 1 : 0

  test.each<[string, () => unknown]>([
    ['a promise', () => Promise.resolve('done')],
    ['a promise that settles later', () => new Promise((resolve) => setTimeout(resolve, 5, 'done'))],
    ['a promise with methods of its own', () => Object.assign(Promise.resolve('done'), { json: () => 'json' })],
    ['a promise of a derived class', () => Cancelable.resolve('done')],
    ['a frozen promise', () => Object.freeze(Promise.resolve('done'))],
    ['a promise of another realm', () => runInNewContext('Promise.resolve("done")')],
    ['a promise of another realm, of a function', () => runInNewContext('async () => "done"')()],
    ['a promise by its prototype alone', () => promiseByPrototype(Promise.resolve('done'))],
  ])('%s', async (_what, make) => {
    const made = make()
    const returned = run(() => made)
    expect(returned).toBe(made)
    expect(await returned).toBe('done')
    expect(await recorded()).toHaveLength(count)
  })

  test('a promise that rejects, whose error is recorded', async () => {
    for (const make of [Promise.reject.bind(Promise), Cancelable.reject.bind(Cancelable)]) {
      const error = new TypeError('no')
      const made: unknown = make(error)
      const returned = run(() => made)
      expect(returned).toBe(made)
      await expect(returned).rejects.toBe(error)
      const failed = { data: { 'error.type': 'TypeError', 'error.message': 'no' } }
      expect(await recorded()).toMatchObject(isRecorded ? [failed] : [])
    }
  })

  test('a lazy promise, started once and in the span', async () => {
    const started: bigint[] = []
    class Lazy extends Promise<string> {
      #inner: Promise<string> | undefined
      override then: Promise<string>['then'] = (...args) => {
        if (this.#inner === undefined) started.push(currentSpanId())
        this.#inner ??= new Promise((resolve) => setTimeout(resolve, 5, 'done'))
        return this.#inner.then(...args)
      }
    }
    const lazy = new Lazy((resolve) => resolve(''))
    let given: ActiveSpan | undefined
    const returned = run((s) => {
      given = s
      return lazy
    })
    expect(returned).toBe(lazy)
    expect(started).toEqual([given?.spanId])
    expect(await returned).toBe('done')
    expect(started).toHaveLength(1)
    expect(await recorded()).toHaveLength(count)
  })

  test('a promise that cannot be watched', async () => {
    class Picky extends Promise<string> {
      constructor(executor: ConstructorParameters<typeof Promise<string>>[0], label?: string) {
        if (label === undefined) throw new TypeError('a label is needed')
        super(executor)
      }
    }
    const picky = new Picky((resolve) => resolve('done'), 'label')
    expect(run(() => picky)).toBe(picky)
    const { proxy, revoke } = Proxy.revocable(Promise.resolve(), {})
    revoke()
    expect(run(() => proxy)).toBe(proxy)
    expect(await recorded()).toHaveLength(2 * count)
  })
})

/** Runs a program of its own, in which `run` is a way to run a function; its recorder prints each span's failure. */
function outcome(way: string, body: string): { status: number | null; stdout: string; stderr: string } {
  const core = new URL('../../dist/index.js', import.meta.url).href
  const program = `
    import { writeSync } from 'node:fs'
    import { createTracer, span } from ${JSON.stringify(core)}
    const record = (spans) => { for (const { data } of spans) writeSync(1, (data['error.message'] ?? 'ok') + '\\n') }
    const tracer = createTracer({ service: 'test', recorder: { name: 'test', record, recordSync: record } })
    const unsampled = createTracer({ service: 'test', recorder: { name: 'test', record }, sample: () => false })
    const run = ${way}
    ${body}`
  return spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
}

describe.each([
  ['recorded', '(fn) => tracer.trace("work", "w", fn)', true],
  ['not sampled', '(fn) => unsampled.trace("work", "w", fn)', false],
  ['outside a trace', '(fn) => span("work", "w", fn)', false],
])('a program whose span is %s', (_how, way, isRecorded) => {
  test('goes on where its function has handled the promise that it returns', () => {
    const body = `
      const fail = async () => { await null; throw new Error('boom') }
      run(() => { const work = fail(); work.catch(() => {}); return work })
      run(() => { const work = Promise.reject(new Error('boom')); work.catch(() => {}); return work })
      run(() => { const work = fail(); setImmediate(() => work.catch(() => {})); work.then(null, () => {}); return work })
      setTimeout(() => console.log('alive'), 20)`
    const { status, stdout, stderr } = outcome(way, body)
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout.split('\n').sort()).toEqual(['', ...(isRecorded ? ['alive', 'boom', 'boom', 'boom'] : ['alive'])])
  })

  test('goes on where whoever gets the promise handles it, at once or in time', () => {
    const body = `
      const fail = async () => { await null; throw new Error('boom') }
      for (const fn of [fail, () => fail()]) {
        run(fn).catch(() => {})
        await run(fn).catch(() => {})
        Promise.allSettled([run(fn)])
      }
      console.log('alive')`
    expect(outcome(way, body)).toMatchObject({ status: 0, stderr: '', stdout: expect.stringContaining('alive') })
  })

  test.each([
    ['an async function rejects', 'void run(async () => { await null; throw new Error("boom") })'],
    ['an async method rejects', 'void run({ async load() { throw new Error("boom") } }.load)'],
    ['what is made of the promise rejects', 'run(() => Promise.reject(new Error("boom"))).then(() => {})'],
    ['the promise is awaited', 'await run(() => Promise.reject(new Error("boom")))'],
    ['it was handled as one of several', 'Promise.all([run(() => Promise.reject(new Error("boom")))])'],
  ])('ends where nobody handles it and %s', (_what, does) => {
    const { status, stdout, stderr } = outcome(way, `${does}; setTimeout(() => console.log('alive'), 1_000)`)
    expect([status, stdout]).toEqual([1, isRecorded ? 'boom\n' : ''])
    expect(stderr).toContain('Error: boom')
  })
})

test('a limit: a recorded span hides from Node that nobody handles the promise of a function that is not async', () => {
  const body = "run(() => Promise.reject(new Error('boom'))); setTimeout(() => console.log('alive'), 20)"
  const recorded = outcome('(fn) => tracer.trace("work", "w", fn)', body)
  expect([recorded.status, recorded.stdout.split('\n').sort()]).toEqual([0, ['', 'alive', 'boom']])
  expect(outcome('(fn) => span("work", "w", fn)', body)).toMatchObject({ status: 1, stdout: '' })
})
