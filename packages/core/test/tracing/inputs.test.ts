import { describe, expect, jest, test } from '@jest/globals'
import type { ActiveSpan } from '../../src/contract/active-span.js'
import type { StartOptions, Tracer } from '../../src/contract/tracer.js'
import { memoryRecorder } from '../../src/store/memory.js'
import { createTracer } from '../../src/tracing/create-tracer.js'
import { bind, go, span } from '../../src/tracing/free-functions.js'

function aTracer() {
  const recorder = memoryRecorder()
  const warn = jest.fn<(message: string) => void>()
  return { tracer: createTracer({ service: 'users', recorder, logger: { warn } }), recorder, warn }
}

/** What no type checker would let pass. */
const wrong = <T>(value: unknown): T => value as T
const nothing = (): void => {}
const REMOTE = { upperTraceId: 1n, traceState: '', isRandom: true }

function start(tracer: Tracer, options: Record<string, unknown> | null): void {
  tracer.start('k', 'n', options as StartOptions).finish()
}

function live(tracer: Tracer, use: (live: ActiveSpan) => void): void {
  const made = tracer.start('k', 'n')
  use(made)
  made.finish()
}

describe('bad input at run time falls back, is counted, and is warned of once:', () => {
  test.each<[string, (tracer: Tracer) => unknown, RegExp]>([
    ['traceId of 0', (t) => t.trace('k', 'n', nothing, { traceId: 0n }), /traceId: .*, got 0n; a new trace id is used/],
    ['traceId that is a number', (t) => start(t, { traceId: 5 }), /traceId: .*, got 5/],
    ['parentId below 0', (t) => start(t, { root: true, parentId: -1n }), /parentId: .*, got -1n; 0n is used/],
    ['parentId beyond 64 bits', (t) => start(t, { parentId: 2n ** 64n }), /parentId: .*, got 18446744073709551616n/],
    ['kind that is no string', (t) => t.trace(wrong(null), 'n', nothing), /kind .*, got null; "" is used/],
    ['name that is no string', (t) => t.trace('k', wrong({}), nothing), /name .*, got an object; "" is used/],
    ['process that is no string', (t) => start(t, { process: 5 }), /process .*, got 5; "users:\d+@.*" is used/],
    ['sampled that is neither', (t) => start(t, { sampled: 'no' }), /sampled: .*, got "no"; the trace is recorded/],
    ['remote that is none', (t) => start(t, { remote: 'a' }), /remote: .*, got "a"; it is not used/],
    ['remote with a wrong id', (t) => start(t, { remote: { ...REMOTE, upperTraceId: 5 } }), /remote: .*an object/],
    ['remote without a state', (t) => start(t, { remote: { ...REMOTE, traceState: 5 } }), /remote: /],
    ['options of null', (t) => start(t, null), /options .*, got null; none are used/],
    ['options of trace', (t) => t.trace('k', 'n', nothing, wrong(null)), /options .*, got null/],
    ['options that are a number', (t) => t.trace('k', 'n', nothing, wrong(5)), /options .*, got 5/],
    ['timeout of flush', (t) => t.flush({ timeout: Number.NaN }), /timeout: .*, got NaN; 5000 is used/],
    ['trace of nothing', (t) => t.trace('k', 'n', wrong(undefined)), /nothing to run: .*, got undefined/],
    ['span of nothing', (t) => t.span('k', 'n', wrong('fn')), /nothing to run: .*, got "fn"/],
    ['go of nothing', (t) => t.go('k', 'n', wrong(5)), /nothing to run: .*, got 5/],
    ['run of nothing', (t) => live(t, (s) => s.run(wrong(null))), /nothing to run: .*, got null/],
    ['data that are none', (t) => live(t, (s) => (s.data = wrong(null))), /data of a span: .*, got null/],
    ['data that are a number', (t) => live(t, (s) => (s.data = wrong(5))), /data of a span: .*, got 5/],
    [
      'options that cannot be read',
      (t) => {
        const options = { root: true, ...REMOTE }
        start(t, Object.defineProperty(options, 'traceId', { get: () => expect(true).toBe(false) }))
      },
      /could not be started as wanted: /,
    ],
  ])('%s', async (_what, use, message) => {
    const { tracer, recorder, warn } = aTracer()
    for (let time = 0; time < 3; time++) await use(tracer)
    await tracer.flush()
    expect(tracer.stats().badInput).toBe(3)
    expect(warn.mock.calls).toEqual([[expect.stringMatching(message)]])
    expect(tracer.stats().started).toBe(recorder.spans.length)
    for (const { traceId, parentId, process: where, kind, name, data } of recorder.spans) {
      expect(traceId > 0n && parentId >= 0n).toBe(true)
      expect([where, kind.length <= 1, name.length <= 1]).toEqual([tracer.process, true, true])
      expect(data).toEqual({})
    }
  })

  test('in a trace that is not sampled too', () => {
    const warn = jest.fn<(message: string) => void>()
    const tracer = createTracer({ recorder: memoryRecorder(), logger: { warn }, sample: () => false })
    expect(tracer.trace('k', 'n', wrong(null))).toBeUndefined()
    live(tracer, (s) => {
      s.data = wrong(null)
      expect(s.run(wrong(5))).toBeUndefined()
    })
    expect(tracer.stats().badInput).toBe(3)
    expect(warn).toHaveBeenCalledTimes(1)
  })

  test('outside a trace as a warning of the process', () => {
    const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(nothing)
    expect(span('k', 'n', wrong(null))).toBeUndefined()
    go('k', 'n', wrong(null))
    expect(bind(wrong<() => void>(5))).toBe(5)
    const [[message]] = emitWarning.mock.calls as unknown as [[string]]
    expect(message).toMatch(/^trace: a span was given nothing to run: expected a function, got null$/)
    expect(emitWarning).toHaveBeenCalledTimes(1)
    emitWarning.mockRestore()
  })
})

test('a very long name is cut', async () => {
  const { tracer, recorder } = aTracer()
  tracer.trace('k', 'x'.repeat(100_000), nothing)
  await tracer.flush()
  expect(recorder.spans[0]?.name).toHaveLength(1_024)
})
