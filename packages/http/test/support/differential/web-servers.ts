import 'reflect-metadata'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import { All, Controller, HttpException, type INestApplication, Module, Req, Res, StreamableFile } from '@nestjs/common'
import { HttpAdapterHost, NestFactory } from '@nestjs/core'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import type { Tracer } from '@trace/core'
import type { Request as ExpressRequest, Response as ExpressResponse } from 'express'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { H3, HTTPError } from 'h3'
import { toNodeHandler } from 'h3/node'
import { createApp, createError, eventHandler, setHeader, setResponseStatus, toNodeListener } from 'h3v1'
import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { traceExpress } from '../../../src/express.js'
import { traceFastify } from '../../../src/fastify.js'
import { traceNode } from '../../../src/node.js'
import { h3Errors, h3Routes, h3v1Recipe, honoRecipe, TraceErrors } from '../recipes.js'
import type { Web } from './forms.js'
import { type Handler, listen, portOf, type Running } from './running.js'

export function startHono(handler: Handler, tracer: Tracer | undefined): Promise<Running> {
  const app = new Hono<{ Bindings: HttpBindings }>()
  if (tracer !== undefined) app.use(honoRecipe)
  app.onError((error, c) => (error instanceof HTTPException ? error.getResponse() : c.text('sorry', 500)))
  app.all('*', (c) => {
    const web: Web = {
      set: (name, value) => c.header(name, value),
      reply: (body, status = 200) => {
        const code = status as ContentfulStatusCode
        if (typeof body === 'string') return c.text(body, code)
        return body instanceof Readable ? c.body(Readable.toWeb(body) as ReadableStream, code) : c.json(body, code)
      },
      refuse: () => {
        throw new HTTPException(422, { message: 'refused' })
      },
    }
    const { incoming, outgoing } = c.env
    return handler({ req: incoming as IncomingMessage, res: outgoing as ServerResponse, web }) as Response
  })
  // Otherwise the other servers of this process, too, would have Hono's `Response`.
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false })
  return listen(createServer(tracer === undefined ? listener : traceNode(listener, { tracer })))
}

export function startH3(handler: Handler, tracer: Tracer | undefined): Promise<Running> {
  const app = new H3({ silent: true, ...(tracer === undefined ? {} : h3Errors) })
  if (tracer !== undefined) app.use(h3Routes)
  app.all('/**', (event) => {
    const web: Web = {
      set: (name, value) => event.res.headers.set(name, value),
      reply: (body, status = 200) => {
        event.res.status = status
        return body instanceof Readable ? Readable.toWeb(body) : body
      },
      refuse: () => {
        throw new HTTPError({ status: 422, message: 'refused' })
      },
    }
    const { req, res } = event.runtime?.node ?? {}
    return handler({ req: req as IncomingMessage, res: res as ServerResponse, web })
  })
  const listener = toNodeHandler(app)
  return listen(createServer(tracer === undefined ? (listener as never) : traceNode(listener, { tracer })))
}

export function startH3v1(handler: Handler, tracer: Tracer | undefined): Promise<Running> {
  const app = createApp()
  app.use(
    eventHandler((event) => {
      const web: Web = {
        set: (name, value) => setHeader(event, name, value),
        reply: (body, status = 200) => {
          setResponseStatus(event, status)
          return body
        },
        refuse: () => {
          throw createError({ statusCode: 422, message: 'refused' })
        },
      }
      return handler({ ...event.node, web })
    }),
  )
  if (tracer === undefined) return listen(createServer(toNodeListener(app)))
  return listen(createServer(traceNode(toNodeListener(h3v1Recipe(app)), { tracer })))
}

function nestWeb(set: Web['set'], status: (status: number) => unknown): Web {
  return {
    set,
    reply: (body, code = 200) => {
      status(code)
      return body instanceof Readable ? new StreamableFile(body) : body
    },
    refuse: () => {
      throw new HttpException('refused', 422)
    },
  }
}

/** A module with one handler for all, made without decorators, which this build does not have. */
function nestModule(run: (req: never, res: never) => unknown): new () => object {
  class Everything {}
  const descriptor = { value: run, configurable: true, writable: true }
  Object.defineProperty(Everything.prototype, 'run', descriptor)
  Req()(Everything.prototype, 'run', 0)
  Res({ passthrough: true })(Everything.prototype, 'run', 1)
  All(':number')(Everything.prototype, 'run', descriptor)
  Controller()(Everything)
  class AppModule {}
  Module({ controllers: [Everything] })(AppModule)
  return AppModule
}

export async function startNestOnExpress(handler: Handler, tracer: Tracer | undefined): Promise<Running> {
  const run = (req: ExpressRequest, res: ExpressResponse): unknown =>
    handler({
      req,
      res,
      web: nestWeb(
        (name, value) => res.setHeader(name, value),
        (code) => res.status(code),
      ),
    })
  const app = await NestFactory.create(nestModule(run), { logger: false })
  if (tracer !== undefined) app.use(traceExpress({ tracer }))
  return startNest(app, tracer)
}

export async function startNestOnFastify(handler: Handler, tracer: Tracer | undefined): Promise<Running> {
  const run = ({ raw }: FastifyRequest, reply: FastifyReply): unknown =>
    handler({
      req: raw,
      res: reply.raw,
      web: nestWeb(
        (name, value) => reply.header(name, value),
        (code) => reply.code(code),
      ),
    })
  const app = await NestFactory.create<NestFastifyApplication>(nestModule(run), new FastifyAdapter(), { logger: false })
  // Nest has a Fastify of its own, whose types are not those of ours.
  if (tracer !== undefined) Reflect.apply(app.register, app, [traceFastify, { tracer }])
  return startNest(app, tracer)
}

async function startNest(app: INestApplication, tracer: Tracer | undefined): Promise<Running> {
  if (tracer !== undefined) app.useGlobalFilters(new TraceErrors(app.get(HttpAdapterHost).httpAdapter))
  await app.listen(0, '127.0.0.1')
  return { port: portOf(app.getHttpServer()), close: () => app.close() }
}
