import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import http, { Agent, ClientRequest, type ClientRequestArgs, type RequestOptions } from 'node:http'
import https from 'node:https'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as undici from 'undici'
import { destinationOfOrigin } from '../../src/client/destination.js'
import {
  base,
  clientSpans,
  ended,
  on,
  port,
  received,
  receivedIds,
  requestIds,
  whereOf,
} from '../support/client-stand.js'

/** Taken before anything was traced, as other libraries may do. */
const { request: taken } = http
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
/** Whether Node publishes requests that no wrapper sees. */
const TELLS = major > 22 || (major === 22 && minor >= 12)

const folder = mkdtempSync(join(tmpdir(), 'trace-'))
const socketPath = join(folder, 'socket')
const onSocket = http.createServer((req, res) => {
  received.push(req)
  res.end('ok')
})

beforeAll(async () => {
  await once(onSocket.listen(socketPath), 'listening')
})
afterAll(() => {
  onSocket.close()
  onSocket.closeAllConnections()
  rmSync(folder, { recursive: true })
})

const WAYS: Readonly<Record<string, (options: ClientRequestArgs) => ClientRequest>> = {
  'http.request': (options) => http.request(options),
  'http.get': (options) => http.get(options),
  'a string': (options) => http.request(`${base}/b`, options),
  'a URL': (options) => http.request(new URL(`${base}/b`), options),
  'a request taken out of http before': (options) => taken(options),
  ClientRequest: (options) => new ClientRequest(options),
  'an agent of its own': (options) => http.request({ ...options, agent: new Agent() }),
  'no agent': ({ host: _host, port: _port, ...options }) =>
    http.request(`${base}/b`, { ...options, createConnection: () => net.connect({ port: port() }) }),
  "somebody else's agent": (options) =>
    http.request({
      ...options,
      agent: {
        addRequest: (request: ClientRequest) => request.onSocket(net.connect({ port: port() })),
      } as unknown as Agent,
    }),
  'a list of headers': ({ headers, ...options }) =>
    http.request({ ...options, headers: Object.entries(headers ?? {}).flat() as readonly string[] }),
  Expect: ({ headers, ...options }) => http.request({ ...options, headers: { ...headers, Expect: '100-continue' } }),
}

describe.each(Object.entries(WAYS))('by %s', (_way, make) => {
  test.each([
    ['no URL', 'foo|bar'],
    ['a bracket', '['],
    ['another host', 'evil.example'],
    ['another host and port', 'evil.example:9'],
    ['without end', 'x'.repeat(5_000)],
  ])('a request is named, and has ids or none, by where it goes and not by its Host: %s', async (_what, Host) => {
    const ask = () => ended(() => make({ host: 'localhost', port: port(), path: '/a?b', headers: { Host } }))
    on({ propagateTo: [`localhost:${port()}`] })
    const spans = await clientSpans(ask)
    expect(whereOf(spans)).toEqual([[`GET localhost:${port()}`, 'localhost', port(), '/a']])
    expect(receivedIds()).toEqual(requestIds(spans))
  })

  test('what its Host says brings no ids to anyone', async () => {
    on({ propagateTo: ['evil.example', /^http:\/\/evil\.example\//, 'localhost:9'] })
    await clientSpans(() =>
      ended(() => make({ host: 'localhost', port: port(), path: '/a', headers: { Host: 'evil.example' } })),
    )
    expect(receivedIds()).toEqual([undefined])
  })
})

const refuse: RequestOptions['lookup'] = (_name, _options, done) =>
  Reflect.apply(done, undefined, [new Error('nowhere')])
const lookup: RequestOptions['lookup'] = (_name, options, done) => {
  if (options.all === true) Reflect.apply(done, undefined, [null, [{ address: '127.0.0.1', family: 4 }]])
  else done(null, '127.0.0.1', 4)
}

/** Stands for the server's port, which is not known yet when the tables of cases are built. */
const SERVER = -1

test.each<[string, () => ClientRequest, string, number | undefined]>([
  ['no host', () => http.request({ port: port() }), 'localhost', SERVER],
  [
    'hostname before host',
    () => http.request({ hostname: 'localhost', host: 'a.example', port: port() }),
    'localhost',
    SERVER,
  ],
  ['a host in capitals', () => http.request({ host: 'LocalHost', port: port() }), 'localhost', SERVER],
  ['an IPv4 address', () => http.request({ host: '127.0.0.1', port: port() }), '127.0.0.1', SERVER],
  ['an IPv6 address', () => http.request({ host: '::1', port: port() }), '[::1]', SERVER],
  ['an IPv6 address in a URL', () => http.request(`http://[0:0::1]:${port()}`), '[::1]', SERVER],
  [
    'a name that the program looks up',
    () => http.request({ host: 'a.example', port: port(), lookup }),
    'a.example',
    SERVER,
  ],
  ['a port that is text', () => http.request({ port: String(port()) }), 'localhost', SERVER],
  ['the port of http', () => http.request({ host: 'a.example', lookup: refuse }), 'a.example', undefined],
  ['the port of https', () => https.request({ host: 'a.example', lookup: refuse }), 'a.example', undefined],
  ['that of http, by https', () => https.request({ host: 'a.example', port: 80, lookup: refuse }), 'a.example', 80],
  ['a default of its own', () => http.request({ defaultPort: port() }), 'localhost', SERVER],
  [
    "an agent's default",
    () => http.request({ agent: Object.assign(new Agent(), { defaultPort: port() }) }),
    'localhost',
    SERVER,
  ],
  [
    "an agent's host and port",
    () => http.request({ host: 'a.example', agent: agentOf({ host: 'localhost', port: port() }) }),
    'localhost',
    SERVER,
  ],
  [
    'no Host header',
    () => http.request({ port: port(), setHost: false, headers: { Connection: 'close' } }),
    'localhost',
    SERVER,
  ],
  ['a host that would be another in a URL', () => http.request({ host: 'a/b@c', lookup: refuse }), 'a/b@c', 80],
  ['a host that is no text for URLs', () => http.request({ host: 'a b', port: 81, lookup: refuse }), 'a b', 81],
])('%s', async (_what, make, address, portOrServer) => {
  const at = portOrServer === SERVER ? port() : portOrServer
  on()
  const [span] = await clientSpans(() => ended(make))
  expect([span?.data['server.address'], span?.data['server.port']]).toEqual([address, at])
  expect(span?.name).toBe(`GET ${address}${at === undefined ? '' : `:${at}`}`)
})

function agentOf(options: object): Agent {
  return new Agent(options)
}

test.each<[string, () => ClientRequest]>([
  ['given as an option', () => http.request({ socketPath, path: '/a', headers: { Host: 'evil.example' } })],
  ["an agent's", () => http.request(`${base}/a`, { agent: agentOf({ socketPath }) })],
  ['with a list of headers', () => http.request({ socketPath, path: '/a', headers: ['Host', 'evil.example'] })],
])('a Unix socket is named by its path, and counts as the host that is asked for: %s', async (_what, make) => {
  on({ propagateTo: ['localhost'] })
  const spans = await clientSpans(() => ended(make))
  expect(whereOf(spans)).toEqual([[`GET ${socketPath}`, socketPath, undefined, '/a']])
  expect(receivedIds()).toEqual(requestIds(spans))
})

test.each([
  ['/a b?c'.replace(' ', '%20'), '/a%20b'],
  ['//evil.example/a', '//evil.example/a'],
  ['\\\\evil.example', '\\\\evil.example'],
  ['http://evil.example/a?b', '/a'],
  ['http://[/a', '/a'],
  ['http://evil.example', '/'],
  ['javascript:alert(1)', 'javascript:alert(1)'],
  ['a', 'a'],
  ['*', '*'],
])('a target of whatever form decides nothing but the path: %s', async (path, recorded) => {
  on({ propagateTo: ['evil.example'] })
  const spans = await clientSpans(async () => {
    await ended(() => http.request({ port: port(), path }))
    await ended(() => http.request({ port: port(), path, headers: ['Host', 'localhost'] }))
  })
  const where = [`GET localhost:${port()}`, 'localhost', port(), recorded]
  expect(whereOf(spans)).toEqual([where, where])
  expect(received.every(({ headers }) => headers['x-request-id'] === undefined)).toBe(true)
})

test('a method that is none of HTTP names no span', async () => {
  on()
  const spans = await clientSpans(async () => {
    await ended(() => http.request({ port: port(), method: 'x'.repeat(100) }))
    await undici.request(base, { method: 'Y'.repeat(100) as 'GET' }).catch(() => {})
  })
  const name = `_OTHER localhost:${port()}`
  expect(spans.map((span) => [span.name, span.data['http.request.method']])).toEqual([
    [name, '_OTHER'],
    [name, '_OTHER'],
  ])
})

test.each(['foo|bar', 'evil.example', 'evil.example:9'])('undici, too, is not misled by a Host: %s', async (host) => {
  on({ propagateTo: [`localhost:${port()}`] })
  const spans = await clientSpans(() =>
    undici.request(`${base}/a`, { headers: { host } }).then(({ body }) => body.text()),
  )
  expect(whereOf(spans)).toEqual([[`GET localhost:${port()}`, 'localhost', port(), '/a']])
  expect(receivedIds()).toEqual(requestIds(spans))
})

test("a Unix socket of undici's is named by the origin that is asked for", async () => {
  on({ propagateTo: ['a.example'] })
  const dispatcher = new undici.Agent({ connect: { socketPath } })
  const spans = await clientSpans(() =>
    undici.request('http://a.example/a', { dispatcher }).then(({ body }) => body.text()),
  )
  await dispatcher.close()
  expect(whereOf(spans)).toEqual([['GET a.example', 'a.example', undefined, '/a']])
  expect(receivedIds()).toEqual(requestIds(spans))
})

test('what undici makes up by a MockAgent is not sent, and has no span', async () => {
  on()
  const dispatcher = new undici.MockAgent()
  dispatcher.get('http://a.example').intercept({ path: '/a' }).reply(200, 'made up')
  const ask = async () => {
    const { body } = await undici.request('http://a.example/a', { dispatcher })
    expect(await body.text()).toBe('made up')
  }
  expect(await clientSpans(ask)).toEqual([])
})

test('of a request that only Node itself tells of, without an agent of Node, the port is not known', async () => {
  on()
  const createConnection = () => net.connect({ port: port() })
  const spans = await clientSpans(() =>
    ended(() => new ClientRequest({ host: 'a.example', port: port(), createConnection })),
  )
  expect(spans.map(({ name }) => name)).toEqual(TELLS ? ['GET a.example'] : [])
})

test('where requests go is right for any number of hosts, and asked again', () => {
  const origins = Array.from({ length: 2_500 }, (_, at) => `http://host-${at}.example:${8_000 + at}`)
  for (const origin of [...origins, ...origins.slice(-10), ...origins.slice(0, 10)]) {
    const { name, address, port } = destinationOfOrigin(origin)
    expect(`http://${name}`).toBe(origin)
    expect(`http://${address}:${port}`).toBe(origin)
  }
})
