import { describe, expect, jest, test } from '@jest/globals'
import { currentSpan, currentSpanId, currentTraceId } from '../../src/context/context.js'
import type { Span } from '../../src/contract/span.js'
import type { Tracer, TracerOptions } from '../../src/contract/tracer.js'
import { memoryRecorder } from '../../src/store/memory.js'
import { createTracer } from '../../src/tracing/create-tracer.js'
import { go, span } from '../../src/tracing/free-functions.js'

function aTracer(options: Partial<TracerOptions> = {}) {
  const recorder = memoryRecorder()
  const warn = jest.fn<(message: string) => void>()
  const tracer = createTracer({ service: 'users', recorder, logger: { warn }, ...options })
  return { tracer, recorder, warn }
}

async function only(tracer: Tracer, spans: readonly Span[]): Promise<Span> {
  await tracer.flush()
  expect(spans).toHaveLength(1)
  return spans[0] as Span
}

describe('as in the Go package', () => {
  test('no context outside a trace', () => {
    expect([currentSpanId(), currentTraceId(), currentSpan()]).toEqual([0n, 0n, undefined])
  })

  test('a given trace id is kept', async () => {
    const { tracer, recorder } = aTracer()
    tracer.trace('work', 'w', () => expect(currentTraceId()).toBe(42n), { traceId: 42n, parentId: 43n })
    expect(await only(tracer, recorder.spans)).toMatchObject({ traceId: 42n, parentId: 43n })
  })

  test('a new trace has new ids and no parent', async () => {
    const { tracer, recorder } = aTracer()
    tracer.trace('work', 'w', (span) => {
      expect([currentSpanId(), currentTraceId()]).toEqual([span.spanId, span.traceId])
    })
    const span = await only(tracer, recorder.spans)
    expect(span.parentId).toBe(0n)
    expect(span.spanId).not.toBe(span.traceId)
    expect([span.spanId > 0n, span.traceId > 0n]).toEqual([true, true])
  })

  test('a child shares the trace and not the span id', async () => {
    const { tracer, recorder } = aTracer()
    tracer.trace('work', 'above', () => tracer.span('work', 'below', () => {}))
    await tracer.flush()
    const [below, above] = recorder.spans
    expect(below?.traceId).toBe(above?.traceId)
    expect(below?.parentId).toBe(above?.spanId)
    expect(below?.spanId).not.toBe(above?.spanId)
  })
})

describe('a recorded span', () => {
  test('says where and what it was, when, and what the program added', async () => {
    const { tracer, recorder } = aTracer()
    const before = BigInt(Date.now()) * 1_000_000n
    tracer.trace('work', 'w', (span) => {
      span.data['rows'] = 2
      const current = currentSpan()
      if (current !== undefined) current.data['more'] = { list: [1n] }
    })
    const span = await only(tracer, recorder.spans)
    expect(span).toEqual({
      spanId: expect.anything(),
      traceId: expect.anything(),
      parentId: 0n,
      process: `users:${process.pid}@${(await import('node:os')).hostname()}`,
      kind: 'work',
      name: 'w',
      start: expect.anything(),
      finish: expect.anything(),
      data: { rows: 2, more: { list: [1] } },
    })
    expect(span.start).toBeGreaterThanOrEqual(before - 2_000_000n)
    expect(span.finish).toBeGreaterThanOrEqual(span.start)
    expect(span.finish).toBeLessThanOrEqual(BigInt(Date.now() + 3) * 1_000_000n)
  })

  test('has the name it had when it finished, and nothing that came later', async () => {
    const { tracer, recorder } = aTracer()
    const span = tracer.start('work', 'first')
    span.name = 'second'
    span.data['a'] = 1
    span.finish()
    span.name = 'third'
    span.data['b'] = 2
    span.fail(new Error('late'))
    span.finish()
    expect(await only(tracer, recorder.spans)).toMatchObject({ name: 'second', data: { a: 1 } })
    expect(tracer.stats()).toMatchObject({ started: 1, recorded: 1, open: 0 })
  })

  test('of a program that names itself whole', async () => {
    const { tracer, recorder } = aTracer({ process: 'me' })
    tracer.trace('work', 'w', () => {})
    tracer.start('work', 'x', { process: 'other' }).finish()
    await tracer.flush()
    expect(recorder.spans.map((span) => span.process)).toEqual(['me', 'other'])
  })
})

describe('start', () => {
  test('makes a child of the current span, or a root where told to', async () => {
    const { tracer, recorder } = aTracer()
    tracer.trace('work', 'above', (above) => {
      const child = tracer.start('work', 'child')
      expect([child.traceId, child.parentId]).toEqual([above.traceId, above.spanId])
      const root = tracer.start('work', 'root', { root: true })
      expect(root.parentId).toBe(0n)
      expect(root.traceId).not.toBe(above.traceId)
      const joined = tracer.start('work', 'joined', { traceId: 7n, parentId: 8n })
      expect([joined.traceId, joined.parentId]).toEqual([7n, 8n])
      expect(currentSpan()).toBe(above)
      for (const span of [child, root, joined]) span.finish()
    })
    await tracer.flush()
    expect(recorder.spans).toHaveLength(4)
  })

  test('run makes it current, and finishes nothing', async () => {
    const { tracer, recorder } = aTracer()
    const span = tracer.start('work', 'w')
    expect(span.run((given) => [given, currentSpan()])).toEqual([span, span])
    expect(await span.run(async () => currentSpanId())).toBe(span.spanId)
    expect(currentSpan()).toBeUndefined()
    expect(tracer.stats().open).toBe(1)
    span.finish()
    await only(tracer, recorder.spans)
  })

  test('a using block finishes it', async () => {
    const { tracer, recorder } = aTracer()
    {
      using span = tracer.start('work', 'w')
      span.data['in'] = true
    }
    expect(await only(tracer, recorder.spans)).toMatchObject({ data: { in: true } })
  })
})

describe('options', () => {
  const recorder = memoryRecorder()
  test.each<[string, unknown, RegExp]>([
    ['no options', undefined, /createTracer: expected options such as { recorder: … }, got undefined/],
    ['a recorder', recorder, /createTracer: expected options such as { recorder: … }, got the recorder by itself/],
    ['no recorder', {}, /createTracer: option "recorder": expected a recorder.*, got undefined/],
    ['a recorder without record', { recorder: { name: 'x' } }, /"recorder": expected a recorder.*, got an object/],
    ['an unknown option', { recorder, bufer: 1 }, /unknown option "bufer"; the options are: recorder, service/],
    ['a wrong type', { recorder, buffer: '10' }, /"buffer": expected a whole number above 0, got "10"/],
    ['a list', { recorder, logger: ['a', 1, [2]] }, /got an array of 3: "a", 1, an array of 1$/],
    ['an empty list', { recorder, logger: [] }, /got an empty array$/],
    ['a long list', { recorder, logger: Array(1e6).fill('x'.repeat(50)) }, /got an array of 1000000: "[x", ]{40,60}…$/],
    ['a buffer of 0', { recorder, buffer: 0 }, /"buffer"/],
    ['an endless timeout', { recorder, flushTimeout: Number.POSITIVE_INFINITY }, /"flushTimeout": .*, got Infinity/],
    ['an empty service', { recorder, service: '' }, /"service": expected a string that is not empty, got ""/],
    ['a logger that cannot warn', { recorder, logger: {} }, /"logger": expected a logger, with a method warn/],
  ])('%s', (_what, options, message) => {
    expect(() => createTracer(options as TracerOptions)).toThrow(message)
    expect(() => createTracer(options as TracerOptions)).toThrow(
      expect.objectContaining({ name: 'TraceError', code: 'TRACE_BAD_OPTION' }),
    )
  })

  test('the service is by default the name of the main script', () => {
    expect(createTracer({ recorder }).process).toMatch(/^[^:/.]+:\d+@/)
  })
})

describe('what a trace brought along from elsewhere', () => {
  const remote = { upperTraceId: 0xabn, traceState: 'a=1', isRandom: false }

  test('goes to all its spans, and the first keeps the whole id', async () => {
    const { tracer, recorder } = aTracer()
    tracer.trace('work', 'w', () => span('work', 'x', (s) => expect(s.remote).toEqual(remote)), {
      traceId: 42n,
      parentId: 7n,
      remote,
    })
    await tracer.flush()
    expect(recorder.spans.map((s) => ({ ...s.data }))).toEqual([
      {},
      { 'parent.remote': true, 'w3c.trace_id': '00000000000000ab000000000000002a' },
    ])
  })

  test('is on every span that a recorder gets, open and kept ones too; a trace of 64 bits costs no property', async () => {
    const recorder = memoryRecorder()
    const tracer = createTracer({
      service: 'users',
      recorder,
      sample: (kind) => kind !== 'late',
      keep: { errors: true },
    })
    const both = (): void => {
      span('work', 'child', (s) => tracer.start('work', 'open').link(s))
      go('work', 'detached', () => span('work', 'grandchild', () => {}))
    }
    tracer.trace('work', 'theirs', both, { traceId: 42n, parentId: 7n, remote })
    tracer.trace('late', 'kept', (s) => [both(), s.fail(new Error('no'))], { traceId: 43n, parentId: 7n, remote })
    tracer.trace('work', 'ours', both, { traceId: 44n })
    await tracer.close()
    const names = ['child', 'detached', 'grandchild', 'open']
    const upperOf = (traceId: bigint): unknown[] =>
      recorder.spans
        .filter((each) => each.traceId === traceId)
        .map((each) => [each.name, 'upperTraceId' in each ? each.upperTraceId : 'none'])
        .sort()
    expect(upperOf(42n)).toEqual([...names, 'theirs'].map((name) => [name, 0xabn]))
    // Of those that are open there, only what decided it and what is above that.
    expect(upperOf(43n)).toEqual(['child', 'detached', 'grandchild', 'kept'].map((name) => [name, 0xabn]))
    expect(upperOf(44n)).toEqual([...names, 'ours'].map((name) => [name, 'none']))
    const links = recorder.spans.flatMap(({ data }) => (data['links'] === undefined ? [] : [data['links']]))
    const linkTo = (id: bigint, whole: object) => [{ trace_id: `${id}`, span_id: expect.any(String), ...whole }]
    expect(links).toHaveLength(2)
    expect(links).toContainEqual(linkTo(42n, { 'w3c.trace_id': '00000000000000ab000000000000002a' }))
    expect(links).toContainEqual(linkTo(44n, {}))
  })

  test('goes on in a trace that is not sampled', () => {
    const { tracer } = aTracer()
    tracer.trace('work', 'w', () => span('work', 'x', (s) => expect(s.remote).toEqual(remote)), {
      remote,
      sampled: false,
    })
  })

  test('an upper half of 0 is not kept', async () => {
    const { tracer, recorder } = aTracer()
    tracer.trace('work', 'w', () => {}, { remote: { upperTraceId: 0n, traceState: '', isRandom: false } })
    await tracer.flush()
    expect(recorder.spans[0]?.data).toEqual({})
  })
})
