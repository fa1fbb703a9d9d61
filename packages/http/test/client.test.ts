import { expect, test } from '@jest/globals'
import { createTracer, type Span } from '@trace/core'
import { traceClients } from '../src/client.js'
import type { ClientOptions } from '../src/client-requests.js'
import { requestId } from '../src/request-id.js'
import { w3c } from '../src/w3c.js'
import { base, clientSpans, on, received, receivedIds, recorder, requestIds, send, tracer } from './client-stand.js'

test('all propagators write their headers', async () => {
  on({ propagators: [requestId(), w3c()] })
  const spans = await clientSpans(async () => {
    await fetch(`${base}/a`).then((answer) => answer.text())
    await send('/a')
  })
  const idsOf = ({ traceId, spanId }: Span) =>
    `00-${traceId.toString(16).padStart(32, '0')}-${spanId.toString(16).padStart(16, '0')}-01`
  expect(receivedIds()).toEqual(requestIds(spans))
  expect(received.map((req) => req.headers['traceparent'])).toEqual(spans.map(idsOf))
})

test('a header that the caller has set is left alone', async () => {
  on({ propagators: [requestId(), w3c()] })
  await clientSpans(async () => {
    await fetch(`${base}/a`, { headers: { 'x-request-ID': '1:2' } }).then((answer) => answer.text())
    await send('/a', { headers: { 'X-Request-ID': '3:4' } })
  })
  expect(received.map((req) => req.headers['x-request-id'])).toEqual(['1:2', '3:4'])
  expect(received.every((req) => req.headers['traceparent'] !== undefined)).toBe(true)
})

test.each<[string, ClientOptions['propagateTo'], boolean]>([
  ['a host', ['localhost'], true],
  ['another host', ['example.com'], false],
  ['a host and port', ['HOST'], true],
  ['a pattern', [/^http:\/\/localhost:\d+\/a$/g], true],
  ['another pattern', [/^https:/], false],
  ['a function', (url) => url.pathname === '/a', true],
  ['a function that says no', () => false, false],
  [
    'a function that throws',
    () => {
      throw new Error('x')
    },
    false,
  ],
])('propagateTo %s', async (_what, propagateTo, carried) => {
  const list = Array.isArray(propagateTo)
    ? propagateTo.map((item) => (item === 'HOST' ? new URL(base).host : item))
    : propagateTo
  on({ propagateTo: list ?? [] })
  for (let time = 0; time < 2; time++) {
    recorder.clear()
    expect(await clientSpans(() => send('/a'))).toHaveLength(1)
  }
  expect(received.map((req) => req.headers['x-request-id'] !== undefined)).toEqual([carried, carried])
})

test("a recorder's own requests have no spans", async () => {
  on()
  const sending = createTracer({
    service: 'sending',
    recorder: { name: 'collector', record: (spans) => send(`/collect?${spans.length}`).then(() => {}) },
  })
  await sending.trace('work', 'w', () => sending.flush())
  await sending.close()
  expect(sending.stats()).toMatchObject({ started: 1, recorded: 1 })
})

test('an unsampled trace carries its ids on, and records nothing', async () => {
  on({ propagators: [w3c()] })
  const unsampled = createTracer({ service: 'unsampled', recorder, sample: () => false })
  await unsampled.trace('work', 'w', async ({ traceId }) => {
    await send('/a')
    expect(received[0]?.headers['traceparent']).toContain(`${traceId.toString(16).padStart(32, '0')}-`)
    expect(received[0]?.headers['traceparent']).toMatch(/-00$/)
  })
})

test('twice on is a mistake that is told', () => {
  on()
  expect(() => traceClients(tracer)).toThrow(/outgoing requests are traced already; switch that off first/)
})

test.each<[string, ClientOptions, RegExp]>([
  ['unknown', { propagate: true } as ClientOptions, /traceClients: unknown option "propagate"/],
  ['kind', { kind: '' }, /"kind": expected a string/],
  ['propagators', { propagators: [] }, /"propagators": expected a list of propagators/],
  [
    'propagateTo',
    { propagateTo: [5] as unknown as string[] },
    /"propagateTo": expected a function of the URL, or a list/,
  ],
])('bad option: %s', (_what, options, message) => {
  expect(() => traceClients(tracer, options)).toThrow(message)
})
