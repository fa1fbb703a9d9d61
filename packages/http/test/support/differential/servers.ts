import { createServer } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import { createRequire } from 'node:module'
import type { Tracer } from '@trace/core'
import compression from 'compression'
import express5 from 'express'
import fastify from 'fastify'
import helmet from 'helmet'
import Koa from 'koa'
import { traceExpress } from '../../../src/express.js'
import { traceFastify } from '../../../src/fastify.js'
import { type Http2RequestHandler, traceNode } from '../../../src/node.js'
import { koaRecipe } from '../recipes.js'
import { expressForms } from './express-forms.js'
import { fastifyForms } from './fastify-forms.js'
import { allForms, type Form, halfOf, someForms } from './forms.js'
import { koaForms } from './koa-forms.js'
import { type Handler, listen, portOf, type Running } from './running.js'
import { webForms } from './web-forms.js'
import { startH3, startH3v1, startHono, startNestOnExpress, startNestOnFastify } from './web-servers.js'

/** What tracing adds that a program can see. The README lists it. */
export interface Visible {
  readonly requestKeys: readonly string[]
  readonly responseKeys: readonly string[]
  /** The number of listeners that each connection has more, by event. */
  readonly listeners: Readonly<Record<string, number>>
}

/** A kind of server, whose requests all go to one handler. */
export interface Kind {
  /** @param tracer undefined for a server without tracing */
  start(handler: Handler, tracer: Tracer | undefined): Promise<Running>
  readonly isHttp2?: boolean
  readonly adds: Visible
  /** Keys of a request that move to its prototype when it is traced. */
  readonly moves?: readonly string[]
  readonly forms: readonly Form[]
}

const WRAPPED: Visible = {
  requestKeys: ['emit'],
  responseKeys: ['emit', 'write', 'flushHeaders', '_storeHeader', 'end'],
  listeners: { close: 1 },
}
const WRAPPED_HTTP2: Visible = {
  requestKeys: ['emit'],
  responseKeys: ['emit', 'write', 'flushHeaders', 'end'],
  listeners: {},
}

const express4 = createRequire(import.meta.url)('express4') as typeof express5

/** Without forms that HTTP/2 does not have, and without destroyed requests, whose stream and client would wait for ever. */
const http2Forms = someForms.filter(({ name }) => !/the request destroyed|HTTP.1|a request to close/.test(name))

export const servers: Readonly<Record<string, Kind>> = {
  'Node http': { start: startNode, adds: WRAPPED, forms: allForms },
  'Node http2': { start: startHttp2, isHttp2: true, adds: WRAPPED_HTTP2, forms: http2Forms },
  'Express 5': expressKind((handler, tracer) => startExpress(express5, handler, tracer)),
  'Express 4 without its own header': expressKind(
    (handler, tracer) => startExpress(express4, handler, tracer, 'bare'),
    halfOf(someForms, 0),
  ),
  'Express 5 behind others that wrap writeHead': expressKind(
    (handler, tracer) => startExpress(express5, handler, tracer, 'wrapping'),
    halfOf(someForms, 1),
  ),
  Fastify: { start: startFastify, adds: WRAPPED, forms: [...someForms.map(hijacked), ...fastifyForms] },
  Koa: { start: startKoa, adds: WRAPPED, forms: koaForms },
  Hono: { start: startHono, adds: WRAPPED, forms: webForms },
  'h3 2': { start: startH3, adds: WRAPPED, forms: webForms },
  'h3 1': { start: startH3v1, adds: WRAPPED, forms: webForms },
  'NestJS on Express': { ...expressKind(startNestOnExpress), forms: webForms },
  'NestJS on Fastify': { start: startNestOnFastify, adds: WRAPPED, forms: webForms },
}

function expressKind(start: Kind['start'], some = someForms): Kind {
  const adds = { requestKeys: [], responseKeys: [], listeners: { close: 1 } }
  return { start, adds, moves: ['baseUrl', 'route'], forms: [...some, ...expressForms] }
}

function hijacked(form: Form): Form {
  return {
    ...form,
    run: (call) => {
      call.reply?.hijack()
      return form.run(call)
    },
  }
}

function startNode(handler: Handler, tracer: Tracer | undefined): Promise<Running> {
  const listener: Parameters<typeof createServer>[1] = (req, res) => handler({ req, res })
  return listen(createServer(tracer === undefined ? listener : traceNode(listener, { tracer })))
}

function startHttp2(handler: Handler, tracer: Tracer | undefined): Promise<Running> {
  const listener: Http2RequestHandler = (req, res) => Reflect.apply(handler, undefined, [{ req, res }])
  return listen(createHttp2Server(tracer === undefined ? listener : traceNode(listener, { tracer })))
}

function startExpress(
  express: typeof express5,
  handler: Handler,
  tracer: Tracer | undefined,
  how: 'usual' | 'bare' | 'wrapping' = 'usual',
): Promise<Running> {
  const app = express()
  // Otherwise Express writes errors to the console.
  app.set('env', 'test')
  if (how === 'bare') app.disable('x-powered-by')
  if (tracer !== undefined) app.use(traceExpress({ tracer }))
  if (how === 'wrapping') app.use(helmet(), compression({ threshold: 0 }))
  app.use((req, res, next) => void handler({ req, res, express: { res, next } }))
  return listen(createServer(app))
}

async function startFastify(handler: Handler, tracer: Tracer | undefined): Promise<Running> {
  const app = fastify()
  if (tracer !== undefined) app.register(traceFastify, { tracer })
  app.all('/*', (request, reply) => handler({ req: request.raw, res: reply.raw, reply }))
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { port: portOf(app.server), close: () => app.close() }
}

function startKoa(handler: Handler, tracer: Tracer | undefined): Promise<Running> {
  const app = new Koa()
  app.silent = true
  if (tracer !== undefined) app.use(koaRecipe)
  app.use((koa) => handler({ req: koa.req, res: koa.res, koa }))
  return listen(createServer(tracer === undefined ? app.callback() : traceNode(app.callback(), { tracer })))
}
