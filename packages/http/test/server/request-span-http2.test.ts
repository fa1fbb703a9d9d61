import { type ClientHttp2Session, connect, constants, createServer, type Http2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from '@jest/globals'
import { createTracer, currentSpan, type MemoryRecorder, memoryRecorder, type Span, type Tracer } from '@trace/core'
import fastify from 'fastify'
import { traceFastify } from '../../src/fastify.js'
import { type Http2RequestHandler, traceNode } from '../../src/node.js'
import { w3c } from '../../src/propagation/w3c.js'
import type { ServerOptions } from '../../src/server/options.js'

type Options = Omit<ServerOptions, 'tracer'>
type Start = (tracer: Tracer, handler: Http2RequestHandler, options: Options) => Promise<Http2Server>

const servers: Readonly<Record<string, Start>> = {
  node: async (tracer, handler, options) => {
    const server = createServer(traceNode(handler, { tracer, ...options }))
    await new Promise<void>((resolve) => server.listen(0, () => resolve()))
    return server
  },
  fastify: async (tracer, handler, options) => {
    const app = fastify({ http2: true })
    app.register(traceFastify, { tracer, ...options })
    app.all('/*', (request, reply) => {
      reply.hijack()
      handler(request.raw, reply.raw)
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    return app.server
  },
}

describe.each(Object.entries(servers))('HTTP/2 on %s', (name, start) => {
  let recorder: MemoryRecorder
  let tracer: Tracer
  let server: Http2Server
  let session: ClientHttp2Session

  afterEach(async () => {
    session.destroy()
    await new Promise((resolve) => server.close(resolve))
    await tracer.close()
  })

  async function listen(handler: Http2RequestHandler, options: Options = {}): Promise<void> {
    recorder = memoryRecorder()
    tracer = createTracer({ recorder, buffer: 10_000 })
    server = await start(tracer, handler, options)
    session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    session.on('error', () => {})
  }

  /** Waits until the server has begun so many requests; it has answered none. */
  async function untilOpen(count: number): Promise<void> {
    while (tracer.stats().open < count) await new Promise((resolve) => setTimeout(resolve, 5))
  }

  interface Reply {
    readonly headers: Readonly<Record<string, unknown>>
    readonly body: string
  }

  function send(headers: Record<string, string>, cancelAfter?: number): Promise<Reply> {
    return new Promise((resolve) => {
      const stream = session.request({ ':path': '/any', ...headers })
      let got: Record<string, unknown> = {}
      let body = ''
      stream.on('response', (received) => {
        got = { ...received }
      })
      // A client that leaves early does not read, so that the response cannot be sent completely.
      if (cancelAfter === undefined) {
        stream.setEncoding('utf8').on('data', (chunk) => {
          body += chunk
        })
      }
      stream.on('error', () => {})
      stream.on('close', () => resolve({ headers: got, body }))
      if (cancelAfter === undefined) return
      const cancel = (): void => void setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), cancelAfter)
      untilOpen(1).then(cancel, cancel)
    })
  }

  async function spans(): Promise<readonly Span[]> {
    for (let turn = 0; tracer.stats().open > 0 && turn < 2_000; turn++) await new Promise((r) => setTimeout(r, 5))
    await tracer.flush()
    expect(tracer.stats().open).toBe(0)
    return recorder.spans
  }

  test("an answer by Node's own means for HTTP/2", async () => {
    await listen((_req, res) => {
      res.stream.respond({ ':status': 418 })
      res.stream.end()
    })
    const reply = await send({})
    const [span] = await spans()
    expect(reply.headers[':status']).toBe(418)
    expect(span?.data).toMatchObject({ 'url.path': '/any', 'http.response.status_code': 418 })
    expect(span?.data).not.toHaveProperty(['http.end_reason'])
  })

  test('a method that nobody knows', async () => {
    await listen((_req, res) => void res.end('x'))
    await send({ ':method': 'FOOBAR' })
    const found = await spans()
    if (name === 'node')
      expect(found[0]).toMatchObject({ name: '_OTHER /any', data: { 'http.request.method': '_OTHER' } })
  })

  test('the client goes before all of the body could be sent', async () => {
    await listen((_req, res) => void res.end(Buffer.alloc(1e7)))
    await send({}, 50)
    const [span] = await spans()
    expect(span?.data).toMatchObject({ 'http.end_reason': 'aborted' })
    expect(span?.data).not.toHaveProperty(['error.type'])
  })

  test('a thousand streams of one connection keep their contexts and ids apart', async () => {
    await listen(
      async (req, res) => {
        await new Promise((resolve) => setTimeout(resolve, 1))
        const { traceparent } = req.headers
        res.on('finish', () => tracer.span('event', String(req.headers['x-n']), () => {}))
        res.end(
          `${currentSpan()?.spanId} ${traceparent} ${req.rawHeaders.filter((name) => name === 'traceparent').length}`,
        )
      },
      { propagators: [w3c()], honorReqHeader: true },
    )
    const parent = '00-0000000000000000000000000000002a-000000000000002b-01'
    const replies = await Promise.all(
      Array.from({ length: 1_000 }, (_, at) => send({ 'x-n': `${at}`, traceparent: parent, tracestate: 'a=1' })),
    )
    const found = await spans()
    const requests = new Map(found.filter(({ kind }) => kind === 'request').map((span) => [String(span.spanId), span]))
    expect(requests.size).toBe(1_000)
    // A matcher for each would take longer than the streams.
    const isRight = ({ body }: Reply): boolean => {
      const [id = '', traceparent, count] = body.split(' ')
      const { traceId, parentId } = requests.get(id) ?? {}
      const isNamed = traceparent?.includes(BigInt(id).toString(16)) === true
      return traceId === 42n && parentId === 43n && isNamed && count === '1'
    }
    expect(replies.filter((reply) => !isRight(reply))).toEqual([])
    const events = found.filter(({ kind }) => kind === 'event')
    expect(events.filter(({ parentId }) => !requests.has(String(parentId)))).toEqual([])
  })
})
