import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from '@jest/globals'
import { type ActiveSpan, createTracer, currentSpan, memoryRecorder, type Span } from '@trace/core'
import express from 'express'
import fastify from 'fastify'
import { traceExpress } from '../../src/express.js'
import { traceFastify } from '../../src/fastify.js'
import { traceNode } from '../../src/node.js'
import { send } from '../support/raw-client.js'

const recorder = memoryRecorder()
const tracer = createTracer({ recorder })
const options = { tracer, query: true }
const PATH = '/items/7?a=1'

type Act = (span: ActiveSpan, res: ServerResponse) => void

let server: Server
afterEach(() => {
  server.close()
  recorder.clear()
})

function answer(act: Act, res: ServerResponse): void {
  const span = currentSpan()
  if (span !== undefined) act(span, res)
  res.writeHead(203)
  res.write('bo')
  res.end('dy')
}

const SERVERS: Record<string, (act: Act) => RequestListener | Promise<RequestListener>> = {
  'Node http': (act) => traceNode((_req: IncomingMessage, res: ServerResponse) => answer(act, res), options),
  Express: (act) =>
    express()
      .use(traceExpress(options))
      .get('/items/:id', (_req, res) => answer(act, res)),
  Fastify: async (act) => {
    const app = fastify()
    app.register(traceFastify, options)
    app.get('/items/:id', (_request, reply) => {
      reply.hijack()
      answer(act, reply.raw)
    })
    await app.ready()
    return app.routing
  },
}

describe.each(Object.entries(SERVERS))('on %s', (framework, make) => {
  async function recordOf(act: Act): Promise<Span> {
    recorder.clear()
    server = createServer(await make(act))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    await send((server.address() as AddressInfo).port, PATH)
    while (tracer.stats().open > 0) await new Promise((resolve) => setTimeout(resolve, 5))
    await tracer.flush()
    server.close()
    const [span, ...more] = recorder.spans
    if (span === undefined || more.length > 0) throw new Error(`${recorder.spans.length} spans`)
    return span
  }

  const name = framework === 'Node http' ? 'GET /items/7' : 'GET /items/:id'
  const route = framework === 'Node http' ? {} : { 'http.route': '/items/:id' }
  const known = { 'http.request.method': 'GET', 'url.path': '/items/7', 'url.query': 'a=1', ...route }
  const end = {
    'http.response.status_code': 203,
    'http.response.body.size': 4,
    'http.time_to_first_byte': expect.any(Number),
  }

  test.each<[string, Act, object]>([
    ['nothing', () => {}, {}],
    ['asks for its data', (span) => void span.data, {}],
    ['adds to its data', (span) => Object.assign(span.data, { own: 1 }), { own: 1 }],
    ['has frozen it', (span) => Object.freeze(span), {}],
    ['adds to it when it was frozen', (span) => Object.assign(Object.freeze(span).data, { own: 1 }), { own: 1 }],
  ])('the data of a request are the same, where the program does with its span: %s', async (what, act, own) => {
    const span = await recordOf(act)
    // Express tells the route only later.
    expect(span.name).toBe(what.includes('frozen') && framework === 'Express' ? 'GET /items/7' : name)
    expect(span.data).toEqual({ ...known, ...end, ...own })
  })

  test('a request whose span the program has finished has no end', async () => {
    const { data } = await recordOf((span) => span.finish())
    const { 'http.route': _, ...others } = known
    expect(data).toEqual(framework === 'Express' ? others : known)
  })

  test('data that are asked for at the end of a request are those that are recorded', async () => {
    let active: ActiveSpan | undefined
    const { data } = await recordOf((span) => {
      active = span
    })
    expect(active?.data).toEqual({ ...data })
  })

  test('data that are asked for before the end have when the first byte was sent', async () => {
    let soFar: object | undefined
    const { data } = await recordOf((span, res) => {
      const { end } = res
      res.end = (...args: unknown[]) => {
        soFar = { ...span.data }
        return Reflect.apply(end, res, args)
      }
    })
    const { 'http.route': _, ...others } = known
    const sent = { 'http.time_to_first_byte': data['http.time_to_first_byte'] }
    expect(soFar).toEqual({ ...(framework === 'Express' ? others : known), ...sent })
  })

  test('the status is that of the head, whatever the response tells', async () => {
    const { data } = await recordOf((_span, res) => {
      Object.defineProperty(res, 'statusCode', { get: () => 200, set: () => {} })
      const { writeHead } = res
      res.writeHead = () => Reflect.apply(writeHead, res, [503])
    })
    expect(data).toEqual({
      ...{ ...known, ...end, 'http.response.status_code': 503 },
      ...{ 'error.type': '503', 'error.message': 'Service Unavailable' },
    })
  })
})
