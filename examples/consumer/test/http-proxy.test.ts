import { createServer, type RequestListener, type Server } from 'node:http'
import { expect, test } from '@jest/globals'
import { createTracer, type MemoryRecorder, memoryRecorder, type Tracer } from '@trace/core'
import { traceClients } from '@trace/http/client'
import { traceNode } from '@trace/http/node'
import httpProxy from 'http-proxy'

/** A service with a tracer and a store of its own, as a process has. */
interface Service {
  readonly tracer: Tracer
  readonly recorder: MemoryRecorder
  readonly server: Server
  readonly url: string
}

async function serve(service: string, handler: RequestListener, honorReqHeader: boolean): Promise<Service> {
  const recorder = memoryRecorder()
  const tracer = createTracer({ service, recorder })
  const options = { tracer, honorReqHeader, name: () => service }
  const server = createServer(traceNode(handler, options))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return { tracer, recorder, server, url: `http://127.0.0.1:${address.port}` }
}

async function stop({ server, tracer }: Service): Promise<void> {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await tracer.close()
}

test('a traced proxy and the service behind it make one trace, each span below what caused it', async () => {
  const behind = await serve('behind', (req, res) => req.pipe(res.writeHead(201, { 'X-From': 'behind' })), true)
  const proxy = httpProxy.createProxyServer({ target: behind.url })
  const front = await serve('proxy', (req, res) => proxy.web(req, res), false)
  const off = traceClients(front.tracer)
  // What the caller says of the host must not name spans: the proxy hands it on.
  const headers = { 'X-Request-Id': '42:43', 'Content-Type': 'text/plain' }
  const answer = await fetch(`${front.url}/things/7`, { method: 'POST', body: 'a thing', headers })
  const [body, from, id] = [await answer.text(), answer.headers.get('X-From'), answer.headers.get('X-Request-Id')]
  off()
  await stop(front)
  await stop(behind)

  expect([answer.status, body, from]).toEqual([201, 'a thing', 'behind'])
  const spans = [...front.recorder.spans, ...behind.recorder.spans]
  const chain = []
  for (let parent = 0n; ; ) {
    const span = spans.find(({ parentId }) => parentId === parent)
    if (span === undefined) break
    chain.push(`${span.process.split(':')[0]} ${span.kind} ${span.name}`)
    parent = span.spanId
  }
  const target = new URL(behind.url).host
  expect(chain).toEqual(['proxy request proxy', `proxy client POST ${target}`, 'behind request behind'])
  expect(spans).toHaveLength(3)
  expect(new Set(spans.map(({ traceId }) => `${traceId}`))).toEqual(new Set([id]))
  expect(spans[0]?.traceId).not.toBe(42n)
})

test('a target that cannot be reached is a failed span, and the proxy answers as it would without tracing', async () => {
  const proxy = httpProxy.createProxyServer({ target: 'http://127.0.0.1:1' })
  proxy.on('error', (error, _req, res) => {
    if ('writeHead' in res) res.writeHead(502).end(error.message)
  })
  const front = await serve('proxy', (req, res) => proxy.web(req, res), false)
  const off = traceClients(front.tracer)
  const answer = await fetch(front.url)
  const text = await answer.text()
  off()
  await stop(front)
  expect([answer.status, text]).toEqual([502, expect.stringContaining('ECONNREFUSED')])
  const errors = front.recorder.spans.map(({ kind, data }) => [kind, data['error.type']])
  expect(errors.sort()).toEqual([
    ['client', 'Error'],
    ['request', '502'],
  ])
})
