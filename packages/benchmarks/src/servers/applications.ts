import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { setTimeout } from 'node:timers/promises'
import type { Express } from 'express'
import type { FastifyInstance } from 'fastify'

/** In bytes. Node's default of 16 KB is too little for the row with large headers. */
const MAX_HEADER_SIZE = 262_144

/** The body of every response. */
const BODY = { id: 42, name: 'Ada', roles: ['admin', 'author'] }
/** That of a server that does something: 2 kB of JSON. */
const LARGE_BODY = {
  ...BODY,
  orders: Array.from({ length: 32 }, (_, id) => ({ id, item: 'a book', at: '2026-11-28T12:00Z' })),
}

/** What a handler waits for, as for a query: a timer of 1 ms. */
async function loaded(): Promise<typeof LARGE_BODY> {
  await setTimeout(1)
  return LARGE_BODY
}

/** How tracing is added to each of the three applications. */
export interface Variant {
  readonly node?: (handler: RequestListener) => RequestListener
  readonly express?: (app: Express) => void
  readonly fastify?: (app: FastifyInstance) => Promise<void> | void
  /** Traces the requests that the process itself sends. */
  readonly clients?: () => void
  /** Resolves, once no span waits, to how many were recorded. */
  readonly spans: () => Promise<number>
}

/** Loads modules as CommonJS: OpenTelemetry instruments these without a loader. */
const requireHere = createRequire(import.meta.url)

/**
 * Loads the framework only now, after OpenTelemetry has been set up to instrument it.
 *
 * @param isWorking whether the handler waits for a timer, and answers 2 kB of JSON
 */
export async function serverOf(framework: string, variant: Variant, isWorking: boolean): Promise<Server> {
  const http: typeof import('node:http') = requireHere('node:http')
  const options = { maxHeaderSize: MAX_HEADER_SIZE }
  switch (framework) {
    case 'node': {
      const answer = isWorking ? answerLater : answerAtOnce
      const handler = variant.node?.(answer) ?? answer
      return http.createServer(options, handler)
    }
    case 'express':
      return http.createServer(options, expressApp(variant, isWorking))
    case 'fastify':
      return fastifyServer(variant, isWorking)
    default:
      throw new Error(`there is no application for ${framework}`)
  }
}

function answerAtOnce(_req: IncomingMessage, res: ServerResponse): void {
  res.setHeader('content-type', 'application/json')
  res.end(JSON.stringify(BODY))
}

async function answerLater(_req: IncomingMessage, res: ServerResponse): Promise<void> {
  const body = await loaded()
  res.setHeader('content-type', 'application/json')
  res.end(JSON.stringify(body))
}

function expressApp(variant: Variant, isWorking: boolean): Express {
  const express: typeof import('express') = requireHere('express')
  const app = express()
  variant.express?.(app)
  if (isWorking) app.get('/users/:id', async (_req, res) => void res.json(await loaded()))
  else app.get('/users/:id', (_req, res) => void res.json(BODY))
  return app
}

async function fastifyServer(variant: Variant, isWorking: boolean): Promise<Server> {
  const fastify: typeof import('fastify') = requireHere('fastify')
  const app = fastify.fastify({ http: { maxHeaderSize: MAX_HEADER_SIZE } })
  await variant.fastify?.(app)
  app.get('/users/:id', isWorking ? loaded : async () => BODY)
  await app.ready()
  return app.server
}
