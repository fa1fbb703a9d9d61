import { createServer, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { afterEach, describe, expect, test } from '@jest/globals'
import { createTracer, currentSpan, type MemoryRecorder, memoryRecorder, type Span, type Tracer } from '@trace/core'
import fastify from 'fastify'
import { traceFastify } from '../src/fastify.js'
import { traceNode, traceUpgrade } from '../src/node.js'
import { open, readAll, requestText } from './raw-client.js'

type Handler = (socket: Duplex) => void
interface Upgrading {
  readonly port: number
  close(): Promise<unknown>
}

const ACCEPT = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'

const servers: Readonly<Record<string, (tracer: Tracer, handler: Handler) => Promise<Upgrading>>> = {
  node: async (tracer, handler) => {
    const server = createServer(traceNode((_req, res) => res.end('#'), { tracer }))
    server.on(
      'upgrade',
      traceUpgrade((_req, socket) => handler(socket), { tracer }),
    )
    await new Promise<void>((resolve) => server.listen(0, resolve))
    return { port: (server.address() as AddressInfo).port, close: () => new Promise((done) => server.close(done)) }
  },
  // As @fastify/websocket does: an upgrade becomes a request of the app, whose handler hijacks the reply.
  fastify: async (tracer, handler) => {
    const app = fastify()
    app.register(traceFastify, { tracer })
    app.get('/socket', (request, reply) => {
      reply.hijack()
      handler(request.raw.socket)
    })
    app.get('/refused', async (_request, reply) => reply.code(403).send('no'))
    app.server.on('upgrade', (req, socket: Socket) => {
      const res = new ServerResponse(req)
      res.assignSocket(socket)
      res.on('finish', () => setTimeout(() => socket.destroy(), 20))
      app.routing(req, res)
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    return { port: (app.server.address() as AddressInfo).port, close: () => app.close() }
  },
}

describe.each(Object.entries(servers))('an upgrade on %s', (name, start) => {
  let recorder: MemoryRecorder
  let tracer: Tracer
  let server: Upgrading

  afterEach(async () => {
    await server.close()
    await tracer.close()
  })

  async function upgrade(handler: Handler, path = '/socket'): Promise<{ text: string; span: Span | undefined }> {
    recorder = memoryRecorder()
    tracer = createTracer({ recorder })
    server = await start(tracer, handler)
    const socket = await open(server.port)
    socket.write(requestText(path, ['Connection: Upgrade', 'Upgrade: websocket', 'X-Request-Id: 42:43']))
    setTimeout(() => socket.destroy(), 200)
    const text = await readAll(socket)
    for (let turn = 0; tracer.stats().open > 0 && turn < 2_000; turn++) await new Promise((r) => setTimeout(r, 5))
    await tracer.flush()
    expect(tracer.stats()).toMatchObject({ open: 0, started: 1, recorded: 1 })
    return { text, span: recorder.spans[0] }
  }

  test.each([
    ['text', ACCEPT],
    ['bytes', Buffer.from(ACCEPT)],
  ])('accepted by %s: one span, as long as the connection', async (_, accept) => {
    let inside: bigint | undefined
    const { text, span } = await upgrade((socket) => {
      inside = currentSpan()?.spanId
      socket.write(accept)
      setTimeout(() => socket.end('bye'), 30)
    })
    expect(text).toBe(`${ACCEPT}bye`)
    expect(inside).toBe(span?.spanId)
    expect(span).toMatchObject({ name: 'GET /socket', parentId: 0n })
    expect(span?.data).toMatchObject({
      'http.end_reason': 'upgraded',
      'http.response.status_code': 101,
      'untrusted.parent': '42:43',
    })
    const duration = Number((span?.finish ?? 0n) - (span?.start ?? 0n)) / 1e6
    expect(duration).toBeGreaterThan(25)
    expect(span?.data['http.time_to_first_byte']).toBeLessThan(duration - 20)
  })

  test('refused', async () => {
    const { span } = await upgrade((socket) => socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n'))
    expect(span?.data).toMatchObject({ 'http.response.status_code': 401 })
    expect(span?.data).not.toHaveProperty(['http.end_reason'])
  })

  test('dropped without a word', async () => {
    const { span } = await upgrade((socket) => void socket.destroy())
    expect(span?.data).toMatchObject({ 'http.end_reason': 'aborted' })
    expect(span?.data).not.toHaveProperty(['http.response.status_code'])
  })

  if (name === 'fastify') {
    test("refused in the framework's own way", async () => {
      const { span } = await upgrade((socket) => socket.end(), '/refused')
      expect(span?.data).toMatchObject({ 'http.response.status_code': 403 })
    })
  }
})

test('a handler of upgrades that throws or rejects', async () => {
  const recorder = memoryRecorder()
  const tracer = createTracer({ recorder })
  const server = createServer()
  const caught: unknown[] = []
  const failing = traceUpgrade(
    async (_req, socket) => {
      socket.destroy()
      throw undefined
    },
    { tracer },
  )
  server.on('upgrade', (req, socket, head) => void failing(req, socket, head).catch((error) => caught.push(error)))
  await new Promise<void>((resolve) => server.listen(0, resolve))
  const socket = await open((server.address() as AddressInfo).port)
  socket.write(requestText('/', ['Connection: Upgrade', 'Upgrade: x']))
  await readAll(socket)
  await new Promise((resolve) => server.close(resolve))
  await new Promise((resolve) => setTimeout(resolve, 20))
  await tracer.close()
  expect(caught).toEqual([undefined])
  expect(recorder.spans[0]?.data).toMatchObject({ 'error.type': 'undefined', 'http.end_reason': 'error' })
})
