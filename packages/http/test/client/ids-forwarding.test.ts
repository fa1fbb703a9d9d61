import { once } from 'node:events'
import http, { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { createTracer, memoryRecorder } from '@trace/core'
import axios from 'axios'
import got from 'got'
import proxies from 'http-proxy'
import superagent from 'superagent'
import * as undici from 'undici'
import * as undici5 from 'undici5'
import type { ClientOptions } from '../../src/client/requests.js'
import { traceClients } from '../../src/client.js'
import { traceNode } from '../../src/node.js'
import { b3 } from '../../src/propagation/b3.js'
import { inject } from '../../src/propagation/carrier.js'
import { requestId } from '../../src/propagation/request-id.js'
import { w3c } from '../../src/propagation/w3c.js'

const recorder = memoryRecorder()
const tracer = createTracer({ service: 'proxy', recorder })
const propagators = [requestId(), w3c(), b3()]
const arrived: IncomingMessage[] = []
const back = createServer((req, res) => {
  arrived.push(req)
  res.end('ok')
})
/** How the reverse proxy forwards a request. */
let forward: (req: IncomingMessage, res: ServerResponse, url: string) => unknown
const front = createServer(
  traceNode(
    async (req, res) => {
      try {
        await forward(req, res, `http://localhost:${portOf(back)}${req.url}`)
      } finally {
        if (!res.headersSent) res.end('forwarded')
      }
    },
    { tracer, propagators },
  ),
)
let off: () => void

function portOf(server: http.Server): number {
  return (server.address() as AddressInfo).port
}

beforeAll(async () => {
  for (const server of [back, front]) await once(server.listen(0), 'listening')
})
afterAll(async () => {
  for (const server of [back, front]) {
    server.close()
    server.closeAllConnections()
  }
  await tracer.close()
})
beforeEach(() => {
  arrived.length = 0
  recorder.clear()
})
afterEach(() => off())

/** Sends a request through the proxy like any client. @returns the spans of the incoming and the outgoing request */
async function pass(how: typeof forward, options: ClientOptions, headers: Record<string, string> = {}) {
  off = traceClients(tracer, options)
  forward = how
  await new Promise((resolve, reject) => {
    const request = http.get({ port: portOf(front), path: '/a?b', headers }, (answer) =>
      answer.resume().on('close', resolve),
    )
    request.on('error', reject)
  })
  while (tracer.stats().open > 0) await new Promise((resolve) => setTimeout(resolve, 2))
  await tracer.flush()
  const [client, server] = ['client', 'request'].map((kind) => recorder.spans.find((span) => span.kind === kind))
  return { client, server }
}

function byNode(headersOf: (req: IncomingMessage) => unknown): typeof forward {
  return (req, res, url) =>
    new Promise((resolve) => {
      const request = http.request(url, { headers: headersOf(req) as readonly string[] }, (answer) =>
        answer.pipe(res).on('close', resolve),
      )
      request.end()
    })
}

/** The headers of a request without those of its connection, which some clients refuse. */
function endToEnd({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      typeof value === 'string' && name !== 'connection' && name !== 'host' ? [[name, value]] : [],
    ),
  )
}

const proxy = proxies.createProxyServer()

const WAYS: Readonly<Record<string, typeof forward>> = {
  'http-proxy': (req, res, url) =>
    new Promise((resolve) => {
      proxy.web(req, res.on('close', resolve), { target: new URL(url).origin })
    }),
  'http-proxy that changes the Host': (req, res, url) =>
    new Promise((resolve) => {
      proxy.web(req, res.on('close', resolve), { target: new URL(url).origin, changeOrigin: true })
    }),
  'node:http': byNode((req) => req.headers),
  'node:http, set one by one': (req, res, url) =>
    new Promise((resolve) => {
      const request = http.request(url, (answer) => answer.pipe(res).on('close', resolve))
      for (const [name, value] of Object.entries(req.headers)) if (value !== undefined) request.setHeader(name, value)
      request.end()
    }),
  'node:http with rawHeaders': byNode((req) => req.rawHeaders),
  'node:http with pairs': byNode((req) => Object.entries(req.headers)),
  'node:http with headersDistinct': byNode(({ headersDistinct: { host, ...headers } }) => headers),
  'node:http with Expect': byNode((req) => ({ ...req.headers, Expect: '100-continue' })),
  fetch: (req, _res, url) => fetch(url, { headers: endToEnd(req) }).then((answer) => answer.text()),
  undici: (req, _res, url) => undici.request(url, { headers: req.headers }).then(({ body }) => body.text()),
  'undici with rawHeaders': (req, _res, url) =>
    undici.request(url, { headers: req.rawHeaders }).then(({ body }) => body.text()),
  'undici 5': (req, _res, url) => undici5.request(url, { headers: endToEnd(req) }).then(({ body }) => body.text()),
  axios: (req, _res, url) => axios.get(url, { headers: endToEnd(req) }),
  got: (req, _res, url) => got(url, { headers: endToEnd(req) }).text(),
  superagent: (req, _res, url) => superagent.get(url).set(endToEnd(req)),
}

describe.each(Object.entries(WAYS))('headers that are sent on by %s', (_name, how) => {
  test("carry the ids of the request that sends them, whose parent is the proxy's own", async () => {
    const { client, server } = await pass(how, { propagators }, { Host: 'evil|example', 'X-Request-Id': '1:2' })
    expect([client?.traceId, client?.parentId]).toEqual([server?.traceId, server?.spanId])
    expect(client?.name).toBe(`GET localhost:${portOf(back)}`)
    expect(arrived).toHaveLength(1)
    const [trace = 0n, span = 0n] = [client?.traceId, client?.spanId]
    const [hexTrace, hexSpan] = [trace.toString(16).padStart(16, '0'), span.toString(16).padStart(16, '0')]
    const { 'x-request-id': id, traceparent, b3: single } = arrived[0]?.headersDistinct ?? {}
    expect([id, traceparent, single]).toEqual([
      [`${trace}:${span}`],
      [`00-${hexTrace.padStart(32, '0')}-${hexSpan}-01`],
      [`${hexTrace}-${hexSpan}-1`],
    ])
  })

  test('carry none to whom none are to go', async () => {
    await pass(how, { propagators, propagateTo: ['a.example'] })
    const { 'x-request-id': id, traceparent, b3: single } = arrived[0]?.headersDistinct ?? {}
    expect([id, traceparent, single]).toEqual([undefined, undefined, undefined])
    expect(arrived).toHaveLength(1)
  })
})

test('ids that the program writes itself, by inject, are those of the request that carries them', async () => {
  const how = byNode(() => inject({ A: 'b' }))
  const { client } = await pass(how, {})
  expect(arrived[0]?.headers).toMatchObject({ a: 'b', 'x-request-id': `${client?.traceId}:${client?.spanId}` })
})

test.each<[string, Record<string, string | readonly string[]>]>([
  ['a word', { 'X-Request-Id': 'mine' }],
  ['ids of another trace', { 'X-Request-Id': '1:2' }],
  ['several', { 'X-Request-Id': ['1:2', '3:4'] }],
])('what the program has set itself stays: %s', async (_what, headers) => {
  const how = byNode(() => headers)
  await pass(how, {})
  expect(arrived[0]?.headersDistinct['x-request-id']).toEqual([headers['X-Request-Id']].flat())
})
