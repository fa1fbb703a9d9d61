import http, { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from '@jest/globals'
import { createTracer, memoryRecorder } from '@trace/core'
import { traceClients } from '../../src/client.js'
import { traceNode } from '../../src/node.js'

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

test('a service that is not traced, and only passes on headers that it does not know, keeps the tree', async () => {
  const recorder = memoryRecorder()
  const [front, back] = ['front', 'back'].map((service) => createTracer({ recorder, service }))
  if (front === undefined || back === undefined) throw new Error('no tracer')
  const last = createServer(traceNode((_req, res) => res.end('fine'), { tracer: back, honorReqHeader: true }))
  const lastPort = await listen(last)
  // It knows nothing of traces, and forwards what it gets unchanged.
  const proxy = createServer((req, res) => {
    const { method, url, rawHeaders: headers } = req
    http.request({ port: lastPort, method, path: url, headers }, (answer) => answer.pipe(res)).end()
  })
  const proxyPort = await listen(proxy)
  const off = traceClients(front)
  await front.trace('task', 'ask', async () => (await fetch(`http://127.0.0.1:${proxyPort}/stock/42`)).text())
  off()
  for (const server of [proxy, last]) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  await front.close()
  await back.close()
  const byKind = new Map(recorder.spans.map((span) => [span.kind, span]))
  expect([...byKind.keys()].sort()).toEqual(['client', 'request', 'task'])
  expect(byKind.get('client')?.parentId).toBe(byKind.get('task')?.spanId)
  expect(byKind.get('request')?.parentId).toBe(byKind.get('client')?.spanId)
  expect(new Set(recorder.spans.map(({ traceId }) => traceId)).size).toBe(1)
})
