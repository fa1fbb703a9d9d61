// Three services that call each other, traced as the READMEs say, into the store that TRACE_RECORDER names; prints the trace.
import { createServer, get as httpGet } from 'node:http'
import { createTracer, span } from '@trace/core'
import { openReader, openRecorder } from '@trace/core/open'
import { logIds } from '@trace/http'
import { traceClients } from '@trace/http/client'
import { traceExpress } from '@trace/http/express'
import { traceFastify } from '@trace/http/fastify'
import { traceNode } from '@trace/http/node'
import express from 'express'
import fastify from 'fastify'

const url = process.env.TRACE_RECORDER ?? 'yaml:traces.yaml'
const tracer = createTracer({ service: 'shop', recorder: openRecorder(url) })
const options = { tracer, honorReqHeader: true }

async function main() {
  const off = traceClients(tracer)
  const stock = fastify({ forceCloseConnections: true })
  stock.register(traceFastify, options)
  stock.get('/stock/:item', async () => span('db', 'count', async () => ({ left: 3, ids: logIds() })))
  const stockUrl = await stock.listen({ port: 0, host: '127.0.0.1' })

  const app = express()
  app.use(traceExpress(options))
  app.get('/orders/:id', async (_req, res) => res.json(await get(`${stockUrl}/stock/7`)))
  const orders = await listen(createServer(app))

  const gateway = await listen(
    createServer(
      traceNode(async (_req, res) => res.end(JSON.stringify(await get(`${orders.url}/orders/1`))), {
        tracer,
        name: () => 'gateway',
      }),
    ),
  )
  const { ids } = await get(gateway.url)
  off()
  for (const server of [gateway, orders]) server.close()
  await stock.close()
  await tracer.close()

  const reader = openReader(url)
  const { traces } = await reader.traces({ name: 'gateway', limit: 1 })
  const { spans } = await reader.trace(traces[0].traceId)
  if (String(traces[0].traceId) !== ids.trace_id) throw new Error('another trace')
  console.log(JSON.stringify(chain(spans, 0n)))
}

function chain(spans, parent) {
  const found = spans.find(({ parentId }) => parentId === parent)
  if (found === undefined) return []
  return [`${found.kind} ${found.name.replace(/:\d+$/, '')}`, ...chain(spans, found.spanId)]
}

function listen(server) {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const close = () => {
        server.closeAllConnections()
        server.close()
      }
      resolve({ url: `http://127.0.0.1:${server.address().port}`, close })
    })
  })
}

/** By `fetch`, unless CALLS says `node:http`. */
async function get(target) {
  if (process.env.CALLS === 'node:http') return getByHttp(target)
  const answer = await fetch(target)
  if (answer.status !== 200) throw new Error(`${target} answered ${answer.status}: ${await answer.text()}`)
  return answer.json()
}

function getByHttp(target) {
  return new Promise((resolve, reject) => {
    const request = httpGet(target, async (answer) => {
      let text = ''
      for await (const chunk of answer.setEncoding('utf8')) text += chunk
      resolve(JSON.parse(text))
    })
    request.once('error', reject)
  })
}

void main()
