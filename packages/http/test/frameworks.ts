import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { createTracer, currentSpan, type MemoryRecorder, memoryRecorder, type Span, type Tracer } from '@trace/core'
import express5 from 'express'
import fastify from 'fastify'
import { traceExpress } from '../src/express.js'
import { traceFastify } from '../src/fastify.js'
import { traceNode } from '../src/node.js'
import type { ServerOptions } from '../src/options.js'

export type Handler = (req: IncomingMessage, res: ServerResponse) => unknown
type Options = Omit<ServerOptions, 'tracer'>

/**
 * The same routes on each framework: `/echo` answers in the framework's own way, `/throw` and `/reject` fail in its own
 * way, anything else runs the handler given, on Node's own objects.
 */
export interface App {
  readonly port: number
  readonly tracer: Tracer
  readonly recorder: MemoryRecorder
  /** Waits until no span is open, and gives all spans recorded. */
  spans(): Promise<readonly Span[]>
  close(): Promise<void>
}

type Start = (tracer: Tracer, handler: Handler, options: Options) => Promise<Server>

const express4 = createRequire(import.meta.url)('express4') as typeof express5

export const frameworks: Readonly<Record<string, Start>> = {
  node: async (tracer, handler, options) => {
    const routes: Handler = (req, res) => {
      if (req.url?.startsWith('/echo') !== true) return handler(req, res)
      res.writeHead(200, { 'content-type': 'application/json' })
      res.end(`${JSON.stringify(seen(req))}#`)
    }
    return listen(createServer(traceNode(failing(routes), { tracer, ...options })))
  },
  express5: (tracer, handler, options) => startExpress(express5, tracer, handler, options),
  express4: (tracer, handler, options) => startExpress(express4, tracer, handler, options),
  fastify: async (tracer, handler, options) => {
    const app = fastify()
    app.register(traceFastify, { tracer, ...options })
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_request, _payload, done) => done(null))
    app.get('/echo', async (request) => `${JSON.stringify(seen(request.raw))}#`)
    app.get('/throw', () => {
      throw new TypeError('thrown')
    })
    app.get('/reject', async () => {
      throw new RangeError('rejected')
    })
    app.all('/*', (request, reply) => {
      reply.hijack()
      handler(request.raw, reply.raw)
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    return app.server
  },
}

/** On plain Node a handler that throws ends the process: here something around it answers, as a program's own would. */
function failing(routes: Handler): Handler {
  return (req, res) => {
    if (req.url !== '/throw' && req.url !== '/reject') return routes(req, res)
    const error = req.url === '/throw' ? new TypeError('thrown') : new RangeError('rejected')
    currentSpan()?.fail(error)
    res.statusCode = 500
    res.end('#')
  }
}

async function startExpress(
  express: typeof express5,
  tracer: Tracer,
  handler: Handler,
  options: Options,
): Promise<Server> {
  const app = express()
  app.set('env', 'test')
  app.use(traceExpress({ tracer, ...options }))
  app.get('/echo', (req, res) => void res.send(`${JSON.stringify(seen(req))}#`))
  app.get('/throw', () => {
    throw new TypeError('thrown')
  })
  app.get('/reject', (_req, _res, next) => next(new RangeError('rejected')))
  app.use((req, res) => void handler(req, res))
  return listen(createServer(app))
}

function listen(server: Server): Promise<Server> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}

export interface Seen {
  readonly header: string
  readonly other: string
  readonly raw: string[]
  readonly distinct: string[]
  readonly traceId: string
  readonly spanId: string
}

/** What a handler sees of the ids. */
function seen(req: IncomingMessage): Seen {
  const raw = req.rawHeaders.filter(
    (_, at) => at % 2 === 1 && /^x-(request|trace)-id$/i.test(req.rawHeaders[at - 1] ?? ''),
  )
  return {
    header: String(req.headers['x-request-id']),
    other: String(req.headers['x-trace-id']),
    raw,
    distinct: req.headersDistinct['x-request-id'] ?? [],
    traceId: String(currentSpan()?.traceId),
    spanId: String(currentSpan()?.spanId),
  }
}

export async function startApp(name: string, handler: Handler = () => {}, options: Options = {}): Promise<App> {
  const recorder = memoryRecorder()
  const tracer = createTracer({ recorder, service: 'app', buffer: 100_000, bufferBytes: 1e9 })
  const start = frameworks[name]
  if (start === undefined) throw new Error(`no framework ${name}`)
  const server = await start(tracer, handler, options)
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return {
    port: address.port,
    tracer,
    recorder,
    spans: async () => {
      for (let turn = 0; tracer.stats().open > 0 && turn < 2_000; turn++) await new Promise((r) => setTimeout(r, 5))
      await tracer.flush()
      return recorder.spans
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await tracer.close()
    },
  }
}
