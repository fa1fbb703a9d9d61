import { describe, expect, jest, test } from '@jest/globals'
import type { TracerOptions } from '../../src/contract/tracer.js'
import { memoryRecorder } from '../../src/store/memory.js'
import { createTracer } from '../../src/tracing/create-tracer.js'
import { span } from '../../src/tracing/free-functions.js'

function aTracer(options: Partial<TracerOptions>) {
  const recorder = memoryRecorder()
  const warn = jest.fn<(message: string) => void>()
  return { tracer: createTracer({ service: 'users', recorder, logger: { warn }, ...options }), recorder, warn }
}

test('ids and times are those that the program gives', async () => {
  let [id, time] = [0n, 0n]
  const { tracer, recorder } = aTracer({ ids: () => ++id, clock: () => (time += 10n) })
  tracer.trace('k', 'outer', (outer) => {
    span('k', 'inner', () => {})
    expect(outer.elapsed).toBe(30n)
  })
  await tracer.close()
  expect(recorder.spans).toMatchObject([
    { name: 'inner', traceId: 1n, spanId: 3n, parentId: 2n, start: 20n, finish: 30n },
    { name: 'outer', traceId: 1n, spanId: 2n, parentId: 0n, start: 10n, finish: 50n },
  ])
})

test('a trace that is not sampled has such ids, too', () => {
  let id = 0n
  const { tracer } = aTracer({ ids: () => ++id, sample: () => false })
  expect(tracer.start('k', 'n')).toMatchObject({ traceId: 1n, spanId: 2n, sampled: false })
})

describe('what cannot be used is not, and is warned of:', () => {
  const fail = (): never => {
    throw new Error('no')
  }
  test.each<[string, unknown, RegExp]>([
    ['ids', () => 0n, /ids: expected a bigint from 1 to 18446744073709551615, got 0n; the default is used/],
    ['ids', () => 5, /ids: .*, got 5/],
    ['ids', fail, /ids threw: no/],
    ['clock', () => 5, /clock: .*, got 5/],
    ['clock', () => 10n ** 30n, /clock: .*, got 10{30}n/],
    ['clock', fail, /clock threw: no/],
  ])('%s that are %p', async (name, value, message) => {
    const { tracer, recorder, warn } = aTracer({ [name]: value })
    const before = BigInt(Date.now() - 1_000) * 1_000_000n
    tracer.trace('k', 'n', () => {})
    await tracer.close()
    const [found] = recorder.spans
    expect((found?.spanId ?? 0n) > 0n && (found?.traceId ?? 0n) > 0n).toBe(true)
    expect((found?.start ?? 0n) > before && (found?.finish ?? 0n) >= (found?.start ?? 0n)).toBe(true)
    expect(warn.mock.calls[0]?.[0]).toMatch(message)
  })
})
