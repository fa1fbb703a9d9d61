import { execFile } from 'node:child_process'
import { once } from 'node:events'
import http, { type IncomingMessage, type RequestOptions } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { createTracer, memoryRecorder, type Span } from '@trace/core'
import { traceClients, tracedFetch } from '../src/client.js'
import type { ClientOptions } from '../src/client-requests.js'
import { requestId } from '../src/request-id.js'
import { w3c } from '../src/w3c.js'

const recorder = memoryRecorder()
const tracer = createTracer({ service: 'test', recorder, buffer: 100_000, bufferBytes: 100_000_000 })
const received: IncomingMessage[] = []
let base = ''
let off: () => void = () => {}

const server = http.createServer((req, res) => {
  received.push(req)
  if (req.url === '/redirect') res.writeHead(302, { Location: '/a' }).end()
  else if (req.url !== '/never') setTimeout(() => res.end('ok'), 0)
})
server.on('upgrade', (_req, socket) =>
  socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'),
)

beforeAll(async () => {
  server.listen(0)
  await once(server, 'listening')
  base = `http://localhost:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.close()
  server.closeAllConnections()
})
beforeEach(() => {
  received.length = 0
  recorder.clear()
})
afterEach(() => off())

function on(options: ClientOptions = {}): void {
  off = traceClients(tracer, options)
}

/** What was recorded while a function ran in a span, without that span itself. */
async function clientSpans(fn: () => Promise<unknown>): Promise<readonly Span[]> {
  const above = await tracer.trace('work', 'above', async (s) => {
    await fn()
    return s
  })
  for (let turn = 0; tracer.stats().open > 0 && turn < 2_000; turn++)
    await new Promise((resolve) => setTimeout(resolve, 10))
  await tracer.flush()
  const spans = recorder.spans.filter((s) => s.spanId !== above.spanId)
  for (const s of spans) expect([s.traceId, s.parentId]).toEqual([above.traceId, above.spanId])
  return spans
}

/** A request by node:http, read to its end. What ends it is returned. */
function send(path: string, options: RequestOptions = {}): Promise<unknown> {
  return new Promise((resolve) => {
    const request = http.request(base + path, options, (response) => {
      response.on('error', resolve)
      response.on('end', () => resolve(undefined))
      response.resume()
    })
    request.on('error', resolve)
    request.end()
  })
}

describe('fetch', () => {
  test('has a span for each redirect', async () => {
    on()
    const spans = await clientSpans(() => fetch(`${base}/redirect`).then((answer) => answer.text()))
    expect(spans.map((s) => [s.data['url.path'], s.data['http.response.status_code']])).toEqual([
      ['/redirect', 302],
      ['/a', 200],
    ])
    expect(received.map((req) => req.headers['x-request-id'])).toEqual(spans.map((s) => `${s.traceId}:${s.spanId}`))
  })

  test('that the program aborts is no failure; one that times out is', async () => {
    on()
    const abort = new AbortController()
    setTimeout(() => abort.abort(), 20)
    const [aborted] = await clientSpans(() => fetch(`${base}/never`, { signal: abort.signal }).catch(() => {}))
    expect(aborted?.data['http.end_reason']).toBe('aborted')
    expect(aborted?.data).not.toHaveProperty(['error.type'])
    recorder.clear()
    const [late] = await clientSpans(() => fetch(`${base}/never`, { signal: AbortSignal.timeout(20) }).catch(() => {}))
    expect(late?.data).toMatchObject({ 'http.end_reason': 'error', 'error.type': 'TimeoutError' })
  })

  test('of a host that is not there is marked failed', async () => {
    on()
    const [span] = await clientSpans(() =>
      fetch('http://127.0.0.1:9')
        .catch(() => fetch('http://127.0.0.1:59999'))
        .catch(() => {}),
    )
    expect(span?.data).toMatchObject({ 'error.type': expect.any(String), 'http.end_reason': 'error' })
  })
})

describe('node:http', () => {
  test('that the program aborts or drops is no failure; one that times out is', async () => {
    on()
    const abort = new AbortController()
    setTimeout(() => abort.abort(), 20)
    const [aborted] = await clientSpans(() => send('/never', { signal: abort.signal }))
    expect(aborted?.data).toMatchObject({ 'http.end_reason': 'aborted' })
    recorder.clear()
    const [late] = await clientSpans(() => send('/never', { signal: AbortSignal.timeout(20) }))
    expect(late?.data).toMatchObject({ 'http.end_reason': 'error' })
  })

  test('that becomes another protocol says so', async () => {
    on()
    const [upgraded] = await clientSpans(async () => {
      const request = http.request(`${base}/upgrade`, { headers: { Connection: 'Upgrade', Upgrade: 'x' } })
      request.end()
      const [, socket] = await once(request, 'upgrade')
      socket.destroy()
    })
    expect(upgraded?.data).toMatchObject({ 'http.response.status_code': 101, 'http.end_reason': 'upgraded' })
  })

  test.each<[string, RequestOptions]>([
    ['headers in an array', { headers: ['Host', 'localhost', 'X-Own', '1'] as unknown as Record<string, string> }],
    ['Expect', { headers: { Expect: '100-continue' } }],
  ])('with %s, which are sent at once, has its span all the same', async (_what, options) => {
    on()
    const spans = await clientSpans(() => send('/a', options))
    expect(spans).toHaveLength(1)
    expect(received).toHaveLength(1)
  })

  test('is put back as it was', () => {
    const { request, get } = http
    on()
    off()
    expect([http.request, http.get]).toEqual([request, get])
  })
})

test('all propagators write their headers', async () => {
  on({ propagators: [requestId(), w3c()] })
  const spans = await clientSpans(async () => {
    await fetch(`${base}/a`).then((answer) => answer.text())
    await send('/a')
  })
  const idsOf = ({ traceId, spanId }: Span) =>
    `00-${traceId.toString(16).padStart(32, '0')}-${spanId.toString(16).padStart(16, '0')}-01`
  expect(received.map((req) => req.headers['x-request-id'])).toEqual(spans.map((s) => `${s.traceId}:${s.spanId}`))
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

describe('tracedFetch', () => {
  test.each([false, true])('has one span a request, with traceClients on: %p', async (both) => {
    if (both) on()
    const fetchTraced = tracedFetch(tracer, { kind: 'explicit' })
    const spans = await clientSpans(() => fetchTraced(`${base}/redirect`).then((answer) => answer.text()))
    expect(spans.map((s) => [s.kind, s.data['url.path']])).toEqual([
      ['explicit', '/redirect'],
      ['explicit', '/a'],
    ])
    expect(received.map((req) => req.headers['x-request-id'])).toEqual(spans.map((s) => `${s.traceId}:${s.spanId}`))
  })

  test('leaves the plain fetch alone', async () => {
    tracedFetch(tracer)
    expect(await clientSpans(() => fetch(`${base}/a`).then((answer) => answer.text()))).toEqual([])
  })
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

test('every way of importing node:http is reached, whatever was imported first', () => {
  const program = `
    import http, { get, request } from 'node:http'
    import * as all from 'node:http'
    import https, { get as secureGet } from 'node:https'
    import { createRequire } from 'node:module'
    import { createTracer, memoryRecorder } from '@trace/core'
    import { traceClients } from ${JSON.stringify(new URL('../dist/client.js', import.meta.url).href)}
    const recorder = memoryRecorder()
    const tracer = createTracer({ service: 'test', recorder })
    const required = createRequire(import.meta.url)('http')
    const { origin } = new URL(${JSON.stringify(base)})
    const send = (make, url) => new Promise((resolve) => make(url, (res) => res.resume().on('close', resolve)).on('error', resolve).end())
    traceClients(tracer)
    await tracer.trace('work', 'above', async () => {
      for (const make of [http.get, get, request, all.get, required.request]) await send(make, origin + '/a')
      for (const make of [https.request, secureGet]) await send(make, 'https://127.0.0.1:1/secure')
    })
    await new Promise((resolve) => setTimeout(resolve, 20))
    await tracer.flush()
    console.log(recorder.spans.filter((span) => span.kind === 'client').map((span) => span.data['url.path']).join(' '))`
  const folder = fileURLToPath(new URL('.', import.meta.url))
  // A child of its own, beside the server that answers it: it must not wait for this process.
  return promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], { cwd: folder }).then(
    ({ stdout }) => {
      expect(stdout.trim()).toBe('/a /a /a /a /a /secure /secure')
    },
  )
})
