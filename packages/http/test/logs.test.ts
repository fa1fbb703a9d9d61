import { Writable } from 'node:stream'
import { afterEach, expect, test } from '@jest/globals'
import { createTracer, memoryRecorder, type Span } from '@trace/core'
import fastify, { type FastifyInstance } from 'fastify'
import { traceFastify } from '../src/fastify.js'
import { logIds } from '../src/logs.js'
import { send } from './support/raw-client.js'

const recorder = memoryRecorder()
const tracer = createTracer({ recorder })
let app: FastifyInstance

afterEach(async () => {
  recorder.clear()
  await app?.close()
})

async function spans(): Promise<readonly Span[]> {
  await tracer.flush()
  return recorder.spans
}

test('the ids of the current span, in decimal; none outside a trace', async () => {
  const [outer, inner] = tracer.trace('task', 'a', () => [logIds(), tracer.span('work', 'b', logIds)] as const)
  const [b, a] = await spans()
  expect(outer).toEqual({ trace_id: String(a?.traceId), span_id: String(a?.spanId) })
  expect(inner).toEqual({ trace_id: String(a?.traceId), span_id: String(b?.spanId) })
  expect(logIds()).toEqual({})
  expect(logIds()).not.toBe(logIds())
})

test("every line of Fastify's after its first has the request's ids", async () => {
  const lines: Record<string, unknown>[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)))
      done()
    },
  })
  app = fastify({ logger: { stream } })
  app.register(traceFastify, { tracer, ignore: (req) => req.url === '/health' })
  app.addHook('preHandler', async (request) => request.log.info('in a hook'))
  app.get('/:id', async (request, reply) => {
    request.log.info({ mine: 1 }, 'in the handler')
    reply.log.info('on the reply')
    return '#'
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const address = app.server.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  lines.length = 0
  await send(port, '/42', ['X-Request-Id: evil-bytes'])
  await new Promise((resolve) => setTimeout(resolve, 20))
  const [span] = await spans()
  const ids = { trace_id: String(span?.traceId), span_id: String(span?.spanId) }
  expect(lines.map(({ msg, trace_id, span_id }) => [msg, { trace_id, span_id }])).toEqual([
    ['incoming request', {}],
    ['in a hook', ids],
    ['in the handler', ids],
    ['on the reply', ids],
    ['request completed', ids],
  ])
  expect(lines[2]).toMatchObject({ mine: 1, reqId: lines[0]?.['reqId'] })
  expect(JSON.stringify(lines)).not.toContain('evil')
  lines.length = 0
  await send(port, '/health')
  expect(lines.filter((line) => 'trace_id' in line)).toEqual([])
})
