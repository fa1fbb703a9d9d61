import 'reflect-metadata'
import { createServer } from 'node:http'
import type { AddressInfo, Server } from 'node:net'
import { Readable } from 'node:stream'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import Router from '@koa/router'
import { Controller, Get, HttpException, type INestApplication, Module, Param, StreamableFile } from '@nestjs/common'
import { HttpAdapterHost, NestFactory } from '@nestjs/core'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import { span, type Tracer } from '@trace/core'
import { H3, HTTPError } from 'h3'
import { toNodeHandler } from 'h3/node'
import { createApp, createError, createRouter, eventHandler, toNodeListener, useBase } from 'h3v1'
import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import Koa from 'koa'
import { traceExpress } from '../../src/express.js'
import { traceFastify } from '../../src/fastify.js'
import { traceNode } from '../../src/node.js'
import { h3Errors, h3Routes, h3v1Recipe, honoRecipe, koaRecipe, TraceErrors } from './recipes.js'

/** What the routes of each server do, be it by a framework or another. */
export interface Work {
  /** A child span, as a query would be. */
  load(id: string): Promise<string>
  fail(what: string): never
  /** Answers only when the test says so. */
  hang(): Promise<string>
  /** @param what `broken` for one that breaks off */
  stream(what: string): Readable
}

export interface Running {
  readonly port: number
  close(): Promise<void>
}

/** A framework, traced by the recipe of the README, with the routes of {@link PATHS}. */
export interface Framework {
  start(tracer: Tracer, work: Work): Promise<Running>
  /** What the name is where no route matches. Default: the method alone. */
  readonly unmatched?: string
  /** How it writes the route of a router at a path. Default `/tenants/:tenant/users/:id`. */
  readonly nested?: string
  /** Its middleware, in which the routes run: its span is around the others. */
  readonly middleware: boolean
  /** Whether it breaks off a response whose stream fails. The others leave such a response open for ever. */
  readonly breaksOff: boolean
}

export const frameworks: Readonly<Record<string, Framework>> = {
  Koa: { start: startKoa, middleware: true, breaksOff: true },
  Hono: { start: startHono, middleware: true, breaksOff: true, unmatched: 'GET /*' },
  'h3 2': { start: startH3, middleware: true, breaksOff: true },
  'h3 1': { start: startH3v1, middleware: false, breaksOff: false, nested: '/users/:id' },
  'NestJS on Express': { start: startNestOnExpress, middleware: false, breaksOff: false },
  'NestJS on Fastify': { start: startNestOnFastify, middleware: false, breaksOff: false },
}

/** Koa's own way with what is no error is to make one of it, after the middleware. */
function startKoa(tracer: Tracer, work: Work): Promise<Running> {
  const app = new Koa()
  app.silent = true
  app.use(koaRecipe)
  app.use((_ctx, next) => span('work', 'middleware', () => next()))
  const users = new Router()
  users.get('/users/:id', async (ctx) => {
    ctx.set('X-Own', 'a')
    ctx.body = await work.load(String(ctx['params'].id))
  })
  users.get('/fails/:id', (ctx) => {
    ctx.set('X-Own', 'a')
    work.fail(String(ctx['params'].id))
  })
  users.get('/refused/:id', (ctx) => ctx.throw(422, 'refused'))
  users.get('/hangs/:id', () => work.hang())
  users.get('/streams/:id', (ctx) => {
    ctx.body = work.stream(String(ctx['params'].id))
  })
  const tenants = new Router().use('/tenants/:tenant', users.routes())
  app.use(users.routes()).use(tenants.routes())
  return listen(createServer(traceNode(app.callback(), { tracer })))
}

function startHono(tracer: Tracer, work: Work): Promise<Running> {
  const app = new Hono<{ Bindings: HttpBindings }>()
  app.use(honoRecipe)
  app.use((_c, next) => span('work', 'middleware', () => next()))
  // Otherwise Hono writes errors to the console.
  app.onError((error, c) => (error instanceof HTTPException ? error.getResponse() : c.text('sorry', 500)))
  const users = new Hono()
  users.get('/users/:id', async (c) => {
    c.header('X-Own', 'a')
    return c.text(await work.load(c.req.param('id')))
  })
  users.get('/fails/:id', (c) => work.fail(c.req.param('id')))
  users.get('/refused/:id', () => {
    throw new HTTPException(422, { message: 'refused' })
  })
  users.get('/hangs/:id', async (c) => c.text(await work.hang()))
  users.get('/streams/:id', (c) => c.body(Readable.toWeb(work.stream(c.req.param('id'))) as ReadableStream))
  app.route('/', users).route('/tenants/:tenant', users)
  return listen(createServer(traceNode(getRequestListener(app.fetch), { tracer })))
}

function startH3(tracer: Tracer, work: Work): Promise<Running> {
  const app = new H3({ silent: true, ...h3Errors })
  app.use(h3Routes)
  app.use((_event, next) => span('work', 'middleware', () => next()))
  for (const base of ['', '/tenants/:tenant']) {
    app.get(`${base}/users/:id`, async (event) => {
      event.res.headers.set('X-Own', 'a')
      return work.load(String(event.context.params?.['id']))
    })
    app.get(`${base}/fails/:id`, (event) => work.fail(String(event.context.params?.['id'])))
    app.get(`${base}/refused/:id`, () => {
      throw new HTTPError({ status: 422, message: 'refused' })
    })
    app.get(`${base}/hangs/:id`, () => work.hang())
    app.get(
      `${base}/streams/:id`,
      (event) => Readable.toWeb(work.stream(String(event.context.params?.['id']))) as ReadableStream,
    )
  }
  return listen(createServer(traceNode(toNodeHandler(app), { tracer })))
}

function startH3v1(tracer: Tracer, work: Work): Promise<Running> {
  const app = createApp()
  const users = createRouter()
  users.use(
    '/users/:id',
    eventHandler(async (event) => {
      event.node.res.setHeader('X-Own', 'a')
      return work.load(String(event.context.params?.['id']))
    }),
  )
  users.get(
    '/fails/:id',
    eventHandler((event) => work.fail(String(event.context.params?.['id']))),
  )
  users.get(
    '/refused/:id',
    eventHandler(() => {
      throw createError({ statusCode: 422, message: 'refused' })
    }),
  )
  users.get(
    '/hangs/:id',
    eventHandler(() => work.hang()),
  )
  users.get(
    '/streams/:id',
    eventHandler((event) => work.stream(String(event.context.params?.['id']))),
  )
  users.get('/tenants/:tenant/users/:id', useBase('/tenants/1', users.handler))
  app.use(users)
  return listen(createServer(traceNode(toNodeListener(h3v1Recipe(app)), { tracer })))
}

/** A controller made without decorators, which this build does not have. */
function nestModule(work: Work): new () => object {
  const routes: Record<string, (id: string) => unknown> = {
    users: (id) => work.load(id),
    fails: (id) => work.fail(id),
    refused: () => {
      throw new HttpException('refused', 422)
    },
    hangs: () => work.hang(),
    streams: (id) => new StreamableFile(work.stream(id)),
  }
  class Users {}
  for (const [name, run] of Object.entries(routes)) {
    const descriptor = { value: run, configurable: true, writable: true }
    Object.defineProperty(Users.prototype, name, descriptor)
    Param('id')(Users.prototype, name, 0)
    Get([`${name}/:id`, `tenants/:tenant/${name}/:id`])(Users.prototype, name, descriptor)
  }
  Controller()(Users)
  class AppModule {}
  Module({ controllers: [Users] })(AppModule)
  return AppModule
}

async function startNestOnExpress(tracer: Tracer, work: Work): Promise<Running> {
  const app = await NestFactory.create(nestModule(work), { logger: false })
  app.use(traceExpress({ tracer }))
  return startNest(app)
}

async function startNestOnFastify(tracer: Tracer, work: Work): Promise<Running> {
  const app = await NestFactory.create<NestFastifyApplication>(nestModule(work), new FastifyAdapter(), {
    logger: false,
  })
  // Nest has a Fastify of its own, whose types are not those of ours.
  Reflect.apply(app.register, app, [traceFastify, { tracer }])
  return startNest(app)
}

async function startNest(app: INestApplication): Promise<Running> {
  app.useGlobalFilters(new TraceErrors(app.get(HttpAdapterHost).httpAdapter))
  await app.listen(0, '127.0.0.1')
  const server: Server = app.getHttpServer()
  return { port: (server.address() as AddressInfo).port, close: () => app.close() }
}

async function listen(server: Server): Promise<Running> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { port, close: () => new Promise((resolve) => server.close(() => resolve())) }
}
