import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, jest, test } from '@jest/globals'
import { createTracer, currentSpan, memoryRecorder, type Span, type Tracer } from '@trace/core'
import express from 'express'
import { traceExpress } from '../src/express.js'
import { traceNode } from '../src/node.js'
import { ask, open, requestText, send } from './support/raw-client.js'

let server: Server

const recorder = memoryRecorder()
const tracer = createTracer({ recorder })

afterEach(async () => {
  recorder.clear()
  await new Promise((resolve) => server.close(resolve))
})

async function get(listener: Parameters<typeof createServer>[1], path: string) {
  return send((await listen(listener)).port, path)
}

async function listen(listener: Parameters<typeof createServer>[1]): Promise<AddressInfo> {
  server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, resolve))
  return server.address() as AddressInfo
}

async function recorded(): Promise<readonly Span[]> {
  for (let turn = 0; tracer.stats().open > 0 && turn < 2_000; turn++) await new Promise((r) => setTimeout(r, 5))
  await tracer.flush()
  return recorder.spans
}

test('on a router mounted below a path the whole path counts', async () => {
  const app = express()
  const router = express.Router()
  router.use(traceExpress({ tracer }))
  router.get('/users/:id', (_req, res) => void res.send('#'))
  app.use('/api', router)
  await get(app, '/api/users/42?x=1')
  expect(await recorded()).toMatchObject([{ name: 'GET */users/:id', data: { 'url.path': '/api/users/42' } }])
})

test('registered twice, and below a traced server, it makes one span a request, and says so once', async () => {
  const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const app = express()
  app.use(traceExpress({ tracer }), traceExpress({ tracer }))
  app.get('/', (_req, res) => void res.send('#'))
  const { port } = await listen(traceNode(app, { tracer }))
  await send(port, '/')
  await send(port, '/')
  expect(await recorded()).toHaveLength(2)
  const message = 'trace: traceExpress: traceNode traces these requests already; requests keep one span each. '
  expect(warn.mock.calls).toEqual([[`${message}Remove the later traceExpress`, 'TraceWarning']])
  warn.mockRestore()
})

test('body parsers and error handlers are in the context; an error answered 4xx is no failure', async () => {
  const app = express()
  const seen: unknown[] = []
  app.use(traceExpress({ tracer }), express.json())
  app.get('/', async () => {
    throw new Error('mine')
  })
  const answer: express.ErrorRequestHandler = (_error, _req, res, _next) => {
    seen.push(currentSpan()?.spanId)
    res.status(422).end()
  }
  app.use(answer)
  await get(app, '/')
  const [found] = await recorded()
  expect(seen).toEqual([found?.spanId])
  expect(found?.data).toMatchObject({ 'http.response.status_code': 422 })
  expect(found?.data).not.toHaveProperty(['error.type'])
})

test('a request that is handed to another application ends, and has its names, every time', async () => {
  const app = express()
  const other = express()
  app.use(traceExpress({ tracer }))
  // The package vhost does this.
  app.use((req, res, next) => other(req, res, next))
  other.get('/users/:id', (_req, res) => {
    res.write('some')
    res.end('#')
  })
  const socket = await open((await listen(app)).port)
  for (const id of [1, 2]) {
    await ask(socket, requestText(`/users/${id}`))
    const spans = await recorded()
    expect([spans.length, spans.at(-1)?.name]).toEqual([id, 'GET /users/:id'])
    expect(spans.at(-1)?.data).not.toHaveProperty(['http.end_reason'])
    expect(spans.at(-1)?.data).toHaveProperty(['http.time_to_first_byte'])
  }
  socket.destroy()
})

test('registered behind what has answered, it ends as completed', async () => {
  const app = express()
  app.use((_req, res, next) => {
    res.once('close', () => setTimeout(next, 10))
    res.send('#')
  })
  app.use(traceExpress({ tracer }))
  const begun = new Promise<void>((resolve) => app.use(() => resolve()))
  await get(app, '/')
  await begun
  const [found] = await recorded()
  expect(found?.data).toMatchObject({ 'http.response.status_code': 200 })
  expect(found?.data).not.toHaveProperty(['http.end_reason'])
})

test('an error handler can tell which error it was', async () => {
  const app = express()
  app.use(traceExpress({ tracer }))
  app.get('/', () => {
    throw new RangeError('no such shelf')
  })
  const answer: express.ErrorRequestHandler = (error, _req, res, _next) => {
    currentSpan()?.fail(error)
    res.status(500).send('#')
  }
  app.use(answer)
  await get(app, '/')
  expect((await recorded())[0]?.data).toMatchObject({ 'error.type': 'RangeError', 'error.message': 'no such shelf' })
})

test('undefined that a handler throws goes on to the next one, as ever', async () => {
  const app = express()
  app.use(traceExpress({ tracer }))
  app.get('/', () => {
    throw undefined
  })
  const reply = await get(app, '/')
  expect(reply.headers['x-request-id']).toBe(String((await recorded())[0]?.traceId))
  expect(await recorded()).toMatchObject([{ data: { 'http.response.status_code': reply.status } }])
})

test('registered behind something slow, it ends with a connection that is gone already', async () => {
  const app = express()
  app.use((_req, res, next) => {
    res.destroy()
    setTimeout(next, 20)
  })
  app.use(traceExpress({ tracer }))
  app.use(() => {})
  await get(app, '/')
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(await recorded()).toMatchObject([{ data: { 'http.end_reason': 'error', 'error.type': 'ResponseCut' } }])
})

test('a tracer that throws breaks no request', async () => {
  const broken: Tracer = {
    ...tracer,
    start: () => {
      throw new Error('broken')
    },
  }
  const reply = await get(
    traceNode((_req, res) => res.end('#'), { tracer: broken }),
    '/',
  )
  expect(reply.status).toBe(200)
})
