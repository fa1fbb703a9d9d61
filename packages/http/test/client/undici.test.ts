import { once } from 'node:events'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import * as undici from 'undici'
import { ClientSpan } from '../../src/client/requests.js'
import { Upgrades } from '../../src/client/undici.js'
import { base, clientSpans, on, received, receivedIds, recorder, requestIds, tracer } from '../support/client-stand.js'

const UPGRADED = { 'http.response.status_code': 101, 'http.end_reason': 'upgraded' }

describe('an upgrade', () => {
  // Node has this from version 22 on.
  const sockets = [globalThis.WebSocket, undici.WebSocket].filter((each) => each !== undefined)
  test.each(sockets)('to a WebSocket ends as it opens', async (Socket) => {
    on()
    const spans = await clientSpans(async () => {
      const socket = new Socket(`${base.replace('http', 'ws')}/socket`)
      await new Promise((resolve) => socket.addEventListener('open', resolve))
      await new Promise((resolve) => setTimeout(resolve, 5))
      // Only the parent span is open.
      expect(tracer.stats().open).toBe(1)
      const closed = new Promise((resolve) => socket.addEventListener('close', resolve))
      socket.close()
      await closed
    })
    expect(spans.map(({ data }) => data)).toMatchObject([UPGRADED])
    expect(receivedIds()).toEqual(requestIds(spans))
  })

  test.each(sockets)('to a WebSocket that the server breaks off fails', async (Socket) => {
    on()
    const spans = await clientSpans(async () => {
      const socket = new Socket(`${base.replace('http', 'ws')}/reset`)
      await new Promise((resolve) => socket.addEventListener('error', resolve))
    })
    expect(spans.map(({ data }) => data['http.end_reason'])).toEqual(['error'])
  })

  test('to any other protocol says so', async () => {
    on()
    const spans = await clientSpans(async () => {
      const { socket } = await undici.upgrade(`${base}/other`, { protocol: 'x' })
      await once(socket.resume(), 'close')
    })
    expect(spans.map(({ data }) => data)).toMatchObject([UPGRADED])
  })

  test('that nothing is published of ends with its socket', async () => {
    const upgrades = new Upgrades()
    const server = net
      .createServer((each) => each.unref())
      .listen(0)
      .unref()
    const socket = net.connect((server.address() as AddressInfo).port)
    await once(socket, 'connect')
    socket.unref()
    const listeners = socket.listenerCount('close')
    const begin = (name: string) => new ClientSpan(tracer.start('client', name), [], false)
    const [denied, open, other, elsewhere] = [begin('denied'), begin('open'), begin('other'), begin('elsewhere')]
    // A socket that is not connected has no address.
    upgrades.sent(elsewhere, new net.Socket())
    for (const span of [denied, open, other]) upgrades.sent(span, socket)
    denied.answered(403)
    denied.complete()
    expect(socket.listenerCount('close')).toBe(listeners + 1)
    upgrades.opened({ address: '127.0.0.1', port: 1 }, 101)
    upgrades.opened({}, 101)
    expect([open.isEnded, other.isEnded, elsewhere.isEnded]).toEqual([false, false, false])
    upgrades.opened(socket.address(), 101)
    expect([open.isEnded, other.isEnded]).toEqual([true, false])
    socket.destroy()
    await once(socket, 'close')
    server.close()
    elsewhere.span.finish()
    await tracer.flush()
    const ends = recorder.spans.map(({ name, data }) => [
      name,
      data['http.response.status_code'],
      data['http.end_reason'],
    ])
    expect(ends).toEqual([
      ['denied', 403, undefined],
      ['open', 101, 'upgraded'],
      ['other', 101, 'upgraded'],
      ['elsewhere', undefined, undefined],
    ])
  })
})

test('what opens a tunnel has neither span nor header', async () => {
  on()
  const tunnels: http.IncomingMessage[] = []
  const proxy = http.createServer()
  proxy.on('connect', (req, socket) => {
    tunnels.push(req)
    const target = net.connect(Number(new URL(base).port), 'localhost', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      target
        .on('error', () => {})
        .pipe(socket.on('error', () => {}))
        .pipe(target)
    })
  })
  await once(proxy.listen(0), 'listening')
  const dispatcher = new undici.ProxyAgent(`http://localhost:${(proxy.address() as AddressInfo).port}`)
  const spans = await clientSpans(() => undici.fetch(`${base}/a`, { dispatcher }).then((answer) => answer.text()))
  await dispatcher.destroy()
  proxy.close()
  expect(spans.map(({ data }) => [data['http.request.method'], data['url.path']])).toEqual([['GET', '/a']])
  expect(tunnels.map(({ method, headers }) => [method, headers['x-request-id']])).toEqual([['CONNECT', undefined]])
  expect(receivedIds()).toEqual(requestIds(spans))
})

test('each attempt has a span', async () => {
  on()
  const dispatcher = new undici.RetryAgent(new undici.Agent(), { minTimeout: 1 })
  const spans = await clientSpans(() => undici.request(`${base}/busy`, { dispatcher }).then(({ body }) => body.text()))
  await dispatcher.close()
  expect(spans.map(({ data }) => data['http.response.status_code'])).toEqual([503, 503, 200])
  expect(receivedIds()).toEqual(requestIds(spans))
})

test.each<[string, () => string | URL]>([
  ['with a slash', () => `${base}/`],
  ['without a slash', () => base],
  ['that is a URL', () => new URL(base)],
])('an origin %s', async (_what, origin) => {
  on({ propagateTo: (url) => url.href === `${base}/a?b` })
  const spans = await clientSpans(() =>
    undici
      .getGlobalDispatcher()
      .request({ origin: origin(), path: '/a?b', method: 'GET' })
      .then(({ body }) => body.text()),
  )
  expect(spans.map(({ data }) => data['url.path'])).toEqual(['/a'])
  expect(receivedIds()).toEqual(requestIds(spans))
})

test('a request whose target is no URL has a span all the same', async () => {
  on()
  const client = new undici.Client(base)
  const spans = await clientSpans(() =>
    client.request({ path: 'http://[', method: 'GET' }).then(
      ({ body }) => body.text(),
      () => {},
    ),
  )
  await client.close()
  expect(received).toHaveLength(1)
  expect(spans.map(({ name, data }) => [name, data['url.path']])).toEqual([[`GET ${new URL(base).host}`, '/']])
})
