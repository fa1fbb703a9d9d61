import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import fastifyExpress from '@fastify/express'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import {
  createTracer,
  currentSpan,
  isFailed,
  type MemoryRecorder,
  memoryRecorder,
  type Span,
  type Tracer,
} from '@trace/core'
import express from 'express'
import fastify from 'fastify'
import { createMocks } from 'node-mocks-http'
import { traceExpress } from '../src/express.js'
import { traceFastify } from '../src/fastify.js'
import { traceNode } from '../src/node.js'

const warnings: string[] = []
let closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing) await close()
  closing = []
  warnings.length = 0
})

function traced(): { tracer: Tracer; recorder: MemoryRecorder; spans: () => Promise<readonly Span[]> } {
  const recorder = memoryRecorder()
  const tracer = createTracer({ recorder, logger: { warn: (message) => void warnings.push(message) } })
  const spans = async (): Promise<readonly Span[]> => {
    for (let wait = 0; wait < 200 && tracer.stats().open > 0; wait++) await sleep(10)
    await tracer.flush()
    expect(tracer.stats().open).toBe(0)
    return recorder.spans
  }
  return { tracer, recorder, spans }
}

async function listen(listener: RequestListener): Promise<number> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

const reasonOf = (span: Span | undefined): unknown => span?.data['http.end_reason'] ?? 'completed'

describe('responses that say finish and never close', () => {
  test.each(['json', 'end', 'sendStatus'] as const)('of node-mocks-http: %s', async (way) => {
    const { tracer, spans } = traced()
    const app = express()
    app.use(traceExpress({ tracer }))
    app.get('/users/:id', (_req, res) => void (way === 'sendStatus' ? res.sendStatus(200) : res[way]('x')))
    const { EventEmitter } = await import('node:events')
    for (let at = 0; at < 10; at++) {
      const { req, res } = createMocks({ method: 'GET', url: '/users/42' }, { eventEmitter: EventEmitter })
      const ended = new Promise((resolve) => res.on('end', resolve))
      app(req, res)
      await ended
    }
    expect((await spans()).map(({ name }) => name)).toEqual(
      // The mock has a `baseUrl`, as if it were mounted at a path.
      Array(10).fill('GET */users/:id'),
    )
  })

  test.each<[string, RequestListener, number]>([
    ['its own methods', (_req, res) => void Reflect.apply(Reflect.get(res, 'sendStatus'), res, [503]), 503],
    ['writeHead', (_req, res) => void res.writeHead(201, { 'X-Other': 'a' }).end('x'), 201],
  ])('of node-mocks-http, which emits no events by default: %s', async (_, handler, status) => {
    const { tracer, spans } = traced()
    const { req, res } = createMocks({ method: 'GET', url: '/users/42', headers: { 'X-Request-Id': 'theirs' } })
    Reflect.apply(traceNode(handler, { tracer }), undefined, [req, res])
    const [span] = await spans()
    expect([span?.data['http.response.status_code'], reasonOf(span)]).toEqual([status, 'completed'])
    expect(res.getHeader('X-Request-Id')).toBe(String(span?.traceId))
    expect(req.headers['x-request-id']).toBe(`${span?.traceId}:${span?.spanId}`)
  })

  test.each(['@codegenie/serverless-express', 'serverless-http'])('of %s', async (name) => {
    const { tracer, spans } = traced()
    const app = express().set('env', 'test')
    app.use(traceExpress({ tracer }))
    app.get('/users/:id', (_req, res) => void res.json({}))
    app.get('/fail', () => {
      throw new RangeError('no')
    })
    const { default: wrap } = await import(name)
    const handler = name === 'serverless-http' ? wrap(app) : (wrap.default ?? wrap)({ app })
    const event = (path: string): object => ({
      version: '2.0',
      rawPath: path,
      rawQueryString: '',
      headers: { host: 'example.com' },
      requestContext: { http: { method: 'GET', path, sourceIp: '127.0.0.1' }, stage: '$default' },
      isBase64Encoded: false,
    })
    for (let at = 0; at < 10; at++) {
      const answer = await handler(event('/users/42'), {}, () => {})
      expect(answer.statusCode).toBe(200)
      expect(answer.headers['x-request-id']).toMatch(/^\d+$/)
    }
    expect((await handler(event('/fail'), {}, () => {})).statusCode).toBe(500)
    const all = await spans()
    expect(
      all.map((span) => [span.name, span.data['http.response.status_code'], isFailed(span), reasonOf(span)]),
    ).toEqual([...Array(10).fill(['GET /users/:id', 200, false, 'completed']), ['GET /fail', 500, true, 'completed']])
  })
})

test('a status is known where @fastify/express has put its own headersSent on the response', async () => {
  const { tracer, spans } = traced()
  const app = fastify()
  closing.push(() => app.close())
  await app.register(traceFastify, { tracer })
  await app.register(fastifyExpress)
  app.use((_req: unknown, _res: unknown, next: () => void) => next())
  app.get('/good', async () => 'x')
  app.get('/bad', async () => {
    throw new RangeError('no')
  })
  const address = await app.listen({ port: 0 })
  for (const path of ['/good', '/bad']) await (await fetch(address + path)).text()
  const all = await spans()
  expect(all.map((span) => [span.name, span.data['http.response.status_code'], isFailed(span)])).toEqual([
    ['GET /good', 200, false],
    ['GET /bad', 500, true],
  ])
})

describe('what the server breaks off is its own doing', () => {
  test.each([
    [
      'req.destroy(error), before the head',
      (req: never, _res: never) => destroy(req, new RangeError('enough')),
      'RangeError',
    ],
    [
      'res.destroy(error), before the head',
      (_req: never, res: never) => destroy(res, new RangeError('enough')),
      'RangeError',
    ],
    [
      'res.destroy(error), amid the body',
      (_req: never, res: never) => amid(res, new RangeError('enough')),
      'RangeError',
    ],
    ['res.destroy(), amid the body', (_req: never, res: never) => amid(res), 'ResponseCut'],
  ])('%s', async (_, handle, type) => {
    const { tracer, spans } = traced()
    const port = await listen(traceNode((req, res) => Reflect.apply(handle, undefined, [req, res]), { tracer }))
    await fetch(`http://127.0.0.1:${port}/`).then(
      (response) => response.text().catch(() => ''),
      () => '',
    )
    const [span] = await spans()
    expect([reasonOf(span), span?.data['error.type']]).toEqual(['error', type])
  })

  test('and a client that leaves is none of it', async () => {
    const { tracer, spans } = traced()
    const port = await listen(traceNode((_req, res) => void res.write('x'), { tracer }))
    const client = connect(port, '127.0.0.1', () => client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'))
    client.on('error', () => {})
    await new Promise((resolve) => client.once('data', resolve))
    client.destroy()
    const [span] = await spans()
    expect([reasonOf(span), span && isFailed(span)]).toEqual(['aborted', false])
  })
})

describe('a client that leaves amid its own body has left, whoever gets the error', () => {
  const leaving = async (port: number, tracer: Tracer): Promise<void> => {
    const client = connect(port, '127.0.0.1').on('error', () => {})
    client.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"a":')
    for (let wait = 0; wait < 200 && tracer.stats().started === 0; wait++) await sleep(10)
    client.destroy()
  }

  test('a plain handler', async () => {
    const { tracer, spans } = traced()
    const errors: unknown[] = []
    const listener = traceNode(
      async (req) => {
        for await (const _ of req);
      },
      { tracer },
    )
    const caught = (req: IncomingMessage, res: ServerResponse): unknown =>
      listener(req, res).catch((error: unknown) => errors.push(error))
    await leaving(await listen(caught), tracer)
    const [span] = await spans()
    expect([reasonOf(span), span && isFailed(span), errors.length]).toEqual(['aborted', false, 1])
  })

  test('Fastify', async () => {
    const { tracer, spans } = traced()
    const app = fastify()
    closing.push(() => app.close())
    await app.register(traceFastify, { tracer })
    app.post('/', async () => 'x')
    await leaving(Number(new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port), tracer)
    const [span] = await spans()
    expect([reasonOf(span), span && isFailed(span)]).toEqual(['aborted', false])
  })
})

function destroy(
  stream: { destroy(error?: Error): void; on(event: string, fn: () => void): void },
  error?: Error,
): void {
  stream.on('error', () => {})
  stream.destroy(error)
}

function amid(
  res: { write(text: string): void; destroy(error?: Error): void; on(event: string, fn: () => void): void },
  error?: Error,
): void {
  res.write('some')
  setTimeout(() => destroy(res, error), 20)
}

test("every hook of Fastify's runs inside the span, onTimeout included", async () => {
  const { tracer, spans } = traced()
  const app = fastify({ connectionTimeout: 100 })
  closing.push(() => app.close())
  await app.register(traceFastify, { tracer })
  const seen = new Set<string>()
  const look = (where: string, id: unknown): void => {
    expect([where, currentSpan()?.spanId]).toEqual([where, id])
    seen.add(where)
  }
  app.addHook('onTimeout', async (request) => look('onTimeout', request.span?.spanId))
  app.addHook('preHandler', async (request) => look('preHandler', request.span?.spanId))
  app.addHook('onSend', async (request) => look('onSend', request.span?.spanId))
  app.addHook('onResponse', async (request) => look('onResponse', request.span?.spanId))
  app.addHook('onRequestAbort', async (request) => look('onRequestAbort', request.span?.spanId))
  app.setNotFoundHandler(async (request) => look('notFound', request.span?.spanId))
  app.setErrorHandler(async (_error, request) => look('error', request.span?.spanId))
  app.get('/hang', () => new Promise(() => {}))
  app.get('/fail', async () => {
    throw new Error('no')
  })
  const address = await app.listen({ port: 0 })
  for (const path of ['/fail', '/none']) await (await fetch(address + path)).text()
  await fetch(`${address}/hang`).catch(() => {})
  for (let wait = 0; wait < 200 && !seen.has('onTimeout'); wait++) await sleep(10)
  expect([...seen].sort()).toEqual(
    expect.arrayContaining(['error', 'notFound', 'onResponse', 'onSend', 'onTimeout', 'preHandler']),
  )
  await spans()
})

describe('an internal redirect', () => {
  const emitted = jest.fn()
  test.each([
    ['app(req, res)', (app: express.Express, req: express.Request, res: express.Response) => app(req, res)],
    [
      'app.handle',
      (app: express.Express, req: express.Request, res: express.Response) =>
        Reflect.apply(Reflect.get(app, 'handle'), app, [req, res]),
    ],
  ])('by %s is one span, and there is no warning', async (_, redirect) => {
    const { tracer, spans } = traced()
    process.on('warning', emitted)
    const app = express()
    app.use(traceExpress({ tracer }))
    app.get('/old', (req, res) => {
      req.url = '/new/42'
      redirect(app, req, res)
    })
    app.get('/new/:id', (_req, res) => void res.send('new'))
    const port = await listen(app)
    expect(await (await fetch(`http://127.0.0.1:${port}/old`)).text()).toBe('new')
    const all = await spans()
    process.off('warning', emitted)
    expect(all).toHaveLength(1)
    expect(all[0]?.name).toMatch(/^GET \/(new\/:id|old)$/)
    expect([warnings, emitted.mock.calls]).toEqual([[], []])
  })
})

test("an internal redirect of Fastify's is one span, and its log lines have the ids", async () => {
  const { tracer, spans } = traced()
  const lines: string[] = []
  const app = fastify({ logger: { stream: { write: (line) => void lines.push(line) } } })
  closing.push(() => app.close())
  await app.register(traceFastify, { tracer })
  app.get('/old', (request, reply) => {
    reply.hijack()
    request.raw.url = '/new'
    app.routing(request.raw, reply.raw)
  })
  app.get('/new', async (request) => {
    request.log.info('in the new one')
    return String(request.span?.spanId === currentSpan()?.spanId)
  })
  const address = await app.listen({ port: 0 })
  expect(await (await fetch(`${address}/old`)).text()).toBe('true')
  const all = await spans()
  expect(all.map(({ name }) => name)).toEqual(['GET /old'])
  const line = lines.find((each) => each.includes('in the new one')) ?? '{}'
  expect(JSON.parse(line)).toMatchObject({ trace_id: String(all[0]?.traceId), span_id: String(all[0]?.spanId) })
  expect(warnings).toEqual([])
})

test('a 4xx that an Express error handler answers is no failure, and a 5xx is one', async () => {
  const { tracer, spans } = traced()
  const app = express()
  app.use(traceExpress({ tracer }))
  app.get('/:status', (req) => {
    throw Object.assign(new RangeError('no'), { status: Number(req.params.status) })
  })
  app.use((error: { status: number }, _req: express.Request, res: express.Response, _next: express.NextFunction) => {
    res.status(error.status).send('sorry')
  })
  const port = await listen(app)
  for (const status of [404, 503]) expect((await fetch(`http://127.0.0.1:${port}/${status}`)).status).toBe(status)
  expect((await spans()).map((span) => [span.data['http.response.status_code'], isFailed(span)])).toEqual([
    [404, false],
    [503, true],
  ])
})
