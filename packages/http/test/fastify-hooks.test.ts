import fastifyExpress from '@fastify/express'
import { expect, test } from '@jest/globals'
import { currentSpan, isFailed } from '@trace/core'
import fastify from 'fastify'
import { traceFastify } from '../src/fastify.js'
import { closing, traced, warnings } from './support/traced-apps.js'

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
  const timedOut = new Promise<void>((resolve) => {
    app.addHook('onTimeout', async (request) => {
      look('onTimeout', request.span?.spanId)
      resolve()
    })
  })
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
  await timedOut
  expect([...seen].sort()).toEqual(
    expect.arrayContaining(['error', 'notFound', 'onResponse', 'onSend', 'onTimeout', 'preHandler']),
  )
  await spans()
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
