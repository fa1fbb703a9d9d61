import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import type { Express } from 'express'
import type { FastifyInstance } from 'fastify'

/** In bytes. Node's default of 16 KB is too little for the row with large headers. */
const MAX_HEADER_SIZE = 262_144

/** The body of every response. */
const BODY = { id: 42, name: 'Ada', roles: ['admin', 'author'] }

/** How tracing is added to each of the three applications. */
export interface Variant {
  readonly node?: (handler: RequestListener) => RequestListener
  readonly express?: (app: Express) => void
  readonly fastify?: (app: FastifyInstance) => Promise<void> | void
  /** Resolves, once no span waits, to how many were recorded. */
  readonly spans: () => Promise<number>
}

/** Loads modules as CommonJS: OpenTelemetry instruments these without a loader. */
const requireHere = createRequire(import.meta.url)

/** Loads the framework only now, after OpenTelemetry has been set up to instrument it. */
export async function serverOf(framework: string, variant: Variant): Promise<Server> {
  const http: typeof import('node:http') = requireHere('node:http')
  const options = { maxHeaderSize: MAX_HEADER_SIZE }
  switch (framework) {
    case 'node': {
      const handler = variant.node?.(answer) ?? answer
      return http.createServer(options, handler)
    }
    case 'express':
      return http.createServer(options, expressApp(variant))
    case 'fastify':
      return fastifyServer(variant)
    default:
      throw new Error(`there is no application for ${framework}`)
  }
}

function answer(_req: IncomingMessage, res: ServerResponse): void {
  res.setHeader('content-type', 'application/json')
  res.end(JSON.stringify(BODY))
}

function expressApp(variant: Variant): Express {
  const express: typeof import('express') = requireHere('express')
  const app = express()
  variant.express?.(app)
  app.get('/users/:id', (_req, res) => {
    res.json(BODY)
  })
  return app
}

async function fastifyServer(variant: Variant): Promise<Server> {
  const fastify: typeof import('fastify') = requireHere('fastify')
  const app = fastify.fastify({ http: { maxHeaderSize: MAX_HEADER_SIZE } })
  await variant.fastify?.(app)
  app.get('/users/:id', async () => BODY)
  await app.ready()
  return app.server
}
