import { go, span } from '@trace/core'
import { traceFastify } from '@trace/http/fastify'
import fastify from 'fastify'
import { port, report, reportFailure, tracerOf, urlOf } from './service.js'

const app = fastify()
app.register(traceFastify, { tracer: tracerOf('gateway') })

app.get<{ Params: { item: string } }>('/checkout/:item', async (request, reply) => {
  const { item } = request.params
  const price = await span('work', 'find price', (s) => {
    s.data['price'] = item.length * 10
    return item.length * 10
  })
  const order = await askOrders(`/orders/${encodeURIComponent(item)}`)
  // Runs on by itself: the answer does not wait for it.
  go('work', 'send receipt', () => askOrders(`/receipts/${encodeURIComponent(item)}`))
  if (!order.ok) return reply.code(502).send({ error: `orders answered ${order.status}` })
  return { item, price, order: await order.json() }
})

function askOrders(path: string): Promise<Response> {
  return fetch(urlOf('orders') + path, { method: 'POST' })
}

report(app.server)
app.listen({ port, host: '127.0.0.1' }).catch(reportFailure)
