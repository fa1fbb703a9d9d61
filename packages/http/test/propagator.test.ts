import { describe, expect, test } from '@jest/globals'
import { createTracer, memoryRecorder, type TraceOptions } from '@trace/core'
import fc from 'fast-check'
import { b3 } from '../src/b3.js'
import { extract, inject, type Propagator } from '../src/propagator.js'
import { requestId } from '../src/request-id.js'
import { w3c } from '../src/w3c.js'

const tracer = createTracer({ service: 'test', recorder: memoryRecorder() })

/** What goes out of a trace that came in by these headers. */
function hop(propagators: readonly Propagator[], headers: Record<string, string>): Record<string, string> {
  return tracer.trace('work', 'w', () => inject({}, { propagators }), extract(headers, { propagators }))
}

describe('inject and extract', () => {
  test('carry a trace over anything that holds text', () => {
    const carrier = tracer.trace('work', 'sender', (span) => {
      const message = inject({ body: 'x' })
      expect(message).toEqual({ body: 'x', 'X-Request-Id': `${span.traceId}:${span.spanId}` })
      return message
    })
    const [traceId, parentId] = carrier['X-Request-Id' as 'body'].split(':').map(BigInt)
    expect(extract(carrier)).toEqual({ traceId, parentId })
    tracer.trace(
      'work',
      'receiver',
      (span) => expect([span.traceId, span.parentId]).toEqual([traceId, parentId]),
      extract(carrier),
    )
  })

  test('write nothing outside a trace, and read nothing from what holds nothing', () => {
    expect(inject({})).toEqual({})
    expect(extract({})).toBeUndefined()
    expect(extract({ 'X-Request-Id': 5, 'x-request-id': ['42:43'] })).toBeUndefined()
  })

  test('read names in any spelling', () => {
    expect(extract({ 'x-REQUEST-id': '42:43' })).toEqual({ traceId: 42n, parentId: 43n })
  })

  test('try propagators in their order, and write all of them', () => {
    const propagators = [w3c(), requestId('Trace'), b3()]
    const headers = { Trace: '42:43', b3: '0000000000000007-0000000000000008-1' }
    expect(extract(headers, { propagators })).toEqual({ traceId: 42n, parentId: 43n })
    expect(Object.keys(hop(propagators, headers))).toEqual(['traceparent', 'Trace', 'b3'])
  })
})

const TRACE = '12345678901234567890123456789012'
const PARENT = '1234567890123456'
const LOWER = BigInt(`0x${TRACE.slice(16)}`)

/** The cases of the recommendation's own test suite: https://github.com/w3c/trace-context/blob/main/test/test.py */
describe('w3c: traceparent', () => {
  test.each([
    `00-${TRACE}-${PARENT}-01`,
    `cc-${TRACE}-${PARENT}-01`,
    `cc-${TRACE}-${PARENT}-01-what-the-future-will-be-like`,
    ` 00-${TRACE}-${PARENT}-01`,
    `\t00-${TRACE}-${PARENT}-01`,
    `00-${TRACE}-${PARENT}-01 `,
    `\t 00-${TRACE}-${PARENT}-01 \t`,
  ])('%j is valid', (traceparent) => {
    expect(extract({ traceparent }, { propagators: [w3c()] })).toMatchObject({
      traceId: LOWER,
      parentId: BigInt(`0x${PARENT}`),
      sampled: true,
    })
    expect(hop([w3c()], { traceparent })['traceparent']).toMatch(
      new RegExp(`^00-${TRACE}-(?!${PARENT})[0-9a-f]{16}-01$`),
    )
  })

  test.each([
    `00-${TRACE}-${PARENT}-01.`,
    `00-${TRACE}-${PARENT}-01\u00a0`,
    `\u00a000-${TRACE}-${PARENT}-01`,
    `00-${TRACE}-${PARENT}-01-what-the-future-will-be-like`,
    `cc-${TRACE}-${PARENT}-01.what-the-future-will-be-like`,
    `ff-${TRACE}-${PARENT}-01`,
    `.0-${TRACE}-${PARENT}-01`,
    `0.-${TRACE}-${PARENT}-01`,
    `000-${TRACE}-${PARENT}-01`,
    `0000-${TRACE}-${PARENT}-01`,
    `0-${TRACE}-${PARENT}-01`,
    `00-${'0'.repeat(32)}-${PARENT}-01`,
    `00-.2345678901234567890123456789012-${PARENT}-01`,
    `00-1234567890123456789012345678901.-${PARENT}-01`,
    `00-${TRACE}3-${PARENT}-01`,
    `00-${TRACE.slice(1)}-${PARENT}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE}-.234567890123456-01`,
    `00-${TRACE}-123456789012345.-01`,
    `00-${TRACE}-${PARENT}7-01`,
    `00-${TRACE}-${PARENT.slice(1)}-01`,
    `00-${TRACE}-${PARENT}-.0`,
    `00-${TRACE}-${PARENT}-0.`,
    `00-${TRACE}-${PARENT}-001`,
    `00-${TRACE}-${PARENT}-1`,
    `00-${TRACE.replace('1', 'A')}-${PARENT}-01`,
    `00-${TRACE}-${PARENT}-01, 00-${TRACE}-${PARENT}-01`,
    `cc-${TRACE}-${PARENT}-01-${'x'.repeat(100_000)}`,
    '',
  ])('%j is not: a new trace', (traceparent) => {
    expect(extract({ traceparent, tracestate: 'foo=1' }, { propagators: [w3c()] })).toBeUndefined()
    const out = hop([w3c()], { traceparent, tracestate: 'foo=1' })
    expect(out['traceparent']).toMatch(/^00-0{16}[0-9a-f]{16}-[0-9a-f]{16}-01$/)
    expect(out).not.toHaveProperty('tracestate')
  })

  test('an id whose lower half is 0 begins a new trace, without the tracestate', () => {
    const out = hop([w3c()], { traceparent: `00-${'1'.repeat(16)}${'0'.repeat(16)}-${PARENT}-01`, tracestate: 'foo=1' })
    expect(out['traceparent']).toMatch(/^00-0{16}/)
    expect(out).not.toHaveProperty('tracestate')
  })

  test.each(['00', '01', '02', '03', 'ff'])('the sampled and the random flag of %s survive a hop', (flags) => {
    const expected = `0${Number.parseInt(flags, 16) & 3}`
    expect(hop([w3c()], { traceparent: `00-${TRACE}-${PARENT}-${flags}` })['traceparent']).toMatch(
      new RegExp(`-${expected}$`),
    )
  })
})

describe('w3c: tracestate', () => {
  const after = (tracestate: string): string | undefined =>
    hop([w3c()], { traceparent: `00-${TRACE}-${PARENT}-00`, tracestate })['tracestate']
  const letters = 'abcdefghijklmnopqrstuvwxyz0123456789_-*/'
  const value = String.fromCharCode(...Array.from({ length: 0x7f - 0x20 }, (_, i) => 0x20 + i)).replace(/[,=]/g, '')
  const members = (count: number): string => Array.from({ length: count }, (_, i) => `bar${i}=${i}`).join(',')

  test.each<[string, string]>([
    ['foo=1,bar=2', 'foo=1,bar=2'],
    ['foo=1 \t , \t bar=2, \t baz=3', 'foo=1,bar=2,baz=3'],
    ['\t foo=1 \t', 'foo=1'],
    ['foo=1, , rojo=1', 'foo=1,rojo=1'],
    ['foo=1,', 'foo=1'],
    ['foo=1,foo=2', 'foo=1'],
    [`${letters}=${value}`, `${letters}=${value}`],
    [`${letters}@a-z0-9_-*/=${value}`, `${letters}@a-z0-9_-*/=${value}`],
    ['foo@=1,bar=2', 'foo@=1,bar=2'],
    ['foo@@bar=1,bar=2', 'foo@@bar=1,bar=2'],
    ['foo@bar@baz=1,bar=2', 'foo@bar@baz=1,bar=2'],
    [members(32), members(32)],
    [`foo=1,${'z'.repeat(256)}=1`, `foo=1,${'z'.repeat(256)}=1`],
    [`foo=1,${'t'.repeat(241)}@${'v'.repeat(14)}=1`, `foo=1,${'t'.repeat(241)}@${'v'.repeat(14)}=1`],
    [`foo=1,t@${'v'.repeat(15)}=1`, `foo=1,t@${'v'.repeat(15)}=1`],
  ])('%j goes on', (given, expected) => expect(after(given)).toBe(expected))

  test.each([
    '',
    'foo',
    'foo =1',
    'FOO=1',
    'foo.bar=1',
    '@foo=1,bar=2',
    'foo=bar=baz',
    'foo=,bar=3',
    members(33),
    `foo=1,${'z'.repeat(257)}=1`,
    `foo=${'x'.repeat(257)}`,
    'foo=1\u0007',
    'x'.repeat(100_000),
  ])('%j does not', (given) => expect(after(given)).toBeUndefined())

  test('beyond 512 characters long members go first, then the last', () => {
    const long = `long=${'x'.repeat(200)}`
    const short = Array.from({ length: 20 }, (_, i) => `key${i}=${'y'.repeat(20)}`)
    expect(after([short[0], long, ...short.slice(1, 10)].join(','))).toBe(
      [short[0], long, ...short.slice(1, 10)].join(','),
    )
    const kept = after([long, ...short].join(',')) ?? ''
    expect(kept.length).toBeLessThanOrEqual(512)
    expect(kept.split(',')).toEqual(short.slice(0, kept.split(',').length))
  })
})

describe('b3', () => {
  const ids = { traceId: 0xb3n, parentId: 0xa1n, remote: { upperTraceId: 0n, traceState: '', isRandom: false } }
  const [trace, span] = ['00000000000000b3', '00000000000000a1']

  test.each<[Record<string, string>, TraceOptions | undefined]>([
    [{ b3: `${trace}-${span}-1` }, { ...ids, sampled: true }],
    [{ b3: `${trace}-${span}-0` }, { ...ids, sampled: false }],
    [{ b3: `${trace}-${span}-d` }, { ...ids, sampled: true }],
    [{ b3: `${trace}-${span}` }, { ...ids, sampled: true }],
    [{ b3: `${trace}-${span}-1-${span}` }, { ...ids, sampled: true }],
    [
      { b3: `00000000000000cd${trace}-${span}-1` },
      { ...ids, sampled: true, remote: { upperTraceId: 0xcdn, traceState: '', isRandom: false } },
    ],
    [{ b3: '0' }, { sampled: false }],
    [
      { 'X-B3-TraceId': trace, 'X-B3-SpanId': span, 'X-B3-Sampled': '1' },
      { ...ids, sampled: true },
    ],
    [
      { 'X-B3-TraceId': trace, 'X-B3-SpanId': span, 'X-B3-Sampled': 'false' },
      { ...ids, sampled: false },
    ],
    [
      { 'X-B3-TraceId': trace, 'X-B3-SpanId': span, 'X-B3-Flags': '1' },
      { ...ids, sampled: true },
    ],
    [{ 'X-B3-Sampled': '0' }, { sampled: false }],
    [{ b3: '1' }, undefined],
    [{ b3: `${trace}-${span}-2` }, undefined],
    [{ b3: `${trace}-${span}-1-x` }, undefined],
    [{ b3: `${trace}-${span}-1-${span}-1` }, undefined],
    [{ b3: `${trace}-${'0'.repeat(16)}-1` }, undefined],
    [{ b3: `${'0'.repeat(16)}-${span}-1` }, undefined],
    [{ b3: `${trace.toUpperCase()}-${span}-1` }, undefined],
    [{ b3: `${'0'.repeat(1000)}${trace}-${span}-1` }, undefined],
    [{ 'X-B3-TraceId': trace }, undefined],
    [{ 'X-B3-SpanId': span }, undefined],
  ])('%j', (headers, expected) => {
    const found = extract(headers, { propagators: [b3()] })
    expect(found).toEqual(expected)
  })

  test('writes one header or several, and what came in goes out', () => {
    const headers = { b3: `00000000000000cd${trace}-${span}-0` }
    expect(hop([b3()], headers)).toEqual({
      b3: expect.stringMatching(new RegExp(`^00000000000000cd${trace}-[0-9a-f]{16}-0$`)),
    })
    expect(hop([b3({ multi: true })], headers)).toEqual({
      'X-B3-TraceId': `00000000000000cd${trace}`,
      'X-B3-SpanId': expect.stringMatching(/^[0-9a-f]{16}$/),
      'X-B3-Sampled': '0',
    })
    expect(hop([b3()], { b3: '0' })).toEqual({ b3: expect.stringMatching(/-0$/) })
  })
})

test('whatever headers hold, nothing throws and no malformed id comes of it', () => {
  const propagators = [requestId(), w3c(), b3()]
  const names = [
    'X-Request-Id',
    'traceparent',
    'tracestate',
    'b3',
    'X-B3-TraceId',
    'X-B3-SpanId',
    'X-B3-Sampled',
    'X-B3-Flags',
  ]
  const hexes = fc
    .array(fc.constantFrom(...'0123456789abcdefABF-:,.= '), { maxLength: 60 })
    .map((parts) => parts.join(''))
  const near = fc.constantFrom(`00-${TRACE}-${PARENT}-01`, '42:43', `${TRACE}-${PARENT}-1`, 'foo=1,bar=2')
  const cut = fc
    .tuple(near, fc.nat(60), fc.string({ maxLength: 3 }))
    .map(([text, at, extra]) => text.slice(0, at) + extra + text.slice(at + 1))
  const headers = fc.dictionary(fc.constantFrom(...names), fc.oneof(near, hexes, cut, fc.string({ unit: 'binary' })))
  fc.assert(
    fc.property(headers, (given) => {
      const out = hop(propagators, given)
      expect(out['X-Request-Id']).toMatch(/^[1-9]\d{0,19}:[1-9]\d{0,19}$/)
      expect(out['traceparent']).toMatch(/^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-0[0-3]$/)
      expect(out['b3']).toMatch(/^([0-9a-f]{16}|[0-9a-f]{32})-[0-9a-f]{16}-[01]$/)
    }),
    { numRuns: 10_000 },
  )
})
