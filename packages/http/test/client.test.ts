import http from 'node:http'
import { expect, jest, test } from '@jest/globals'
import { createTracer, type Span } from '@trace/core'
import type { ClientOptions } from '../src/client/requests.js'
import { traceClients, tracedFetch } from '../src/client.js'
import { b3 } from '../src/propagation/b3.js'
import type { Propagator } from '../src/propagation/propagator.js'
import { requestId } from '../src/propagation/request-id.js'
import { w3c } from '../src/propagation/w3c.js'
import {
  base,
  clientSpans,
  off,
  on,
  received,
  receivedIds,
  recorder,
  requestIds,
  send,
  tracer,
} from './support/client-stand.js'

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

test('propagators that share headers all write theirs', async () => {
  on({ propagators: [b3(), b3({ multi: true })] })
  await clientSpans(async () => {
    await fetch(`${base}/a`).then((answer) => answer.text())
    await send('/a')
    await send('/a', { headers: ['Host', 'localhost'] })
  })
  for (const { headersDistinct } of received)
    expect([headersDistinct['b3']?.length, headersDistinct['x-b3-traceid']?.length]).toEqual([1, 1])
  expect(received).toHaveLength(3)
})

test('a propagator that throws keeps no request from its span, nor the others from writing', async () => {
  const broken: Propagator = {
    headers: ['X-Broken'],
    extract: () => undefined,
    inject: () => {
      throw new Error('x')
    },
  }
  on({ propagators: [broken, requestId()] })
  const spans = await clientSpans(async () => {
    await fetch(`${base}/a`).then((answer) => answer.text())
    await send('/a')
    await send('/a', { headers: ['Host', 'localhost'] })
  })
  expect(spans.map(({ data }) => data['http.response.status_code'])).toEqual([200, 200, 200])
  expect(receivedIds()).toEqual(requestIds(spans))
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
  ['the same host in capitals', ['LOCALHOST'], true],
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
  recorder.clear()
  expect(await clientSpans(() => fetch(`${base}/a`).then((answer) => answer.text()))).toHaveLength(1)
  expect(received.map((req) => req.headers['x-request-id'] !== undefined)).toEqual([carried, carried, carried])
})

test('the port that a protocol has by default is no part of the address', async () => {
  const urls: string[] = []
  on({ propagateTo: (url) => urls.push(url.href) > 0 })
  const lookup: http.RequestOptions['lookup'] = (_name, _options, done) =>
    Reflect.apply(done, undefined, [new Error('x')])
  const spans = await clientSpans(() => send('/a?b', { host: 'a.example', hostname: 'a.example', port: 80, lookup }))
  expect([spans[0]?.name, spans[0]?.data['server.port'], urls]).toEqual([
    'GET a.example',
    undefined,
    ['http://a.example/a?b'],
  ])
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
  expect(() => traceClients(tracer)).toThrow(/traced already; call what the earlier traceClients returned/)
})

test('switching off twice does not switch off what is on since then', async () => {
  on()
  const offBefore = off
  offBefore()
  on()
  offBefore()
  expect(await clientSpans(() => send('/a'))).toHaveLength(1)
})

test('who has wrapped node:http since then keeps that', () => {
  const { request, get } = http
  on()
  const theirs: typeof request = () => {
    throw new Error('not called')
  }
  http.request = theirs
  http.get = theirs
  off()
  const kept = [http.request, http.get]
  Object.assign(http, { request, get })
  expect(kept).toEqual([theirs, theirs])
})

test('what somebody has taken of the wrapped node:http does nothing more once it is switched off', async () => {
  on()
  const { request } = http
  off()
  const ask = () =>
    new Promise((resolve) => {
      request(`${base}/a`, { headers: ['Host', 'localhost'] }, (response) => response.resume().on('end', resolve)).end()
    })
  expect(await clientSpans(ask)).toEqual([])
})

test('a second copy of this package knows of the first', async () => {
  on()
  jest.resetModules()
  const copy = await import('../src/client.js')
  expect(copy.traceClients).not.toBe(traceClients)
  expect(() => copy.traceClients(tracer)).toThrow(/traced already/)
  const fetchTraced = copy.tracedFetch(tracer, { kind: 'explicit' })
  tracedFetch(tracer)
  const spans = await clientSpans(() => fetchTraced(`${base}/a`).then((answer) => answer.text()))
  expect(spans.map(({ kind }) => kind)).toEqual(['explicit'])
  expect(receivedIds()).toEqual(requestIds(spans))
  off()
  copy.traceClients(tracer)()
})

test.each<[string, ClientOptions, RegExp]>([
  ['a target with a scheme', { propagateTo: ['http://localhost:8080'] }, /"propagateTo": .* hosts without a scheme/],
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
