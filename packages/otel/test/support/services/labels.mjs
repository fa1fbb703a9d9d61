import { createServer } from 'node:http'
import Router from '@koa/router'
import { noteRoute } from '@trace/http'
import { traceNode } from '@trace/http/node'
import Koa from 'koa'
import { propagators, ready, tracerOf } from './service.mjs'

const tracer = tracerOf('labels')
const app = new Koa()
app.use((ctx, next) => {
  noteRoute(ctx.req, () => ctx._matchedRoute)
  return next()
})
const router = new Router()
router.get('/labels/:id', async (ctx) => {
  ctx.body = await tracer.span('work', 'draw', async () => 'a label')
})
app.use(router.routes())
const server = createServer(traceNode(app.callback(), { tracer, propagators, honorReqHeader: true }))
server.listen(0, '127.0.0.1', () => ready(server))
