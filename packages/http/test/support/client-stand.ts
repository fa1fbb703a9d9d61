import { createHash } from 'node:crypto'
import { once } from 'node:events'
import http, { type ClientRequest, type IncomingMessage, type RequestOptions, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from '@jest/globals'
import { createTracer, memoryRecorder, type Span } from '@trace/core'
import type { ClientOptions } from '../../src/client/requests.js'
import { traceClients } from '../../src/client.js'

export const recorder = memoryRecorder()
export const tracer = createTracer({ service: 'test', recorder, buffer: 100_000, bufferBytes: 100_000_000 })
export const received: IncomingMessage[] = []
export let base = ''
/** Functions that stop what a test has started. They are called after every test. */
export let off: () => void = () => {}

const server = http.createServer((req, res) => {
  received.push(req)
  if (req.url === '/redirect') res.writeHead(302, { Location: '/a' }).end()
  else if (req.url === '/reset') req.socket.destroy()
  else if (req.url === '/busy' && received.length < 3) res.writeHead(503).end('no')
  else if (req.url === '/half' || req.url === '/cut') sendHalf(res, req.url === '/cut')
  else if (req.url !== '/never') setTimeout(() => res.end('ok'), 0)
})
server.on('upgrade', (req, socket) => {
  received.push(req)
  if (req.url === '/reset') return socket.destroy()
  const key = req.headers['sec-websocket-key']
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  const protocol = key === undefined ? 'x' : `websocket\r\nSec-WebSocket-Accept: ${accept}`
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`)
  // A WebSocket sends a frame before it closes.
  if (key === undefined) socket.end()
  else socket.on('error', () => {}).on('data', () => socket.end())
})

function sendHalf(res: ServerResponse, cut: boolean): void {
  res.writeHead(200, { 'Content-Length': '100' }).write('half')
  if (cut) setTimeout(() => res.destroy(), 5)
}

beforeAll(async () => {
  server.listen(0)
  await once(server, 'listening')
  base = `http://localhost:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.close()
  server.closeAllConnections()
})
beforeEach(() => {
  received.length = 0
  recorder.clear()
})
afterEach(() => off())

export function on(options: ClientOptions = {}): void {
  off = traceClients(tracer, options)
}

/** The spans that were recorded while a function ran in a span, without that span itself. */
export async function clientSpans(fn: () => Promise<unknown>): Promise<readonly Span[]> {
  const above = await tracer.trace('work', 'above', async (s) => {
    await fn()
    return s
  })
  for (let turn = 0; tracer.stats().open > 0 && turn < 2_000; turn++)
    await new Promise((resolve) => setTimeout(resolve, 10))
  await tracer.flush()
  const spans = recorder.spans.filter((s) => s.spanId !== above.spanId)
  for (const s of spans) expect([s.traceId, s.parentId]).toEqual([above.traceId, above.spanId])
  return spans
}

/** Makes a request by node:http, and reads its response. @returns the event that ended it */
export function send(path: string, options: RequestOptions = {}): Promise<unknown> {
  return new Promise((resolve) => {
    const request = http.request(base + path, options, (response) => {
      response.on('error', resolve)
      response.on('end', () => resolve(undefined))
      response.resume()
    })
    request.on('error', resolve)
    request.end()
  })
}

/** The ids that should have arrived in the id header. */
export function requestIds(spans: readonly Span[]): readonly string[] {
  return spans.map((span) => `${span.traceId}:${span.spanId}`)
}

/** The ids that have arrived in the id header. */
export function receivedIds(): readonly (string | string[] | undefined)[] {
  return received.map((request) => request.headers['x-request-id'])
}

/** Sends a request, and reads its response if there is one. */
export async function ended(make: () => ClientRequest): Promise<void> {
  const request = make().end()
  await new Promise<void>((resolve) => {
    request.on('response', (response) => response.resume().on('error', () => {}))
    request.on('error', () => resolve()).on('close', () => resolve())
  })
}

/** The port of the server that answers. */
export function port(): number {
  return Number(new URL(base).port)
}

/** For each span, where its request went. */
export function whereOf(spans: readonly Span[]): readonly unknown[] {
  return spans.map(({ name, data }) => [name, data['server.address'], data['server.port'], data['url.path']])
}
