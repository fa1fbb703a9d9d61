import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import * as types from 'node:util/types'
import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import fc from 'fast-check'
import { runs } from '../../../../.config/runs.js'
import { currentSpan, currentSpanId, currentTraceId } from '../../src/context/context.js'
import type { SpanIds } from '../../src/contract/active-span.js'
import type { Recorder } from '../../src/contract/recorder.js'
import type { FlushOptions, TraceOptions, Tracer } from '../../src/contract/tracer.js'
import { createTracer } from '../../src/tracing/create-tracer.js'
import { bind, go, span } from '../../src/tracing/free-functions.js'
import { FAULTS, make, sourceOf } from '../support/faults.js'
import { hostile } from '../support/hostile.js'
import { isLong } from '../support/long.js'

afterEach(() => {
  jest.restoreAllMocks()
})

/** What a function of the program does: nothing of it is tracing's, so what it throws has to come out again. */
type Act = { readonly throws: boolean; readonly value: unknown; readonly fn: unknown }

const acts: fc.Arbitrary<Act> = fc.oneof(
  hostile.map(({ value }) => ({ throws: false, value, fn: () => value })),
  hostile.map(({ value }) => ({
    throws: true,
    value,
    fn: () => {
      throw value
    },
  })),
  hostile.map(({ value }) => ({ throws: false, value, fn: async () => value })),
  hostile
    .filter(({ value }) => typeof value !== 'function')
    .map(({ value }) => ({ throws: false, value: undefined, fn: value })),
)

/** Calls what runs a function of the program, and checks that nothing but what that throws is thrown. */
function attempt(act: Act, call: (fn: never) => unknown, passesOn = true): void {
  try {
    ignore(call(act.fn as never))
  } catch (error) {
    if (!passesOn || !act.throws || !Object.is(error, act.value)) throw new Error('tracing threw', { cause: error })
  }
}

/** Has the rejection of a promise handled, where it can be. */
function ignore(result: unknown): void {
  if (!types.isPromise(result)) return
  try {
    Promise.prototype.then.call(result, undefined, () => {})
  } catch {}
}

/** The ways into tracing, each given anything at all. */
const WAYS: ((tracer: Tracer, act: Act, ...given: unknown[]) => void)[] = [
  (tracer, act, kind, name, options) => {
    attempt(act, (fn) => tracer.trace(kind as string, name as string, fn, options as TraceOptions))
  },
  (tracer, act, kind, name) => {
    attempt(act, (fn) => tracer.span(kind as string, name as string, fn))
    attempt(act, (fn) => span(kind as string, name as string, fn))
    attempt(act, (fn) => tracer.trace('work', 'above', () => span(kind as string, name as string, fn)))
  },
  (tracer, act, kind, name) => {
    attempt(act, (fn) => tracer.go(kind as string, name as string, fn), false)
    attempt(act, (fn) => go(kind as string, name as string, fn), false)
  },
  (tracer, _act, ...given) => {
    const names = ['traceId', 'parentId', 'sampled', 'remote', 'process', 'root']
    const options = Object.fromEntries(names.map((option, at) => [option, given[at]]))
    tracer.start('work', 'w', options as TraceOptions).finish()
  },
  (tracer, act, value, kind, name) => {
    for (const live of [
      tracer.start(kind as string, name as string, value as TraceOptions),
      span('a', 'b', (s) => s),
    ]) {
      live.data['value'] = value
      live.data = value as Record<string, unknown>
      live.data = { value }
      live.name = value as string
      Reflect.set(live, 'kind', value)
      Reflect.set(live, 'process', value)
      attempt(act, (fn) => live.run(fn))
      live.event(name as string, value as Record<string, unknown>)
      live.link(value as SpanIds, { kind })
      live.link({ traceId: value as bigint, spanId: 1n }, value as Record<string, unknown>)
      live.fail(value)
      live.finish()
      live.data['late'] = live.elapsed
      live[Symbol.dispose]()
    }
  },
  (tracer, _act, value) => {
    const live = tracer.start('work', 'data frozen')
    live.data['value'] = value
    Object.freeze(live.data)
    live.data = { more: value }
    live.event('frozen', { value })
    live.fail(value)
    live.finish()
    const whole = tracer.start('work', 'frozen')
    Object.freeze(whole)
    whole.data['value'] = value
    whole.data = { value }
    whole.event('frozen', { value })
    whole.fail(value)
    whole.finish()
    whole.finish()
  },
  (_tracer, act, self) => {
    const bound = bind(act.fn as () => unknown)
    if (typeof act.fn === 'function') attempt(act, () => Reflect.apply(bound, self, []))
    else expect(Object.is(bound, act.fn)).toBe(true)
    expect([currentSpan(), currentSpanId(), currentTraceId()]).toEqual([undefined, 0n, 0n])
  },
  (tracer, _act, value) => {
    const timeout = typeof value === 'number' ? Math.min(value, 20) : value
    for (const options of [value, { timeout }]) tracer.flush(options as FlushOptions).catch(fail)
    tracer.stats()
  },
]

const calls: fc.Arbitrary<(tracer: Tracer) => void> = fc
  .tuple(fc.constantFrom(...WAYS), acts, fc.array(hostile, { minLength: 6, maxLength: 6 }))
  .map(
    ([way, act, given]) =>
      (tracer) =>
        way(tracer, act, ...given.map(({ value }) => value)),
  )

let failed: unknown

function fail(error: unknown): void {
  failed = error
}

/** A recorder, a logger and a sampler of which nothing can be expected. */
const surroundings = fc.record({
  name: fc.option(hostile),
  record: fc.option(acts),
  logger: fc.option(acts),
  sample: fc.option(acts),
})

function aTracer({ name, record, logger, sample }: Parameters<Parameters<typeof surroundings.map>[0]>[0]): Tracer {
  let isMade = false
  const does = (act: Act | null): unknown => (typeof act?.fn === 'function' ? act.fn() : undefined)
  const recorder: Recorder = {
    get name(): string {
      if (!isMade || name === null) return 'test'
      return (typeof name.value === 'function' ? name.value() : name.value) as string
    },
    record: (spans) => {
      Reflect.set(spans, 'length', 0)
      return does(record) as Promise<void>
    },
  }
  const options = {
    service: 'test',
    recorder,
    logger: { warn: () => does(logger) },
    warningInterval: 1,
    flushTimeout: 20,
  }
  const tracer = createTracer(sample === null ? options : { ...options, sample: () => does(sample) as boolean })
  isMade = true
  return tracer
}

function expectBalanced(tracer: Tracer): void {
  const { started, badInput: _, stores: __, ...states } = tracer.stats()
  const sum = Object.values(states).reduce((total, count) => total + count, 0)
  const negative = Object.values(states).filter((count) => count < 0)
  // Without a matcher where all is well: matchers took a fifth of the time.
  if (sum !== started || negative.length > 0) expect({ sum, negative }).toEqual({ sum: started, negative: [] })
}

test('no call throws, whatever it is given, whatever surrounds it, and whatever the process has become', async () => {
  jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const unhandled = jest.fn()
  process.on('unhandledRejection', unhandled)
  const faults = fc.subarray(FAULTS, { maxLength: 3 })
  await fc.assert(
    fc.asyncProperty(
      surroundings,
      faults,
      fc.array(calls, { minLength: 1, maxLength: 8 }),
      async (around, bad, all) => {
        const tracer = aTracer(around)
        const undo = bad.map(make)
        try {
          for (const call of all) call(tracer)
        } finally {
          for (const restore of undo.reverse()) restore()
        }
        expectBalanced(tracer)
        expect(await tracer.close({ timeout: 20 })).toEqual({ left: expect.any(Number), lost: expect.any(Number) })
        expectBalanced(tracer)
      },
    ),
    {
      numRuns: isLong ? 1_000 : runs(300),
      // What was given can often not be printed.
      reporter: ({ failed, errorInstance, seed, counterexamplePath }) => {
        if (failed) throw new Error(`seed ${seed}, path ${counterexamplePath}`, { cause: errorInstance })
      },
    },
  )
  process.off('unhandledRejection', unhandled)
  expect([failed, unhandled.mock.calls]).toEqual([undefined, []])
})

describe('a program runs on, and its spans are recorded, where', () => {
  const core = new URL('../../dist/index.js', import.meta.url).href
  // In a thread, which has globals and a `process` of its own, and starts five times as fast as a process.
  test.each(FAULTS.map((fault) => [fault.what, sourceOf(fault)]))('%s', async (_what, source) => {
    const program = `(async () => {
      const { parentPort } = require('node:worker_threads')
      const { createTracer, memoryRecorder, span } = await import(${JSON.stringify(core)})
      const recorder = memoryRecorder()
      const tracer = createTracer({ service: 'test', recorder, logger: { warn: (text) => said.push(text) } })
      const said = []
      ${source}
      for (let i = 0; i < 2_000; i++) tracer.trace('work', 'w', () => span('work', 'x', () => {}))
      await tracer.trace('work', 'w', async () => { await null })
      await tracer.flush()
      parentPort.postMessage([recorder.spans.length, said.length])
    })()`
    const worker = new Worker(program, { eval: true, stdout: true, stderr: true })
    const heard: unknown[] = []
    worker.on('message', (counts) => heard.push(counts))
    for (const output of [worker.stdout, worker.stderr]) output.on('data', (text) => heard.push(String(text)))
    const [status] = await once(worker, 'exit')
    expect([status, heard]).toEqual([0, [[4001, 0]]])
  })
})

test('a program runs on, and its spans are recorded, where all that is global has been frozen', () => {
  const program = `
    Object.freeze(globalThis)
    const { createTracer, memoryRecorder, span } = await import(${JSON.stringify(new URL('../../dist/index.js', import.meta.url))})
    const recorder = memoryRecorder()
    const tracer = createTracer({ service: 'test', recorder })
    await tracer.trace('work', 'w', async (s) => {
      s.data = { toString: 1, constructor: 2, when: new Date(0) }
      s.fail(new TypeError('no'))
      span('work', 'x', () => {})
    })
    await tracer.flush()
    console.log(JSON.stringify(recorder.spans.map(({ name, data }) => [name, data])))`
  const args = ['--frozen-intrinsics', '--no-warnings', '--input-type=module', '-e', program]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  expect([status, stderr]).toEqual([0, ''])
  const data = { toString: 1, constructor: 2, when: '1970-01-01T00:00:00Z' }
  expect(JSON.parse(stdout)).toEqual([
    ['x', {}],
    ['w', { ...data, 'error.type': 'TypeError', 'error.message': 'no', 'error.stack': expect.any(String) }],
  ])
})
