import { describe, expect, test } from '@jest/globals'
import type { TraceOptions } from '@trace/core'
import { b3 } from '../../src/propagation/b3.js'
import { extract } from '../../src/propagation/carrier.js'
import { hop } from '../support/hop.js'

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
