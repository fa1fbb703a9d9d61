import { spawnSync } from 'node:child_process'
import { Readable } from 'node:stream'
import { afterEach, expect, jest, test } from '@jest/globals'
import { createTracer, currentSpan, memoryRecorder, type Span, span } from '@trace/core'
import fastify, { type FastifyInstance } from 'fastify'
import { traceFastify } from '../src/fastify.js'
import { send } from './support/raw-client.js'

let app: FastifyInstance

const recorder = memoryRecorder()
const tracer = createTracer({ recorder })

afterEach(async () => {
  await recorded()
  recorder.clear()
  await app.close()
})

async function listen(): Promise<number> {
  await app.listen({ port: 0, host: '127.0.0.1' })
  const address = app.server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function recorded(): Promise<readonly Span[]> {
  for (let turn = 0; tracer.stats().open > 0 && turn < 2_000; turn++) await new Promise((r) => setTimeout(r, 5))
  await tracer.flush()
  return recorder.spans
}

test('the span is named by its route, and is on the request', async () => {
  app = fastify()
  app.register(traceFastify, { tracer })
  app.register(
    async (users) => {
      users.get('/users/:id', async (request) => {
        if (request.span !== undefined) request.span.data['user'] = '42'
        return { isCurrent: request.span !== undefined && request.span === currentSpan() }
      })
    },
    { prefix: '/api' },
  )
  const reply = await send(await listen(), '/api/users/42?secret=1')
  const [found] = await recorded()
  expect(reply.body).toContain('{"isCurrent":true}')
  expect(found).toMatchObject({ name: 'GET /api/users/:id', data: { 'url.path': '/api/users/42', user: '42' } })
})

test('hooks, body parsers and what they await are in the context', async () => {
  app = fastify()
  app.register(traceFastify, { tracer })
  const ids: unknown[] = []
  const note = async (): Promise<void> => void ids.push(currentSpan()?.spanId)
  app.addHook('onRequest', note)
  app.addHook('preHandler', note)
  app.addHook('onSend', note)
  app.addHook('onResponse', note)
  app.post('/body', async (request) => {
    await note()
    await span('work', 'inner', note)
    return request.body
  })
  const reply = await fetch(`http://127.0.0.1:${await listen()}/body`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"a":1}',
  })
  const spans = await recorded()
  const request = spans.find((each) => each.kind === 'request')
  const inner = spans.find((each) => each.kind === 'work')
  expect(await reply.json()).toEqual({ a: 1 })
  expect(inner?.parentId).toBe(request?.spanId)
  expect(ids).toEqual([...Array(3).fill(request?.spanId), inner?.spanId, request?.spanId, request?.spanId])
})

test('a request without a route, an error, and a broken stream', async () => {
  app = fastify()
  app.register(traceFastify, { tracer })
  app.get('/teapot', () => {
    throw Object.assign(new Error('short and stout'), { statusCode: 418 })
  })
  app.get('/mended', { errorHandler: (_error, _request, reply) => reply.send('fine') }, () => {
    throw new Error('mended')
  })
  app.get('/stream', () => new Readable({ read: fail }))
  function fail(this: Readable): void {
    this.destroy(new RangeError('no more'))
  }
  const port = await listen()
  const replies = []
  for (const path of ['/none/42', '/teapot', '/mended', '/stream']) replies.push(await send(port, path))
  const spans = await recorded()
  expect(replies.map(({ status }) => status)).toEqual([404, 418, 200, 500])
  expect(replies.map(({ headers }) => headers['x-request-id'])).toEqual(spans.map(({ traceId }) => String(traceId)))
  expect(spans.map(({ data }) => data['error.type'])).toEqual([undefined, undefined, undefined, 'RangeError'])
  expect(spans[0]?.name).toBe('GET')
})

test('undefined thrown, and a hook that throws, are one failed span each', async () => {
  app = fastify()
  app.register(traceFastify, { tracer })
  app.addHook('preHandler', async (request) => {
    if (request.url === '/hook') throw new RangeError('hooked')
  })
  app.get('/hook', async () => '#')
  app.get('/undefined', () => {
    throw undefined
  })
  const port = await listen()
  const replies = [await send(port, '/hook'), await send(port, '/undefined')]
  const spans = await recorded()
  expect(replies.map(({ status }) => status)).toEqual([500, 500])
  expect(replies.map(({ headers }) => headers['x-request-id'])).toEqual(spans.map(({ traceId }) => String(traceId)))
  expect(spans.map(({ data }) => 'error.type' in data)).toEqual([true, true])
  expect(spans[0]?.data['error.type']).toBe('RangeError')
})

test('a reply that passes Fastify by carries the header all the same, unless the program gives one itself', async () => {
  app = fastify()
  app.register(traceFastify, { tracer })
  app.get('/hijacked', (_request, reply) => {
    reply.hijack()
    reply.raw.writeHead(200, 'Fine', { a: 'b' })
    reply.raw.end('#')
  })
  app.get('/none', async (_request, reply) => {
    reply.header('x-request-id', [])
    return '#'
  })
  app.get('/changed', async (_request, reply) => {
    reply.header('x-request-id', 'mine')
    return Readable.from(['#'])
  })
  const port = await listen()
  const hijacked = await send(port, '/hijacked')
  expect(hijacked.headers).toMatchObject({ a: 'b', 'x-request-id': expect.stringMatching(/^\d+$/) })
  expect((await send(port, '/none')).headers).not.toHaveProperty('x-request-id')
  expect((await send(port, '/changed')).headers['x-request-id']).toBe('mine')
})

test('registered twice, above and below, it makes one span a request, and says so', async () => {
  const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
  app = fastify()
  app.register(traceFastify, { tracer })
  app.register(traceFastify, { tracer })
  app.register(async (child) => {
    child.register(traceFastify, { tracer })
    child.get('/child', async () => '#')
  })
  await send(await listen(), '/child')
  expect(await recorded()).toHaveLength(1)
  expect(warn.mock.calls).toHaveLength(1)
  expect(warn.mock.calls[0]?.[0]).toContain('traceFastify is registered twice')
  warn.mockRestore()
})

// In a process of its own, because jest cannot load the package by which Fastify injects requests.
test('injected requests end, completed', () => {
  const program = `
    import { createTracer, memoryRecorder } from '@trace/core'
    import { traceFastify } from '@trace/http/fastify'
    import fastify from 'fastify'
    const recorder = memoryRecorder()
    const tracer = createTracer({ recorder })
    const app = fastify()
    app.register(traceFastify, { tracer })
    app.get('/', async () => 'hello')
    const reply = await app.inject('/')
    await tracer.close()
    const [{ traceId, data }] = recorder.spans
    console.log(JSON.stringify({ isSent: reply.headers['x-request-id'] === String(traceId), data }))
  `
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
  expect(run.stderr).toBe('')
  const data = { 'http.request.method': 'GET', 'http.route': '/', 'url.path': '/', 'http.response.status_code': 200 }
  expect(JSON.parse(run.stdout)).toMatchObject({ isSent: true, data })
})
