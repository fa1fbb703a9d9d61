import { describe, expect, test } from '@jest/globals'
import type { ActiveSpan } from '../../src/contract/active-span.js'
import type { Span } from '../../src/contract/span.js'
import { memoryRecorder } from '../../src/store/memory.js'
import { createTracer } from '../../src/tracing/create-tracer.js'
import { formatTime, parseTime } from '../../src/values/time.js'

async function recorded(
  fn: (span: ActiveSpan) => void,
  options = {},
): Promise<{ span: Span | undefined; badInput: number }> {
  const recorder = memoryRecorder()
  const tracer = createTracer({ service: 'users', recorder, logger: { warn: () => {} }, ...options })
  tracer.trace('k', 'n', fn)
  await tracer.close()
  return { span: recorder.spans[0], badInput: tracer.stats().badInput }
}

const [traceId, spanId] = [2n ** 64n - 1n, 7n]

describe('events', () => {
  test('have their time, their name, and data as they were then, made plain', async () => {
    const given: Record<string, unknown> = { attempt: 1, when: new Date(0), left: undefined }
    const { span } = await recorded((s) => {
      s.event('retry', given)
      given['attempt'] = 2
      s.event('retry', given)
      s.event('done')
    })
    const events = span?.data['events'] as { time: string; name: string }[]
    const when = '1970-01-01T00:00:00Z'
    const time = expect.any(String)
    expect(events).toEqual([
      { time, name: 'retry', attempt: 1, when },
      { time, name: 'retry', attempt: 2, when },
      { time, name: 'done' },
    ])
    const times = events.map((event) => parseTime(event.time) ?? 0n)
    expect([...times].sort()).toEqual(times)
    expect((times[0] ?? 0n) >= (span?.start ?? 0n) && (times[2] ?? 0n) <= (span?.finish ?? 0n)).toBe(true)
  })

  test('take the time of a clock that is given', async () => {
    const { span } = await recorded((s) => s.event('x'), { clock: () => 5_000_000_001n })
    expect(span?.data['events']).toEqual([{ time: formatTime(5_000_000_001n), name: 'x' }])
  })

  test('are at most 128; the others are counted', async () => {
    const { span } = await recorded((s) => {
      for (let at = 0; at < 1_000; at++) s.event(`e${at}`, { at })
    })
    expect(span?.data['events']).toHaveLength(128)
    expect(span?.data['events.dropped']).toBe(872)
  })

  test('keep a time and a name that the program gives apart', async () => {
    const { span } = await recorded((s) => s.event('x', { name: 'ann', time: 3, __proto__: null }))
    expect(span?.data['events']).toEqual([{ time: expect.any(String), name: 'x', 'data.name': 'ann', 'data.time': 3 }])
  })
})

describe('links', () => {
  test('have the ids as text, of another span or as given', async () => {
    const { span } = await recorded((s) => {
      s.link({ traceId, spanId }, { why: 'batch', trace_id: 1 })
      s.link(s)
    })
    expect(span?.data['links']).toEqual([
      { trace_id: '18446744073709551615', span_id: '7', why: 'batch', 'data.trace_id': 1 },
      { trace_id: `${span?.traceId}`, span_id: `${span?.spanId}` },
    ])
  })

  test('are at most 128; the others are counted', async () => {
    const { span } = await recorded((s) => {
      for (let at = 1; at < 200; at++) s.link({ traceId, spanId: BigInt(at) })
    })
    expect(span?.data['links']).toHaveLength(128)
    expect(span?.data['links.dropped']).toBe(71)
  })

  test.each([
    undefined,
    null,
    5,
    {},
    { traceId: 1, spanId: 2n },
    { traceId: 0n, spanId: 2n },
    { traceId: 1n, spanId: 2n ** 64n },
  ])('to %p are refused, and counted as bad input', async (to) => {
    const { span, badInput } = await recorded((s) => Reflect.apply(s.link, s, [to]))
    expect([span?.data, badInput]).toEqual([{}, 1])
  })
})

test('nothing throws, whatever is given, and whatever the program has done to the data', async () => {
  const throws = {
    get a(): never {
      throw new Error('no')
    },
  }
  const revoked = Proxy.revocable({}, {})
  revoked.revoke()
  for (const data of [throws, 5, null, 'x', [1], new Map([['a', 1]]), revoked.proxy]) {
    for (const name of ['x', undefined, 5, Symbol('x')]) {
      const { span } = await recorded((s) => {
        Reflect.apply(s.event, s, [name, data])
        Reflect.apply(s.link, s, [revoked.proxy, data])
      })
      expect(span).toBeDefined()
    }
  }
  const { span } = await recorded((s) => {
    s.data['events'] = 'mine'
    s.data['links'] = Object.freeze([])
    s.event('x')
    s.link({ traceId, spanId })
    Object.freeze(s.data)
    s.event('y')
  })
  expect(span?.data).toMatchObject({ events: 'mine', links: [] })
})

test('after the end, and in a trace that is not sampled, they do nothing', async () => {
  const { span } = await recorded((s) => {
    s.finish()
    s.event('late')
    s.link({ traceId, spanId })
  })
  expect(span?.data).toEqual({})
  const { span: none } = await recorded(
    (s) => {
      s.event('x')
      s.link(s)
    },
    { sample: () => false },
  )
  expect(none).toBeUndefined()
})
