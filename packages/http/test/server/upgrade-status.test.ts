import { createServer, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { expect, test } from '@jest/globals'
import { createTracer, memoryRecorder } from '@trace/core'
import fastify from 'fastify'
import { traceFastify } from '../../src/fastify.js'
import { traceUpgrade } from '../../src/node.js'
import { open, readAll, requestText } from '../support/raw-client.js'

test('an upgrade that Fastify refuses in its own way is one span of that status', async () => {
  const recorder = memoryRecorder()
  const tracer = createTracer({ recorder })
  const app = fastify()
  app.register(traceFastify, { tracer })
  app.get('/refused', async (_request, reply) => reply.code(403).send('no'))
  // @fastify/websocket does this: it turns an upgrade into a request of the app.
  app.server.on('upgrade', (req, socket: Socket) => {
    const res = new ServerResponse(req)
    res.assignSocket(socket)
    res.on('finish', () => setTimeout(() => socket.destroy(), 20))
    app.routing(req, res)
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const socket = await open((app.server.address() as AddressInfo).port)
  socket.write(requestText('/refused', ['Connection: Upgrade', 'Upgrade: websocket']))
  expect(await readAll(socket)).toMatch(/^HTTP\/1.1 403 /)
  await app.close()
  await tracer.close()
  expect(recorder.spans).toMatchObject([{ name: 'GET /refused', data: { 'http.response.status_code': 403 } }])
  expect(recorder.spans[0]?.data).not.toHaveProperty(['http.end_reason'])
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
