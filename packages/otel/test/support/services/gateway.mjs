import { traceFastify } from '@trace/http/fastify'
import fastify from 'fastify'
import { ORDERS, propagators, ready, tracerOf } from './service.mjs'

const app = fastify()
app.register(traceFastify, { tracer: tracerOf('gateway'), propagators, honorReqHeader: true })
app.get('/checkout/:item', async ({ params }) => {
  const response = await fetch(`http://127.0.0.1:${ORDERS}/orders/${params.item}`, { method: 'POST' })
  return response.json()
})
await app.listen({ port: 0, host: '127.0.0.1' })
ready(app.server)
