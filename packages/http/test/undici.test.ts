import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PassThrough, Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createTracer, currentSpan, memoryRecorder } from '@trace/core'
import * as undici7 from 'undici'
import { changeable } from '../src/client/dispatched.js'
import { tracedFetch } from '../src/client.js'
import { traceInterceptor } from '../src/undici.js'
import { base, clientSpans, on, received, receivedIds, recorder, requestIds, tracer } from './support/client-stand.js'

const SECRET = 'hunter2'
const versions: [string, typeof undici7][] = [['7', undici7]]
// It needs this much.
if (Number(process.versions.node.split('.')[0]) >= 24) {
  const name = 'undici8'
  versions.push(['8', await import(name)])
}

async function shifted<T>(items: T[]): Promise<T> {
  for (;;) {
    const item = items.shift()
    if (item !== undefined) return item
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

describe.each(versions)('undici %s', (_version, undici) => {
  const plain = new undici.Agent()
  const agent = plain.compose(traceInterceptor(tracer))
  beforeAll(() => {
    recorder.clear()
  })
  afterAll(() => plain.destroy())
  const request = (path: string, options: object = {}) => undici.request(base + path, { dispatcher: agent, ...options })

  test('a request has a span, and carries its ids', async () => {
    const spans = await clientSpans(async () => {
      const caller = currentSpan()
      const { body } = await request('/a?q=1', { method: 'POST', body: 'sent' })
      expect(await body.text()).toBe('ok')
      expect(tracer.stats().open).toBe(1)
      expect(currentSpan()).toBe(caller)
    })
    const { host, port } = new URL(base)
    expect(spans.map(({ kind, name, data }) => ({ kind, name, ...data }))).toEqual([
      {
        kind: 'client',
        name: `POST ${host}`,
        'http.request.method': 'POST',
        'http.response.status_code': 200,
        'server.address': 'localhost',
        'server.port': Number(port),
        'url.path': '/a',
      },
    ])
    expect(receivedIds()).toEqual(requestIds(spans))
  })

  test('the span ends with the last byte of the body', async () => {
    const responses: ServerResponse[] = []
    const slow = createServer((_req, res) => void responses.push(res.writeHead(200))).listen(0)
    slow.on('request', (_req, res) => res.write('first, '))
    await once(slow, 'listening')
    await clientSpans(async () => {
      const url = `http://localhost:${(slow.address() as AddressInfo).port}`
      for (const send of [
        async () => (await undici.request(url, { dispatcher: agent })).body.text(),
        async () => (await undici.fetch(url, { dispatcher: agent })).text(),
      ]) {
        const text = send()
        const response = await shifted(responses)
        // The span around and the request's own.
        expect(tracer.stats().open).toBe(2)
        response.end('last')
        expect(await text).toBe('first, last')
        expect(tracer.stats().open).toBe(1)
      }
    })
    slow.close()
    slow.closeAllConnections()
  })

  test('requests of fetch have one, too, its redirects, of streams and pipelines, of a client and a pool', async () => {
    const client = new undici.Client(base)
    const pool = new undici.Pool(base, { connections: 1 })
    const spans = await clientSpans(async () => {
      expect(await (await undici.fetch(`${base}/redirect`, { dispatcher: agent })).text()).toBe('ok')
      const stream = { method: 'GET' as const, path: '/stream', origin: base }
      await agent.stream(stream, () => new PassThrough().resume())
      await once(
        Readable.from([])
          .pipe(agent.pipeline({ ...stream, method: 'PUT' }, ({ body }) => body))
          .resume(),
        'end',
      )
      const options = { method: 'GET' as const, path: '/a' }
      for (const each of [client, pool])
        await (await each.compose(traceInterceptor(tracer)).request(options)).body.text()
    })
    await Promise.all([client.close(), pool.close()])
    expect(spans.map(({ data }) => data['url.path'])).toEqual(['/redirect', '/a', '/stream', '/stream', '/a', '/a'])
    expect(spans.map(({ name }) => name.replace(/\d+$/, 'N'))).toEqual([
      ...['GET localhost:N', 'GET localhost:N', 'GET localhost:N', 'PUT localhost:N'],
      // undici 7 does not say where these go.
      ...Array(2).fill(undici === undici7 ? 'GET' : 'GET localhost:N'),
    ])
    expect(receivedIds()).toEqual(requestIds(spans))
  })

  test('before retry and redirect it gives each attempt a span, behind them one to all', async () => {
    const options = { minTimeout: 1, maxTimeout: 1 }
    const { retry, redirect } = undici.interceptors
    const trace = traceInterceptor(tracer)
    const inside = plain.compose(trace, retry(options), redirect({ maxRedirections: 1 }))
    const each = await clientSpans(async () => {
      await (await request('/busy', { dispatcher: inside })).body.text()
      await (await request('/redirect', { dispatcher: inside })).body.text()
    })
    expect(each.map(({ data }) => data['http.response.status_code'])).toEqual([503, 503, 200, 302, 200])
    expect(each.map(({ data }) => data['error.type'])).toEqual(['503', '503', undefined, undefined, undefined])
    expect(receivedIds()).toEqual(requestIds(each))

    recorder.clear()
    received.length = 0
    const outside = plain.compose(retry(options), redirect({ maxRedirections: 1 }), trace)
    const all = await clientSpans(async () => (await request('/busy', { dispatcher: outside })).body.text())
    expect(all.map(({ data }) => [data['http.response.status_code'], data['error.type']])).toEqual([[200, undefined]])
    expect(receivedIds()).toEqual(Array(3).fill(requestIds(all)[0]))
  })

  test('what is queued, retried and redirected on a connection of another trace is in its own', async () => {
    const own = memoryRecorder()
    const other = createTracer({ recorder: own, service: 'test' })
    const one = new undici.Agent({ connections: 1 })
    const dispatcher = one.compose(traceInterceptor(other), undici.interceptors.redirect({ maxRedirections: 1 }))
    const traces = await Promise.all(
      ['/redirect', '/a', '/redirect', '/b', '/redirect'].map((path) =>
        other.trace('work', path, async ({ traceId }) => {
          await (await request(path, { dispatcher })).body.text()
          return traceId
        }),
      ),
    )
    await one.close()
    await other.close()
    const paths = traces.map((id) =>
      own.spans.filter(({ traceId, kind }) => traceId === id && kind === 'client').map(({ data }) => data['url.path']),
    )
    expect(paths).toEqual([['/redirect', '/a'], ['/a'], ['/redirect', '/a'], ['/b'], ['/redirect', '/a']])
  })

  test('a failure and an abort are told apart', async () => {
    const spans = await clientSpans(async () => {
      await expect(request('/reset')).rejects.toThrow()
      const controller = new AbortController()
      const never = request('/never', { signal: controller.signal })
      controller.abort()
      await expect(never).rejects.toThrow()
      const { body } = await request('/half')
      body.on('error', () => {}).destroy()
      const cut = await request('/cut')
      await expect(cut.body.text()).rejects.toThrow()
      await expect(undici.fetch(`${base}/never`, { dispatcher: agent, signal: AbortSignal.abort() })).rejects.toThrow()
    })
    const ends = spans.map(({ data }) => [data['url.path'], data['http.end_reason'], 'error.type' in data])
    expect(ends.slice(0, 4)).toEqual([
      ['/reset', 'error', true],
      ['/never', 'aborted', false],
      ['/half', 'aborted', false],
      ['/cut', 'error', true],
    ])
  })

  test('an upgrade ends as the connection becomes the other protocol’s', async () => {
    const spans = await clientSpans(async () => {
      const { socket } = await undici.upgrade(`${base}/other`, { protocol: 'x', dispatcher: agent })
      expect(tracer.stats().open).toBe(1)
      await once(socket.resume(), 'close')
    })
    const [data] = spans.map((span) => span.data)
    expect(data).toMatchObject({ 'http.response.status_code': 101, 'http.end_reason': 'upgraded' })
  })

  test('headers of the program’s own stay, in each form, and ids go only where they may', async () => {
    const mine = { 'x-request-id': 'mine', 'x-a': '1' }
    const forms = [mine, Object.entries(mine).flat(), new Map(Object.entries(mine)), new Headers(mine)]
    const not = plain.compose(traceInterceptor(tracer, { propagateTo: ['example.com'] }))
    await clientSpans(async () => {
      for (const headers of forms) await (await request('/own', { headers })).body.text()
      await (await request('/not', { dispatcher: not })).body.text()
      await (await request('/two', { headers: new Map([['x-a', ['1', '2']]]) })).body.text()
    })
    const seen = received.map(({ headers }) => [headers['x-request-id'], headers['x-a']])
    expect(seen.slice(0, 5)).toEqual([...forms.map(() => ['mine', '1']), [undefined, undefined]])
    expect(seen[5]).toEqual([expect.stringMatching(/^\d+:\d+$/), '1, 2'])
  })

  test('what undici refuses is refused in its words, and leaves no span open', async () => {
    await clientSpans(async () => {
      await expect(request('/a', { headers: ['odd'] })).rejects.toThrow('headers array must be even')
      await expect(request('/a', { headers: new Map([['', 'x']]) })).rejects.toThrow('invalid header key')
      await expect(request('/a', { headers: 'text' })).rejects.toThrow('headers')
      await expect(request('/a', { method: 'A B' })).rejects.toThrow('method')
    })
    expect(received).toEqual([])
    expect(tracer.stats().open).toBe(0)
  })

  test('outside a trace there is no span, and none twice beside traceClients and tracedFetch', async () => {
    await (await request('/outside')).body.text()
    expect(receivedIds()).toEqual([undefined])
    expect(await clientSpans(() => tracedFetch(tracer)(`${base}/a`))).toHaveLength(1)
    recorder.clear()
    on()
    expect(await clientSpans(async () => (await request('/a')).body.text())).toHaveLength(1)
  })

  test('no secret is in a span', async () => {
    const spans = await clientSpans(async () => {
      const headers = { authorization: `Bearer ${SECRET}`, cookie: `session=${SECRET}`, 'x-api-key': SECRET }
      await (
        await request(`/a?access_token=${SECRET}#${SECRET}`, { method: 'POST', headers, body: SECRET })
      ).body.text()
      await (await request('/a', { query: { key: SECRET } })).body.text()
      const withPassword = base.replace('//', `//bob:${SECRET}@`)
      const sent = await undici.request(`${withPassword}/a`, { dispatcher: agent }).catch(() => undefined)
      await sent?.body.text()
      await (await undici.fetch(`${base}/a?sig=${SECRET}`, { dispatcher: agent, headers })).text()
    })
    expect(spans.length).toBeGreaterThanOrEqual(3)
    expect(JSON.stringify(spans.map(({ name, data }) => [name, data]))).not.toContain(SECRET)
  })
})

test('options that cannot be used are named', () => {
  expect(() => traceInterceptor(tracer, { propagateTo: ['http://x'] })).toThrow('"propagateTo"')
})

test('headers that are no headers are left to undici', () => {
  expect([['odd'], 'text', 5].map((headers) => changeable(headers as never))).toEqual([undefined, undefined, undefined])
})
