import { createServer, OutgoingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createTracer, isFailed, memoryRecorder } from '@trace/core'
import express from 'express'
import { traceExpress } from '../../src/express.js'
import { traceNode } from '../../src/node.js'
import { send } from '../support/raw-client.js'

const { writeHead } = ServerResponse.prototype

// As on Bun, whose responses have a `_storeHeader` that is never called.
beforeAll(() => {
  const value: unknown = Reflect.get(OutgoingMessage.prototype, '_storeHeader')
  ServerResponse.prototype.writeHead = function (this: ServerResponse, ...args: unknown[]) {
    Object.defineProperty(this, '_storeHeader', { value, configurable: true, writable: true })
    return Reflect.apply(writeHead, this, args)
  }
})

afterAll(() => {
  ServerResponse.prototype.writeHead = writeHead
})

const app = express().set('env', 'test')

test.each([
  [
    'a plain handler',
    (tracer: ReturnType<typeof createTracer>) => traceNode((_req, res) => answer(res), { tracer, ...recorded }),
  ],
  [
    'Express',
    (tracer: ReturnType<typeof createTracer>) =>
      app.use(traceExpress({ tracer, ...recorded })).use((_req, res) => answer(res)),
  ],
])('where heads are made in another way, %s has its header and its status all the same', async (_, listenerOf) => {
  const recorder = memoryRecorder()
  const tracer = createTracer({ recorder })
  const server = createServer(listenerOf(tracer))
  await new Promise<void>((resolve) => server.listen(0, resolve))
  const { status, headers } = await send((server.address() as AddressInfo).port, '/any')
  await new Promise((resolve) => server.close(resolve))
  await tracer.close()
  const [span] = recorder.spans
  expect([status, headers['x-request-id']]).toEqual([503, String(span?.traceId)])
  expect(span?.data).toMatchObject({ 'http.response.status_code': 503, 'http.response.header.x-other': 'a' })
  expect(span !== undefined && isFailed(span)).toBe(true)
})

const recorded = { responseHeaders: ['X-Other'] }

function answer(res: ServerResponse): void {
  res.statusCode = 503
  res.setHeader('X-Other', 'a')
  res.end('#')
}
