import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from '@jest/globals'
import { w3cTraceId } from '@trace/core'
import { b3 } from '../src/b3.js'
import { requestId } from '../src/request-id.js'
import { w3c } from '../src/w3c.js'
import { type App, frameworks, type Handler, startApp } from './frameworks.js'
import { send } from './raw-client.js'

let app: App

afterEach(() => app?.close())

const UPPER = 0xfedcba9876543210n
const TRACEPARENT = `00-${w3cTraceId(42n, UPPER)}-000000000000002b-01`
const all = [requestId(), w3c(), b3(), b3({ multi: true })]

interface Seen {
  readonly headers: Record<string, string>
  readonly raw: readonly string[]
  readonly distinct: Record<string, readonly string[]>
}

const showHeaders: Handler = (req, res) => {
  const seen = { headers: req.headers, raw: req.rawHeaders, distinct: req.headersDistinct }
  res.end(`${JSON.stringify(seen)}#`)
}

function parse(body: string): Seen {
  return JSON.parse(body.slice(body.indexOf('{'), body.lastIndexOf('}') + 1)) as Seen
}

/** Every value of a header, in each place where a handler may look. */
function everywhere({ headers, raw, distinct }: Seen, name: string): unknown[] {
  const inRaw = raw.filter((_, at) => at % 2 === 1 && raw[at - 1]?.toLowerCase() === name)
  return [headers[name], inRaw, distinct[name]]
}

describe.each(Object.keys(frameworks))('%s', (name) => {
  test('a trusted traceparent is continued, and all of it goes on', async () => {
    app = await startApp(name, showHeaders, { honorReqHeader: true, propagators: [w3c()] })
    const reply = await send(app.port, '/any', [
      `TraceParent: ${TRACEPARENT}`,
      'tracestate: a=1',
      'Tracestate: b=2',
      'X-Request-Id: 7:8',
    ])
    const [span] = await app.spans()
    expect(span).toMatchObject({
      traceId: 42n,
      parentId: 43n,
      data: { 'parent.remote': true, 'w3c.trace_id': w3cTraceId(42n, UPPER) },
    })
    const id = span?.spanId.toString(16).padStart(16, '0')
    const value = `00-${w3cTraceId(42n, UPPER)}-${id}-01`
    expect(everywhere(parse(reply.body), 'traceparent')).toEqual([value, [value], [value]])
    expect(everywhere(parse(reply.body), 'tracestate')).toEqual(['a=1,b=2', ['a=1,b=2'], ['a=1,b=2']])
    expect(everywhere(parse(reply.body), 'x-request-id')).toEqual(['7:8', ['7:8'], ['7:8']])
    expect(span?.data).not.toHaveProperty(['request.id'])
    expect(reply.headers['x-request-id']).toBe('42')
  })

  test("a stranger's ids are noted, and none of his headers goes on beside ours", async () => {
    app = await startApp(name, showHeaders, { propagators: all })
    const strangers = [
      `traceparent: ${TRACEPARENT}`,
      'tracestate: mine=1',
      'b3: 0000000000000007-0000000000000008-1',
      'X-B3-ParentSpanId: 0000000000000009',
      'X-B3-Flags: 1',
      'x-B3-traceid: 0000000000000007',
      'X-Request-Id: some-uuid',
    ]
    const seen = parse((await send(app.port, '/any', strangers)).body)
    const [span] = await app.spans()
    expect(span?.data).toMatchObject({ 'untrusted.parent': '42:43', 'request.id': 'some-uuid' })
    expect(span).toMatchObject({ parentId: 0n })
    for (const gone of ['tracestate', 'x-b3-parentspanid', 'x-b3-flags']) {
      expect(everywhere(seen, gone)).toEqual([undefined, [], undefined])
    }
    const hex = span?.traceId.toString(16).padStart(16, '0')
    expect(everywhere(seen, 'x-b3-traceid')).toEqual([hex, [hex], [hex]])
    expect(seen.headers['traceparent']).toContain(hex)
    expect(seen.headers['b3']).toMatch(`${hex}-`)
    expect(seen.headers['x-request-id']).toBe(`${span?.traceId}:${span?.spanId}`)
  })

  test('the first propagator that finds anything counts; a refusal to sample stands', async () => {
    app = await startApp(name, showHeaders, { propagators: [w3c(), requestId()], honorReqHeader: true })
    await send(app.port, '/any', ['X-Request-Id: 5:6', 'traceparent: 00-zz'])
    const unsampled = await send(app.port, '/any', [`traceparent: ${TRACEPARENT.replace(/01$/, '00')}`])
    await send(app.port, '/any', ['X-Request-Id: 5:6', `traceparent: ${TRACEPARENT}`])
    expect((await app.spans()).map(({ traceId }) => traceId)).toEqual([5n, 42n])
    expect(app.tracer.stats()).toMatchObject({ open: 0, unsampled: 1 })
    expect(unsampled.status).toBe(200)
    expect(unsampled.headers['x-request-id']).toBe('42')
    expect(parse(unsampled.body).headers['traceparent']).toMatch(new RegExp(`^00-${w3cTraceId(42n, UPPER)}-.*-00$`))
  })

  test('a service that passes on all headers, knowing none, keeps the tree', async () => {
    const upstream = await startApp('node', (_req, res) => res.end('#'), { honorReqHeader: true, propagators: all })
    const proxy = createServer((req, res) => {
      const options = { port: upstream.port, path: req.url, method: req.method, headers: req.rawHeaders }
      request(options, (answer) => answer.pipe(res)).end()
    })
    await new Promise<void>((resolve) => proxy.listen(0, resolve))
    const { port } = proxy.address() as AddressInfo
    app = await startApp(name, (req, res) => {
      request({ port, headers: req.rawHeaders as never }, (answer) => answer.pipe(res)).end()
    })
    expect((await send(app.port, '/any', ['traceparent: junk', 'X-Request-Id: 1:2'])).status).toBe(200)
    const [above] = await app.spans()
    const [below] = await upstream.spans()
    expect(above?.traceId).not.toBe(1n)
    expect([below?.traceId, below?.parentId]).toEqual([above?.traceId, above?.spanId])
    proxy.close()
    await upstream.close()
  })
})
