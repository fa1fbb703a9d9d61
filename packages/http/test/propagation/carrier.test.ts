import { runInNewContext } from 'node:vm'
import { describe, expect, jest, test } from '@jest/globals'
import fc from 'fast-check'
import { anyCharacter } from '../../../../.config/any-character.js'
import { runs } from '../../../../.config/runs.js'
import { b3 } from '../../src/propagation/b3.js'
import { extract, inject } from '../../src/propagation/carrier.js'
import { requestId } from '../../src/propagation/request-id.js'
import { w3c } from '../../src/propagation/w3c.js'
import { hop, PARENT, TRACE, tracer } from '../support/hop.js'
import { isLong } from '../support/long.js'

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

  test('take maps, the headers of fetch, and bytes', () => {
    tracer.trace('work', 'sender', ({ traceId, spanId }) => {
      const ids = `${traceId}:${spanId}`
      const caller = { traceId, parentId: spanId }
      const map = inject(new Map<string, string>([['Key', 'x']]))
      expect([...map]).toEqual([
        ['Key', 'x'],
        ['X-Request-Id', ids],
      ])
      expect(extract(map)).toEqual(caller)
      const headers = inject(new Headers())
      expect(headers.get('x-request-id')).toBe(ids)
      expect(extract(headers)).toEqual(caller)
      expect(extract({ 'x-request-id': Buffer.from(ids) })).toEqual(caller)
      const foreign: unknown = runInNewContext('new Uint8Array(bytes)', { bytes: [...Buffer.from(ids)] })
      expect(extract({ 'x-request-id': foreign })).toEqual(caller)
      expect(extract({ 'x-request-id': new Uint8Array(1e6).fill(0x31) })).toBeUndefined()
    })
  })

  test.each([null, undefined, 5, 'text'])('leave %s alone', (carrier) => {
    tracer.trace('work', 'sender', () => {
      expect(Reflect.apply(inject, undefined, [carrier])).toBe(carrier)
      expect(Reflect.apply(extract, undefined, [carrier])).toBeUndefined()
    })
  })

  test('never throw, and say once what is wrong', () => {
    const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const thrower = (): never => {
      throw new RangeError('not\nnow')
    }
    const trap = new Proxy({}, { get: () => thrower, ownKeys: thrower, set: thrower })
    const { proxy: revoked, revoke } = Proxy.revocable({}, {})
    revoke()
    const carriers = [
      Object.freeze({}),
      trap,
      revoked,
      { keys: thrower, get: thrower, set: thrower },
      Object.defineProperty({}, 'X-Request-Id', { get: thrower, enumerable: true }),
    ]
    const odd = { headers: [], extract: thrower, inject: thrower }
    tracer.trace('work', 'sender', () => {
      for (const carrier of carriers) {
        expect(Object.is(inject(carrier), carrier)).toBe(true)
        expect(extract(carrier)).toBeUndefined()
      }
      for (const options of [null, { propagators: null }]) {
        const carrier = Reflect.apply(inject, undefined, [{}, options])
        expect(Object.keys(carrier)).toEqual(['X-Request-Id'])
        expect(Reflect.apply(extract, undefined, [carrier, options])).toBeDefined()
      }
      for (const propagators of [5, [odd], [null]]) {
        expect(Reflect.apply(inject, undefined, [{}, { propagators }])).toEqual({})
        expect(Reflect.apply(extract, undefined, [{}, { propagators }])).toBeUndefined()
      }
    })
    const said = emitWarning.mock.calls.map(([message]) => String(message))
    expect(said).toEqual([
      expect.stringMatching(/^trace: inject: Cannot add property X-Request-Id.*; the trace is not carried on$/),
      'trace: extract: not\\u{a}now; the trace is not carried on',
    ])
    emitWarning.mockRestore()
  })

  test('try propagators in their order, and write all of them', () => {
    const propagators = [w3c(), requestId('Trace'), b3()]
    const headers = { Trace: '42:43', b3: '0000000000000007-0000000000000008-1' }
    expect(extract(headers, { propagators })).toEqual({ traceId: 42n, parentId: 43n })
    expect(Object.keys(hop(propagators, headers))).toEqual(['traceparent', 'Trace', 'b3'])
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
  const headers = fc.dictionary(
    fc.constantFrom(...names),
    fc.oneof(near, hexes, cut, fc.string({ unit: anyCharacter })),
  )
  fc.assert(
    fc.property(headers, (given) => {
      const out = hop(propagators, given)
      expect(out['X-Request-Id']).toMatch(/^[1-9]\d{0,19}:[1-9]\d{0,19}$/)
      expect(out['traceparent']).toMatch(/^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-0[0-3]$/)
      expect(out['b3']).toMatch(/^([0-9a-f]{16}|[0-9a-f]{32})-[0-9a-f]{16}-[01]$/)
    }),
    { numRuns: isLong ? 10_000 : runs(300) },
  )
})
