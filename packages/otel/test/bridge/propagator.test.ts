import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Context, context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { suppressTracing, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core'
import { bridgedTracer, type Recorded, unregisterAll } from '../support/recorded.js'

let recorded: Recorded
beforeAll(() => {
  recorded = bridgedTracer()
})
afterAll(unregisterAll)

function injected(from: Context): Record<string, string> {
  const carrier: Record<string, string> = {}
  propagation.inject(from, carrier)
  return carrier
}

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

test('a trace is carried on as it came: the whole id, the flags, the state, the baggage', () => {
  const headers = {
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03',
    tracestate: 'a=1,b=2',
    baggage: 'user=ann;p=1,city=K%C3%B6ln',
  }
  const remote = propagation.extract(ROOT_CONTEXT, headers)
  expect(injected(remote)).toEqual(headers)
  expect(trace.getSpanContext(remote)).toMatchObject({ isRemote: true, traceFlags: 3 })
  trace.getTracer('test').startActiveSpan('joined', {}, remote, (joined) => {
    const { spanId, traceState } = joined.spanContext()
    expect(traceState?.get('b')).toBe('2')
    expect(propagation.getActiveBaggage()?.getEntry('city')?.value).toBe('Köln')
    expect(injected(context.active())).toEqual({
      ...headers,
      traceparent: headers.traceparent.replace('b7ad6b7169203331', spanId),
    })
    joined.end()
  })
  expect(propagation.fields()).toEqual(['traceparent', 'tracestate', 'baggage'])
})

test('a span of ours is carried on, and nothing where there is none or tracing is suppressed', () => {
  recorded.tracer.trace('task', 'ours', ({ traceId, spanId }) => {
    const hex = (id: bigint, digits: number): string => id.toString(16).padStart(digits, '0')
    expect(injected(context.active())).toEqual({ traceparent: `00-${hex(traceId, 32)}-${hex(spanId, 16)}-01` })
    expect(injected(suppressTracing(context.active()))).toEqual({})
  })
  expect(injected(ROOT_CONTEXT)).toEqual({})
})

test.each<[string, Record<string, unknown>]>([
  ['no headers', {}],
  ['what is no traceparent', { traceparent: 'x', tracestate: 'a=1' }],
  ['version ff', { traceparent: TRACEPARENT.replace(/^00/, 'ff') }],
  ['ids of zeros', { traceparent: `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01` }],
  ['headers that are no texts', { traceparent: 7, baggage: {} }],
  ['members without a value', { baggage: 'a,b=,=c,;d, ' }],
  ['what cannot be decoded', { baggage: 'a=%E0%A4%A' }],
  ['a member that is too long', { baggage: `a=${'x'.repeat(4_096)}` }],
])('of %s nothing is read', (_what, headers) => {
  expect(propagation.extract(ROOT_CONTEXT, headers)).toBe(ROOT_CONTEXT)
})

test('of several headers the first traceparent counts, and the others are one list', () => {
  const headers = { traceparent: [TRACEPARENT, 'x'], tracestate: ['a=1', 'b=2'], baggage: ['c=3', 'd=4'] }
  expect(injected(propagation.extract(ROOT_CONTEXT, headers))).toEqual({
    traceparent: TRACEPARENT,
    tracestate: 'a=1,b=2',
    baggage: 'c=3,d=4',
  })
})

test('baggage has bounds both ways, and brings no key of an object', () => {
  const many = Array.from({ length: 300 }, (_, at) => `k${at}=v`).join(',')
  expect(propagation.getBaggage(propagation.extract(ROOT_CONTEXT, { baggage: many }))?.getAllEntries()).toHaveLength(
    180,
  )
  const long = Array.from({ length: 10 }, (_, at) => `k${at}=${'v'.repeat(1_000)}`).join(',')
  const { baggage = '' } = injected(propagation.extract(ROOT_CONTEXT, { baggage: long }))
  expect(baggage.split(',')).toHaveLength(8)
  const odd = propagation.getBaggage(propagation.extract(ROOT_CONTEXT, { baggage: '__proto__=a,constructor=b' }))
  expect(odd?.getAllEntries().map(([key]) => key)).toEqual(['__proto__', 'constructor'])
  const written = propagation.createBaggage({
    a: { value: 'x\r\ny' },
    b: { value: '\ud800' },
    c: { value: 'x'.repeat(5_000) },
  })
  expect(injected(propagation.setBaggage(ROOT_CONTEXT, written))).toEqual({ baggage: 'a=x%0D%0Ay' })
  const properties = propagation.extract(ROOT_CONTEXT, { baggage: 'a=1;x\r\nSet-Cookie: y' })
  expect(injected(properties)).toEqual({ baggage: 'a=1' })
})

test("OpenTelemetry's own propagators read what is written here, and the other way round", () => {
  const theirs = [new W3CTraceContextPropagator(), new W3CBaggagePropagator()]
  const getter = { get: (from: Record<string, string>, key: string) => from[key], keys: Object.keys }
  const setter = {
    set: (to: Record<string, string>, key: string, value: string) => void Object.assign(to, { [key]: value }),
  }
  recorded.tracer.trace('task', 'ours', () => {
    const baggage = propagation.createBaggage({ 'a b': { value: 'c,d;e="f"' }, ünï: { value: '💥' } })
    const ours = propagation.setBaggage(context.active(), baggage)
    const read = theirs.reduce((to, propagator) => propagator.extract(to, injected(ours), getter), ROOT_CONTEXT)
    expect(trace.getSpanContext(read)).toMatchObject({ ...trace.getSpanContext(ours), isRemote: true })
    expect(propagation.getBaggage(read)?.getAllEntries()).toEqual(baggage.getAllEntries())
    const carrier: Record<string, string> = {}
    for (const propagator of theirs) propagator.inject(ours, carrier, setter)
    expect(propagation.getBaggage(propagation.extract(ROOT_CONTEXT, carrier))?.getAllEntries()).toEqual(
      baggage.getAllEntries(),
    )
  })
})

test('what a carrier throws is warned of, and goes no further', () => {
  const thrown = (): never => {
    throw new Error('closed')
  }
  recorded.tracer.trace('task', 'ours', () => propagation.inject(context.active(), {}, { set: thrown }))
  expect(propagation.extract(ROOT_CONTEXT, {}, { get: thrown, keys: () => [] })).toBe(ROOT_CONTEXT)
  expect(recorded.warnings).toEqual([
    'trace: a trace is not carried on: Error: closed',
    "trace: a caller's trace is not joined: Error: closed",
  ])
})
