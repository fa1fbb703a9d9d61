import { once } from 'node:events'
import http, { type RequestOptions } from 'node:http'
import https from 'node:https'
import { expect, test } from '@jest/globals'
import { requestId } from '../../src/propagation/request-id.js'
import { w3c } from '../../src/propagation/w3c.js'
import { base, clientSpans, on, received, receivedIds, requestIds, send, tracer } from '../support/client-stand.js'
import { foreignUrl } from '../support/outgoing-form.js'

/** Node's types have no list of pairs. */
function headers(...list: (string | readonly string[])[]): RequestOptions {
  return { headers: list as readonly string[] }
}

const host = ['Host', 'localhost']
const WAYS: readonly (readonly [string, RequestOptions])[] = [
  ['a list', headers('Host', 'localhost', 'X-Own', 'a', 'x-own', 'b')],
  ['a list of pairs', headers(['Host', 'localhost'], ['X-Own', 'a'], ['x-own', 'b'])],
  ['Expect', { headers: { 'X-Own': 'a, b', Expect: '100-continue' } }],
  ['expect', { headers: { 'x-own': ['a', 'b'], expect: '100-continue' } }],
  ['a list with Expect', headers('Host', 'localhost', 'Expect', '100-continue', 'X-Own', 'a, b')],
]

test.each(WAYS)('headers that are sent at once carry the ids too: %s', async (_what, options) => {
  on({ propagators: [requestId(), w3c()] })
  const before = structuredClone(options)
  const spans = await clientSpans(() => send('/a?b', options))
  expect(spans.map((span) => span.data)).toMatchObject([
    { 'http.request.method': 'GET', 'url.path': '/a', 'http.response.status_code': 200, 'server.address': 'localhost' },
  ])
  expect(receivedIds()).toEqual(requestIds(spans))
  expect(received.map((request) => [request.headers['x-own'], request.headersDistinct['traceparent']])).toEqual([
    ['a, b', [expect.stringMatching(/^00-/)]],
  ])
  expect(options).toEqual(before)
})

test.each<[string, RequestOptions]>([
  ['a list', headers(...host, 'x-Request-ID', '1:2')],
  ['a list of pairs', headers(host, ['x-Request-ID', '1:2'])],
  ['Expect', { headers: { 'x-Request-ID': '1:2', Expect: '100-continue' } }],
])('a header that the caller has set is left alone: %s', async (_what, options) => {
  on({ propagators: [requestId(), w3c()] })
  await clientSpans(() => send('/a', options))
  expect(received.map((request) => request.headersDistinct['x-request-id'])).toEqual([['1:2']])
  expect(received[0]?.headers['traceparent']).toBeDefined()
})

test.each<[string, () => http.ClientRequest]>([
  ['a URL', () => http.get(new URL(`${base}/a?b`), headers(...host))],
  ['a URL of another realm', () => http.get(foreignUrl(`${base}/a?b`), headers(...host))],
  [
    'a URL of another realm, and Expect',
    () => http.get(foreignUrl(`${base}/a?b`), { headers: { Expect: '100-continue' } }),
  ],
  ['options alone', () => http.get({ port: new URL(base).port, path: '/a?b', ...headers(...host) })],
  [
    'options without Host',
    () => http.get({ port: new URL(base).port, path: '/a?b', headers: { Expect: '100-continue' } }),
  ],
  ['options over a URL', () => http.get(`${base}/b`, { path: '/a?b', ...headers(...host) })],
  ['a method', () => http.request(`${base}/a?b`, { method: 'get', ...headers(...host) }).end()],
  ['an agent', () => http.get(`${base}/a?b`, { agent: new http.Agent(), ...headers(...host) })],
  ['a path that looks like a host', () => http.get({ port: new URL(base).port, path: '//a', ...headers(...host) })],
])('every way of asking: %s', async (what, ask) => {
  on({ propagateTo: ['localhost'] })
  const spans = await clientSpans(async () => {
    const [response] = await once(ask(), 'response')
    await once(response.resume(), 'close')
  })
  expect(spans.map((span) => [span.data['http.request.method'], span.data['url.path']])).toEqual([
    ['GET', what.startsWith('a path') ? '//a' : '/a'],
  ])
  expect(receivedIds()).toEqual(requestIds(spans))
})

test('a request that cannot be made throws what it threw, and has a failed span', async () => {
  on()
  const ask = () => http.request(base, headers('a b', 'c'))
  const spans = await clientSpans(async () => expect(ask).toThrow(/must be a valid HTTP token/))
  expect(spans.map((span) => span.data)).toMatchObject([{ 'http.end_reason': 'error', 'error.type': 'TypeError' }])
})

test('headers that cannot be read leave no span open', async () => {
  on()
  const unreadable = {
    toString(): string {
      throw new RangeError('mine')
    },
  }
  const list: unknown = ['Host', 'a', unreadable, 'b']
  await clientSpans(async () => expect(() => http.request(base, { headers: list as readonly string[] })).toThrow())
  expect(tracer.stats().open).toBe(0)
})

test('a request that an agent makes while making another is not taken for it', async () => {
  on()
  class Nested extends http.Agent {
    override createConnection(...args: Parameters<http.Agent['createConnection']>) {
      http.get(`${base}/nested`).on('response', (response) => response.resume())
      return super.createConnection(...args)
    }
  }
  const spans = await clientSpans(() => send('/a', { agent: new Nested(), ...headers(...host) }))
  expect(spans.map((span) => [span.data['url.path'], span.data['http.response.status_code']]).sort()).toEqual([
    ['/a', 200],
    ['/nested', 200],
  ])
})

test('https too', async () => {
  on()
  const spans = await clientSpans(() => {
    const request = https.get({ port: 1, path: '/a', ...headers('Host', 'a.example') })
    return new Promise((resolve) => request.on('error', resolve))
  })
  expect(spans.map((span) => span.data)).toMatchObject([
    { 'server.address': 'localhost', 'server.port': 1, 'url.path': '/a', 'http.end_reason': 'error' },
  ])
})

test('a request outside any trace is left as it is', async () => {
  on()
  await send('/a', headers(...host))
  expect(receivedIds()).toEqual([undefined])
})
