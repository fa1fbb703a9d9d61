import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { runs } from '../../../../.config/runs.js'
import { parseIdHeader } from '../../src/propagation/request-id.js'
import { isForeignId, replaceHeader, replaceHeaders } from '../../src/server/header.js'

test.each([
  ['42:43', 42n, 43n],
  ['042:043', 42n, 43n],
  ['18446744073709551615:18446744073709551615', 2n ** 64n - 1n, 2n ** 64n - 1n],
])('%s is read', (text, traceId, parentId) => {
  expect(parseIdHeader(text)).toEqual({ traceId, parentId })
})

test.each(['', ':', '1:', ':1', '42', '42:0', '0:5', '-1:5', '42 :43', '42:43:44', '18446744073709551616:1', '٤٢:٤٣'])(
  '%j is not',
  (text) => expect(parseIdHeader(text)).toBeUndefined(),
)

// With quadratic work this would take hours.
test('a header of any length is dealt with', () => {
  for (const long of [`${'0'.repeat(50e6)}1:1`, '1'.repeat(50e6), ':'.repeat(50e6)]) {
    expect(parseIdHeader(long) === undefined).toBe(true)
  }
})

// With quadratic work this would take many minutes, and the test would time out.
test('headers that come thousands of times over are replaced, and the others stay', async () => {
  const many = (): IncomingMessage => {
    const req = new IncomingMessage(socket)
    req.headers['x-request-id'] = '1:2'
    req.rawHeaders = ['Host', 'a', ...ids, 'Accept', 'b']
    return req
  }
  const socket = new Socket()
  const ids = Array.from({ length: 100_000 }, (_, at) => (at % 2 === 0 ? 'X-Request-Id' : '1:2'))
  for (let time = 0; time < 30; time++) {
    const replaced = many()
    replaceHeader(replaced, 'X-Request-Id', 'x-request-id', '3:4')
    expect(replaced.rawHeaders).toEqual(['Host', 'a', 'X-Request-Id', '3:4', 'Accept', 'b'])
    const removed = many()
    replaceHeaders(removed, ['x-request-id'], [])
    expect(removed.rawHeaders).toEqual(['Host', 'a', 'Accept', 'b'])
    await turn()
  }
})

test('what is written is read back', () => {
  const id = fc.bigInt({ min: 1n, max: 2n ** 64n - 1n })
  fc.assert(
    fc.property(id, id, (traceId, parentId) => {
      expect(parseIdHeader(`${traceId}:${parentId}`)).toEqual({ traceId, parentId })
    }),
    { numRuns: runs(2_000) },
  )
})

test('a foreign id is printable ASCII of at most 128 characters', () => {
  expect(isForeignId('7b1c2d3e-aaaa-bbbb-cccc-000000000001')).toBe(true)
  expect(isForeignId('x'.repeat(128))).toBe(true)
  for (const bad of ['', 'x'.repeat(129), 'a\tb', 'a\u00e9', 'a\nb', '\u007f']) expect(isForeignId(bad)).toBe(false)
})
