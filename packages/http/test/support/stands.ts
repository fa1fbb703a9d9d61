import { createServer, ServerResponse } from 'node:http'
import { createServer as createHttp2Server, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import { createRequire } from 'node:module'
import type { Server, Socket } from 'node:net'
import type { Writable } from 'node:stream'
import type { Tracer } from '@trace/core'
import type { HttpAbilities, HttpRoutes, HttpServer, MiddlewareOptions, SuiteRequest } from '@trace/testing'
import express5 from 'express'
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { traceExpress } from '../../src/express.js'
import { traceFastify } from '../../src/fastify.js'
import { traceNode, traceUpgrade } from '../../src/node.js'
import type { Propagator } from '../../src/propagation/propagator.js'
import { addExpressRoutes, expressNames, fastifyNames, fastifyRoutes } from './routes.js'

/** A server to start. */
export interface Plan {
  readonly tracer: Tracer
  readonly options: MiddlewareOptions<Propagator>
  readonly routes: HttpRoutes
  /** How often the middleware is registered. Default once. */
  readonly times?: number
  /** Where a framework with a logger writes its lines. Default: nowhere. */
  readonly log?: Writable
}

/** A kind of server, and what it can do. */
export interface Stand extends HttpAbilities {
  open(plan: Plan): Promise<HttpServer>
}

const express4 = createRequire(import.meta.url)('express4') as typeof express5

/** The names of spans without a framework, which has no routes. */
const paths = { '/own?a=1': 'GET /own', '/any/42': 'GET /any/42', '/none/42': 'GET /none/42' }

/** Every kind of server that has an adapter. In plain Node servers, a handler that throws would end the process. */
export const stands = {
  'Node http': { answersThrown: false, upgrades: true, names: paths, open: openNode },
  'Node http2': { answersThrown: false, http2: true, names: paths, open: openHttp2 },
  'Express 5': {
    upgrades: true,
    names: expressNames('*rest', '/one/:a'),
    open: (plan) => openExpress(express5, '*rest', plan),
  },
  'Express 4': {
    upgrades: true,
    names: expressNames('*', '/one/:a,/two/:b'),
    open: (plan) => openExpress(express4, '*', plan),
  },
  Fastify: { upgrades: true, names: fastifyNames, open: (plan) => openFastify({}, plan) },
  'Fastify http2': { http2: true, names: fastifyNames, open: (plan) => openFastify({ http2: true }, plan) },
} satisfies Readonly<Record<string, Stand>>

function openNode(plan: Plan): Promise<HttpServer> {
  const ours = { tracer: plan.tracer, ...plan.options }
  let listener = traceNode((req, res: ServerResponse) => answer(plan.routes, req, res), ours)
  for (let time = 1; time < (plan.times ?? 1); time++) listener = traceNode(listener, ours)
  return listen(withUpgrades(createServer(listener), plan))
}

function openHttp2(plan: Plan): Promise<HttpServer> {
  const ours = { tracer: plan.tracer, ...plan.options }
  let listener = traceNode((req: Http2ServerRequest, res: Http2ServerResponse) => answer(plan.routes, req, res), ours)
  for (let time = 1; time < (plan.times ?? 1); time++) listener = traceNode(listener, ours)
  return listen(createHttp2Server(listener))
}

function answer(routes: HttpRoutes, req: SuiteRequest, res: ServerResponse | Http2ServerResponse): void {
  const isOwn = req.url?.split('?')[0] === '/own'
  if (isOwn) res.end(routes.own(req))
  else if (req.url?.startsWith('/any') === true) routes.handle(req, res)
  else res.writeHead(404).end()
}

/** @param wildcard as this release of Express writes it */
function openExpress(express: typeof express5, wildcard: string, plan: Plan): Promise<HttpServer> {
  const { tracer, options, routes, times = 1 } = plan
  const app = express()
  // Otherwise Express writes errors to the console.
  app.set('env', 'test').set('etag', false).disable('x-powered-by')
  for (let time = 0; time < times; time++) app.use(traceExpress({ tracer, ...options }))
  app.get('/own', (req, res) => void res.send(routes.own(req)))
  app.get('/throw', () => routes.fail())
  app.use((req, res, next) => (req.url.startsWith('/any') ? routes.handle(req, res) : next()))
  addExpressRoutes(app, express, wildcard)
  return listen(withUpgrades(createServer(app), plan))
}

function withUpgrades(server: ReturnType<typeof createServer>, { tracer, options, routes }: Plan): Server {
  const handler = traceUpgrade((_req, socket) => routes.upgrade(socket), { tracer, ...options })
  return server.on('upgrade', handler)
}

/** @param how options by which Fastify's types would give the app another type with the same methods */
async function openFastify(how: object, { tracer, options, routes, times = 1, log }: Plan): Promise<HttpServer> {
  const app = fastify({ ...how, ...(log === undefined ? {} : { logger: { stream: log } }) })
  for (let time = 0; time < times; time++) app.register(traceFastify, { tracer, ...options })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  app.get('/own', async (request) => routes.own(request.raw))
  app.get('/throw', async () => routes.fail())
  const handle = (request: FastifyRequest, reply: FastifyReply): void => {
    reply.hijack()
    if (request.headers.upgrade === undefined) routes.handle(request.raw, reply.raw)
    else routes.upgrade(request.raw.socket)
  }
  // Not of all methods, for each of which a route takes as long to make.
  app.route({ method: ['GET', 'POST', 'DELETE'], url: '/any', handler: handle })
  app.route({ method: ['GET', 'POST', 'DELETE'], url: '/any/*', handler: handle })
  app.register(fastifyRoutes)
  // @fastify/websocket does this: it turns an upgrade into a request of the app.
  app.server.on('upgrade', (req, socket: Socket) => {
    const res = new ServerResponse(req)
    res.assignSocket(socket)
    app.routing(req, res)
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { port: portOf(app.server), close: () => app.close() }
}

async function listen(server: Server): Promise<HttpServer> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: portOf(server), close: () => new Promise((resolve) => server.close(() => resolve())) }
}

function portOf(server: Server): number {
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port')
  return address.port
}
