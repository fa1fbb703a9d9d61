import { createServer } from 'node:http'
import { createServer as createHttp2Server, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import { createRequire } from 'node:module'
import type { Server } from 'node:net'
import { describe, test } from '@jest/globals'
import { type HttpRoutes, type HttpServer, type HttpSuiteOptions, httpSuite } from '@trace/testing'
import express5 from 'express'
import fastify from 'fastify'
import { traceExpress } from '../src/express.js'
import { traceFastify } from '../src/fastify.js'
import { traceNode } from '../src/node.js'
import type { ServerOptions } from '../src/options.js'

const express4 = createRequire(import.meta.url)('express4') as typeof express5

const suites: Readonly<Record<string, HttpSuiteOptions>> = {
  'Node http': {
    // On plain Node a handler that throws ends the process.
    answersThrown: false,
    start: (tracer, options, routes) => {
      const listener = traceNode(
        (req, res) => {
          if (req.url === '/own') res.end(routes.own(req))
          else routes.handle(req, res)
        },
        { tracer, ...options },
      )
      return listen(createServer(listener))
    },
  },
  'Node http2': {
    http2: true,
    answersThrown: false,
    start: (tracer, options, routes) => {
      const handler = (req: Http2ServerRequest, res: Http2ServerResponse): void => {
        if (req.url === '/own') res.end(routes.own(req))
        else routes.handle(req, res)
      }
      return listen(createHttp2Server(traceNode(handler, { tracer, ...options })))
    },
  },
  'Express 5': { start: (tracer, options, routes) => startExpress(express5, { tracer, ...options }, routes) },
  'Express 4': { start: (tracer, options, routes) => startExpress(express4, { tracer, ...options }, routes) },
  Fastify: { start: (tracer, options, routes) => startFastify({}, { tracer, ...options }, routes) },
  'Fastify http2': {
    http2: true,
    start: (tracer, options, routes) => startFastify({ http2: true }, { tracer, ...options }, routes),
  },
}

async function startExpress(express: typeof express5, options: ServerOptions, routes: HttpRoutes): Promise<HttpServer> {
  const app = express()
  // Else errors are written to the console.
  app.set('env', 'test')
  app.use(traceExpress(options))
  app.get('/own', (req, res) => void res.send(routes.own(req)))
  app.get('/throw', () => routes.fail())
  app.use((req, res) => routes.handle(req, res))
  return listen(createServer(app))
}

/** @param how what Fastify's types would make an app of another type of, with the same methods */
async function startFastify(how: object, options: ServerOptions, routes: HttpRoutes): Promise<HttpServer> {
  const app = fastify({ ...how })
  app.register(traceFastify, options)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  app.get('/own', async (request) => routes.own(request.raw))
  app.get('/throw', async () => routes.fail())
  app.all('/*', (request, reply) => {
    reply.hijack()
    routes.handle(request.raw, reply.raw)
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

describe.each(Object.entries(suites))('%s', (_, suite) => {
  for (const { name, run } of httpSuite(suite)) test(name, run)
})
