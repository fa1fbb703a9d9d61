import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from '@jest/globals'
import { createTracer, memoryRecorder, type Span, span } from '@trace/core'
import express from 'express'
import fastify from 'fastify'
import { traceExpress, traceExpressErrors } from '../../src/express.js'
import { traceFastify } from '../../src/fastify.js'
import { traceNode } from '../../src/node.js'
import { send } from '../support/raw-client.js'

const recorder = memoryRecorder()
const tracer = createTracer({ recorder })

let close: () => Promise<unknown>

afterEach(async () => {
  await close()
  recorder.clear()
})

/** A handler that fails; at `/inner` it fails in a child span. */
async function handle(path: string): Promise<never> {
  await null
  if (path === '/inner') return span('db', 'load', fail)
  return fail()
}

async function fail(): Promise<never> {
  throw new RangeError('no such shelf', { cause: new TypeError('why') })
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  close = () => new Promise((resolve) => server.close(resolve))
  return (server.address() as AddressInfo).port
}

const STARTS: Record<string, () => Promise<number>> = {
  async Fastify() {
    const app = fastify()
    app.register(traceFastify, { tracer })
    app.get('/*', (request) => handle(request.url))
    await app.listen({ port: 0, host: '127.0.0.1' })
    close = () => app.close()
    return (app.server.address() as AddressInfo).port
  },
  Express() {
    const app = express()
    app.use(traceExpress({ tracer }))
    app.get('/{*any}', (request) => handle(request.url))
    app.use(traceExpressErrors())
    app.use(((_error, _req, res, _next) => void res.status(500).end()) satisfies express.ErrorRequestHandler)
    return listening(createServer(app))
  },
  'plain Node http'() {
    const listener = traceNode(async (req) => handle(String(req.url)), { tracer })
    return listening(
      createServer(async (req, res) => {
        await listener(req, res).catch(() => {})
        res.writeHead(500).end()
      }),
    )
  },
}

async function spansOf(port: number, path: string): Promise<readonly Span[]> {
  await send(port, path)
  for (let turn = 0; tracer.stats().open > 0 && turn < 2_000; turn++) await new Promise((r) => setTimeout(r, 5))
  await tracer.flush()
  return recorder.spans
}

describe.each(Object.entries(STARTS))('on %s', (_framework, start) => {
  const failure = { 'error.type': 'RangeError', 'error.message': 'no such shelf' }
  const stacks = {
    'error.stack': expect.stringMatching(/^RangeError: no such shelf\n {4}at fail .*request-span\.test/),
    'error.cause': [{ type: 'TypeError', message: 'why', stack: expect.stringMatching(/\n {4}at fail /) }],
  }

  test('a request has the stack and the cause of the error that its handler throws', async () => {
    const [request] = await spansOf(await start(), '/')
    expect(request?.data).toMatchObject({ ...failure, ...stacks, 'http.response.status_code': 500 })
  })

  test('the stack stands on the innermost span alone', async () => {
    const [inner, request] = await spansOf(await start(), '/inner')
    expect(inner?.data).toEqual({ ...failure, ...stacks })
    expect(request?.data).toMatchObject({ ...failure, 'error.cause': [{ type: 'TypeError', message: 'why' }] })
    expect(request?.data).not.toHaveProperty(['error.stack'])
  })
})

test('of an error that Express answers by a 4xx nothing is recorded, and it goes on to the next handler', async () => {
  const app = express()
  app.use(traceExpress({ tracer }))
  app.get('/', () => {
    throw Object.assign(new Error('mine'), { status: 418 })
  })
  app.use(traceExpressErrors())
  const caught: unknown[] = []
  const answer: express.ErrorRequestHandler = (error, _req, res, _next) => {
    caught.push(error.message)
    res.status(error.status).end()
  }
  app.use(answer)
  const [request] = await spansOf(await listening(createServer(app)), '/')
  expect(caught).toEqual(['mine'])
  expect(request?.data).toMatchObject({ 'http.response.status_code': 418 })
  expect(request?.data).not.toHaveProperty(['error.type'])
})

test('an application of Express that is not traced may have the error handler, too', async () => {
  const app = express()
  app.get('/', () => {
    throw new Error('mine')
  })
  app.use(traceExpressErrors())
  app.use(((error, _req, res, _next) => void res.status(500).end(error.message)) satisfies express.ErrorRequestHandler)
  expect((await send(await listening(createServer(app)), '/')).body).toContain('mine')
})
