import { once } from 'node:events'
import http, { type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { Span } from '@trace/core'
import { requestId } from '../../src/propagation/request-id.js'
import { w3c } from '../../src/propagation/w3c.js'
import { clientSpans, on, recorder } from '../support/client-stand.js'
import { type Ask, CLIENTS, type Client } from '../support/real-clients.js'

/** The first host redirects to a path of its own, and that path to another host. */
const asked: IncomingMessage[] = []
const ours = http.createServer((req, res) => {
  asked.push(req)
  // Some clients do not read the body of a redirect, and so keep the connection in use until it closes.
  res.writeHead(302, { Connection: 'close', Location: req.url === '/start' ? '/next' : thirdParty }).end()
})
const theirs = http.createServer((req, res) => {
  asked.push(req)
  res.end('ok')
})
let start = ''
let thirdParty = ''

beforeAll(async () => {
  for (const server of [ours, theirs]) await once(server.listen(0, '127.0.0.1'), 'listening')
  start = `http://localhost:${(ours.address() as AddressInfo).port}/start`
  thirdParty = `http://127.0.0.1:${(theirs.address() as AddressInfo).port}/end`
})
afterAll(() => {
  for (const server of [ours, theirs]) {
    server.close()
    server.closeAllConnections()
  }
})
beforeEach(() => {
  asked.length = 0
})

async function hops(ask: () => Promise<unknown>): Promise<readonly Span[]> {
  return (await clientSpans(ask)).toSorted((one, other) => (one.start < other.start ? -1 : 1))
}

function sent(name: string): readonly (string | undefined)[] {
  return asked.map((req) => req.headersDistinct[name]?.join(' and '))
}

describe.each(Object.entries(CLIENTS))('%s', (_name, ask: Client) => {
  test('sends each hop of a redirect with the ids of its own span', async () => {
    on({ propagators: [requestId(), w3c()] })
    const spans = await hops(() => ask(start))
    expect(spans.map(({ data }) => data['url.path'])).toEqual(['/start', '/next', '/end'])
    expect(sent('x-request-id')).toEqual(spans.map(({ traceId, spanId }) => `${traceId}:${spanId}`))
    expect(sent('traceparent')).toEqual(
      spans.map(({ spanId }) => expect.stringContaining(`-${spanId.toString(16).padStart(16, '0')}-`)),
    )
  })

  test('sends none to a third party that is to have none', async () => {
    on({ propagators: [requestId(), w3c()], propagateTo: [new URL(start).host] })
    const spans = await hops(() => ask(start))
    const ids = spans.map(({ traceId, spanId }) => `${traceId}:${spanId}`)
    expect(sent('x-request-id')).toEqual([ids[0], ids[1], undefined])
    expect(sent('traceparent').map((value) => value !== undefined)).toEqual([true, true, false])
  })

  test.each<[string, Ask]>([
    ['a word', { headers: { 'X-Request-Id': 'mine' } }],
    ['ids of another trace', { headers: { 'x-request-ID': '1:2' } }],
  ])('sends what the program has set as without tracing: %s', async (_what, options) => {
    await ask(start, options)
    const bare = sent('x-request-id')
    asked.length = 0
    on({ propagateTo: [] })
    await clientSpans(() => ask(start, options))
    expect(sent('x-request-id')).toEqual(bare)
    expect(bare.slice(0, 2)).toEqual(Array(2).fill(options.headers?.['X-Request-Id'] ?? '1:2'))
    expect(recorder.spans.filter(({ kind }) => kind === 'client')).toHaveLength(3)
  })
})
