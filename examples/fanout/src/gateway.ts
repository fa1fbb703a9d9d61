import { go, span } from '@trace/core'
import { traceFastify } from '@trace/http/fastify'
import fastify, { type FastifyRequest } from 'fastify'
import { port, report, reportFailure, tracerOf, urlOf } from './service.js'

const app = fastify()
app.register(traceFastify, { tracer: tracerOf('gateway') })

app.get<{ Params: { item: string } }>('/checkout/:item', async (request, reply) => {
  const { item } = request.params
  const price = await span('work', 'find price', (s) => {
    s.data['price'] = item.length * 10
    return item.length * 10
  })
  const order = await askOrders(request, 'POST', `/orders/${encodeURIComponent(item)}`)
  // Runs on by itself: the answer does not wait for it.
  go('work', 'send receipt', () => askOrders(request, 'POST', `/receipts/${encodeURIComponent(item)}`))
  if (!order.ok) return reply.code(502).send({ error: `orders answered ${order.status}` })
  return { item, price, order: await order.json() }
})

// The middleware has put this request's ids into its X-Request-Id: passing it on joins the other service to the trace.
function askOrders(request: FastifyRequest, method: string, path: string): Promise<Response> {
  const id = request.headers['x-request-id']
  return fetch(urlOf('orders') + path, { method, headers: { 'X-Request-Id': String(id) } })
}

report(app.server)
app.listen({ port, host: '127.0.0.1' }).catch(reportFailure)
