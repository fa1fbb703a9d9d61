import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { ROOT_CONTEXT, type Span, type SpanOptions, SpanStatusCode, trace } from '@opentelemetry/api'
import { formatTime } from '@trace/core'
import { otlpKindOf } from '../../../analysis/src/formats/kinds.js'
import { bridgedTracer, type Recorded, unregisterAll } from '../support/recorded.js'

let recorded: Recorded
beforeAll(() => {
  recorded = bridgedTracer()
})
afterAll(unregisterAll)

let count = 0

/** What is recorded of a span that is given to a function, and ended. */
async function recordedOf(fn: (span: Span) => void, options: SpanOptions = {}): Promise<Record<string, unknown>> {
  const name = `span ${++count}`
  const span = trace.getTracer('test', '1.2').startSpan(name, options, ROOT_CONTEXT)
  fn(span)
  span.end()
  const { data } = await recorded.named(name)
  const { 'otel.scope.name': scope, 'otel.scope.version': version, ...rest } = data
  expect([scope, version]).toEqual(['test', '1.2'])
  return rest
}

test.each([
  [undefined, {}, 'work'],
  [0, {}, 'work'],
  [1, {}, 'request'],
  [2, {}, 'client'],
  [3, {}, 'queue'],
  [4, {}, 'queue'],
  [2, { 'db.system.name': 'postgresql' }, 'db'],
  [2, { 'db.system': 'redis' }, 'db'],
  [0, { 'db.system': 'redis' }, 'db'],
  [3, { 'messaging.operation.type': 'send' }, 'queue'],
])('kind %p with %j is %s', async (kind, attributes, ours) => {
  const name = `kind ${++count}`
  trace
    .getTracer('test')
    .startSpan(name, { ...(kind === undefined ? {} : { kind }), attributes })
    .end()
  const recordedSpan = await recorded.named(name)
  expect([recordedSpan.kind, otlpKindOf(recordedSpan)]).toEqual([ours, (kind ?? 0) + 1])
})

test('attributes: those of the start, single ones and several; the last of a key counts, and what is none is left out', async () => {
  const data = await recordedOf(
    (span) => {
      span.setAttribute('b', true).setAttribute('text', 'x')
      span.setAttributes({ text: 'y', list: ['a', 'b'], none: undefined })
      for (const value of [null, undefined, {}, 1n, () => {}, Symbol('s'), ['a', 1], [{}]]) {
        span.setAttribute('wrong', value as never)
      }
      span
        .setAttribute('', 'x')
        .setAttribute(7 as never, 'x')
        .setAttributes(null as never)
    },
    { attributes: { a: 1, 'not.finite': Number.NaN } },
  )
  expect(data).toEqual({ a: 1, 'not.finite': Number.NaN, b: true, text: 'y', list: ['a', 'b'] })
})

test('attributes by the names of our lists are beside these', async () => {
  const data = await recordedOf((span) => {
    span.setAttribute('events', 'x').setAttribute('links.dropped', 2).addEvent('e')
  })
  expect(data).toEqual({
    'data.events': 'x',
    'data.links.dropped': 2,
    events: [expect.objectContaining({ name: 'e' })],
  })
})

test('events, with attributes and times in each order', async () => {
  const at = 1_700_000_000_000
  const data = await recordedOf((span) => {
    span.addEvent('bare')
    span.addEvent('attributes', { a: 1, name: 'other', bad: {} as never })
    span.addEvent('time', at)
    span.addEvent('time last', {}, [1_700_000_000, 5])
    span.addEvent('date', new Date(at))
    span.addEvent('both times', 7, at)
  })
  const time = '2023-11-14T22:13:20Z'
  expect(data).toEqual({
    events: [
      { name: 'bare', time: expect.any(String) },
      { name: 'attributes', time: expect.any(String), a: 1, 'data.name': 'other' },
      { name: 'time', time },
      { name: 'time last', time: '2023-11-14T22:13:20.000000005Z' },
      { name: 'date', time },
      { name: 'both times', time },
    ],
  })
})

test('links, with the whole id of the other trace and its state', async () => {
  const state = trace.wrapSpanContext({ traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 }).spanContext()
  const whole = { ...state, traceId: `${'0'.repeat(15)}1${'0'.repeat(15)}2` }
  const data = await recordedOf(
    (span) => {
      span.addLink({ context: whole, attributes: { a: 1 } }).addLinks([{ context: { ...state, traceId: 'none' } }])
    },
    { links: [{ context: { ...whole, traceId: '2'.padStart(32, '0') } }] },
  )
  expect(data).toEqual({
    links: [
      { trace_id: '2', span_id: '2459565876494606882' },
      { trace_id: '2', span_id: '2459565876494606882', a: 1, 'w3c.trace_id': whole.traceId },
    ],
  })
})

describe('errors', () => {
  const error = Object.assign(new TypeError('bad'), { cause: new Error('why') })
  const ofError = {
    'error.type': 'TypeError',
    'error.message': 'bad',
    'error.cause': [expect.objectContaining({ type: 'Error', message: 'why' })],
    'error.stack': expect.stringContaining('TypeError: bad'),
  }

  test.each<[string, (span: Span) => void]>([
    [
      'before the status',
      (span) => {
        span.recordException(error)
        span.setStatus({ code: SpanStatusCode.ERROR, message: 'bad' })
      },
    ],
    [
      'after the status',
      (span) => {
        span.setStatus({ code: SpanStatusCode.ERROR })
        span.recordException(error)
      },
    ],
  ])('an exception that is recorded %s is the error of the span', async (_when, fail) => {
    expect(await recordedOf(fail)).toEqual(ofError)
  })

  test('events before and after the exception stay, and those that come when it was the only one', async () => {
    const named = (data: Record<string, unknown>): unknown[] =>
      (data['events'] as readonly { name: string }[]).map(({ name }) => name)
    const around = await recordedOf((span) => {
      span.addEvent('before').recordException(error)
      span.addEvent('after').setStatus({ code: SpanStatusCode.ERROR })
    })
    expect(named(around)).toEqual(['before', 'after'])
    const later = await recordedOf((span) => {
      span.recordException(error)
      span.setStatus({ code: SpanStatusCode.ERROR }).addEvent('after')
    })
    expect(named(later)).toEqual(['after'])
  })

  test('an exception for which there was no room among the events leaves them as they are', async () => {
    const data = await recordedOf((span) => {
      for (let at = 0; at < 128; at++) span.addEvent(`event ${at}`)
      span.recordException(error)
      span.setStatus({ code: SpanStatusCode.ERROR })
    })
    expect(data).toMatchObject(ofError)
    expect(data['events']).toHaveLength(128)
  })

  test('another text of the status, and the attribute for the type, are kept', async () => {
    const data = await recordedOf((span) => {
      span.setAttribute('error.type', '500')
      span.recordException(error)
      span.setStatus({ code: SpanStatusCode.ERROR, message: 'no answer' })
    })
    expect(data).toMatchObject({ ...ofError, 'error.type': '500', 'otel.status_description': 'no answer' })
  })

  test('a status alone fails the span; of exceptions the last is the error', async () => {
    expect(await recordedOf((span) => span.setStatus({ code: 2, message: 'no answer' }))).toEqual({
      'error.type': 'Error',
      'error.message': 'no answer',
    })
    const data = await recordedOf((span) => {
      span.recordException('first')
      span.recordException({ code: 42, message: 'second' })
      span.setStatus({ code: 2 })
    })
    expect(data).toMatchObject({
      'error.message': 'second',
      events: [{ name: 'exception', 'exception.message': 'first' }],
    })
  })

  test('an exception that is a text is an error that says it', async () => {
    const data = await recordedOf((span) => {
      span.recordException('no answer')
      span.setStatus({ code: 2 })
    })
    expect(data).toEqual({ 'error.type': 'Error', 'error.message': 'no answer' })
  })

  test('an exception without that status is an event', async () => {
    const data = await recordedOf((span) => {
      span.recordException(error, 1_700_000_000_000)
      span.recordException({ code: 'E_X', name: 'Error', message: 'm' })
      span.recordException({} as never)
    })
    expect(data).toEqual({
      events: [
        {
          time: formatTime(1_700_000_000_000_000_000n),
          name: 'exception',
          'exception.type': 'TypeError',
          'exception.message': 'bad',
          'exception.stacktrace': error.stack,
        },
        { time: expect.any(String), name: 'exception', 'exception.type': 'E_X', 'exception.message': 'm' },
      ],
    })
  })

  test('a status of OK is final, and takes an error back', async () => {
    const data = await recordedOf((span) => {
      span.setStatus({ code: 2, message: 'bad' }).setStatus({ code: 0 }).setStatus({ code: 1 })
      span.setStatus({ code: 2, message: 'worse' })
    })
    expect(data).toEqual({})
  })
})

test('start and end that are given, in each form; an end before the start is the start', async () => {
  const at = 1_700_000_000_000
  const ends: [start: SpanOptions['startTime'], end: Parameters<Span['end']>[0], took: bigint][] = [
    [at, at + 1_000, 1_000_000_000n],
    [at + 0.5, [1_700_000_000, 500_001], 1n],
    [new Date(at), new Date(at - 1), 0n],
    [performance.timeOrigin + 10, 30, 20_000_000n],
  ]
  for (const [startTime, end, took] of ends) {
    const name = `times ${++count}`
    trace
      .getTracer('test')
      .startSpan(name, { startTime } as SpanOptions)
      .end(end)
    const { start, finish = 0n } = await recorded.named(name)
    expect(Math.abs(Number(finish - start - took))).toBeLessThan(1_000)
    expect(start / 1_000_000n).toBe(BigInt(Math.floor(Number(startTime))))
  }
  const name = `times ${++count}`
  trace
    .getTracer('test')
    .startSpan(name, { startTime: Date.now() + 3_600_000 })
    .end()
  const { start, finish } = await recorded.named(name)
  expect(finish).toBe(start)
})

test('after its end a span takes nothing', async () => {
  const name = `ended ${++count}`
  const span = trace.getTracer('test').startSpan(name)
  span.end()
  span.setAttribute('a', 1).addEvent('e').setStatus({ code: 2 }).updateName('other').end()
  span.recordException(new Error('late'))
  expect(span.isRecording()).toBe(false)
  expect((await recorded.named(name)).data).toEqual({ 'otel.scope.name': 'test' })
  expect(recorded.warnings).toEqual([])
})

test('whatever it is given, nothing is thrown into the program', () => {
  const cruel = new Proxy(
    {},
    {
      get: () => {
        throw new Error('get')
      },
      ownKeys: () => {
        throw new Error('keys')
      },
    },
  )
  const given: unknown[] = [undefined, null, 7, 'x', 1n, Symbol('s'), {}, [], cruel, () => {}, Object.create(null)]
  for (const value of given) {
    const any = value as never
    const tracer = trace.getTracer(any, any)
    for (const options of [any, { kind: any, attributes: any, links: any, startTime: any, root: any }]) {
      const span = tracer.startSpan(any, options, ROOT_CONTEXT)
      span.setAttribute(any, any).setAttributes(any).addEvent(any, any, any).addLink(any).addLinks([any]).addLinks(any)
      span.setStatus(any).updateName(any).recordException(any, any)
      span.setStatus({ code: 2, message: any })
      span.end(any)
    }
  }
  const frozen = trace.getTracer('test').startSpan('frozen')
  recorded.tracer.trace('task', 'frozen', (ours) => {
    Object.freeze(ours.data)
    Object.freeze(ours)
    trace.getActiveSpan()?.setAttribute('a', 1).updateName('x').setStatus({ code: 2 }).recordException('e')
  })
  frozen.end()
})
