import { describe, expect, jest, test } from '@jest/globals'
import { currentSpanId } from '../../src/context/context.js'
import type { ActiveSpan } from '../../src/contract/active-span.js'
import type { Span } from '../../src/contract/span.js'
import { memoryRecorder } from '../../src/store/memory.js'
import { createTracer } from '../../src/tracing/create-tracer.js'
import { span } from '../../src/tracing/free-functions.js'

const recorder = memoryRecorder()
const warn = jest.fn<(message: string) => void>()
const tracer = createTracer({ service: 'users', recorder, logger: { warn }, warningInterval: 60_000 })

type Run = (fn: (span: ActiveSpan) => unknown) => unknown
const WAYS: [string, Run][] = [
  ['tracer.trace', (fn) => tracer.trace('work', 'w', fn)],
  ['tracer.span outside a trace', (fn) => tracer.span('work', 'w', fn)],
  ['tracer.span', (fn) => tracer.start('work', 'above').run(() => tracer.span('work', 'w', fn))],
  ['span', (fn) => tracer.start('work', 'above').run(() => span('work', 'w', fn))],
]

async function recorded(): Promise<Span[]> {
  await tracer.flush()
  const spans = [...recorder.spans]
  recorder.clear()
  return spans
}

describe.each(WAYS)('%s', (_way, run) => {
  test('passes on what the function returns, and finishes the span', async () => {
    const result = { any: 'thing' }
    expect(run(() => result)).toBe(result)
    expect(await recorded()).toMatchObject([{ name: 'w', data: {} }])
  })

  test('passes on what a promise resolves to, and finishes the span then', async () => {
    let settle: (value: string) => void = () => {}
    const outcome = run(() => new Promise((resolve) => (settle = resolve)))
    expect(await recorded()).toEqual([])
    settle('done')
    expect(await outcome).toBe('done')
    expect(await recorded()).toHaveLength(1)
  })

  test.each<[string, unknown, string, string]>([
    ['an error', new TypeError('no'), 'TypeError', 'no'],
    ['a string', 'no', 'string', 'no'],
    ['undefined', undefined, 'undefined', 'undefined'],
    ['a frozen error', Object.freeze(new RangeError('cold')), 'RangeError', 'cold'],
  ])('%s thrown passes untouched, and fails the span', async (_what, thrown, type, message) => {
    let caught: unknown = 'nothing'
    try {
      run(() => {
        throw thrown
      })
    } catch (error) {
      caught = error
    }
    expect(caught).toBe(thrown)
    const rejection: unknown = run(async () => {
      await null
      throw thrown
    })
    await expect(rejection).rejects.toBe(thrown)
    const data = { 'error.type': type, 'error.message': message }
    expect(await recorded()).toMatchObject([{ data }, { data }])
  })

  test('a function that rejects before its first await fails the span once', async () => {
    const error = new Error('at once')
    await expect(run(() => Promise.reject(error))).rejects.toBe(error)
    expect(await recorded()).toMatchObject([{ data: { 'error.message': 'at once' } }])
  })

  test('a lazy thenable is started once, inside the span', async () => {
    const ids: bigint[] = []
    const query = {
      then(resolve: (rows: number) => void) {
        ids.push(currentSpanId())
        setImmediate(() => resolve(3))
      },
    }
    let id = 0n
    const outcome = run((s) => {
      id = s.spanId
      return query
    })
    expect(await outcome).toBe(3)
    expect(ids).toEqual([id])
    expect(await recorded()).toHaveLength(1)
  })

  test('a lazy thenable that throws or rejects fails the span', async () => {
    const error = new Error('query')
    const rejects = { then: (_: unknown, reject: (error: Error) => void) => reject(error) }
    await expect(run(() => rejects)).rejects.toBe(error)
    const throws = {
      then() {
        throw error
      },
    }
    await expect(run(() => throws)).rejects.toBe(error)
    expect(await recorded()).toHaveLength(2)
  })

  test('an object whose then cannot be read is a value', async () => {
    const odd = Object.defineProperty({}, 'then', {
      get() {
        throw new Error('do not touch')
      },
    })
    expect(run(() => odd)).toBe(odd)
    expect(await recorded()).toHaveLength(1)
  })
})

test('a span that never settles is counted as open', async () => {
  const before = tracer.stats().open
  void tracer.trace('work', 'forever', () => new Promise(() => {}))
  expect(await recorded()).toEqual([])
  expect(tracer.stats().open).toBe(before + 1)
})

test('fail marks a span; the first reason counts', async () => {
  tracer.trace('work', 'w', (s) => {
    s.fail(new TypeError('first'))
    s.fail(new Error('second'))
  })
  expect(await recorded()).toMatchObject([{ data: { 'error.type': 'TypeError', 'error.message': 'first' } }])
})
