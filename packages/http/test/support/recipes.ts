import type { HttpBindings } from '@hono/node-server'
import type { ArgumentsHost } from '@nestjs/common'
import { BaseExceptionFilter } from '@nestjs/core'
import type { H3Config, H3Event } from 'h3'
import { type App, eventHandler } from 'h3v1'
import type { MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import type { Middleware } from 'koa'
import { noteError, noteRoute } from '../../src/index.js'

// The lines that the README has for each framework.

export const koaRecipe: Middleware = async (ctx, next) => {
  noteRoute(ctx.req, () => ctx['_matchedRoute'])
  try {
    await next()
  } catch (error) {
    noteError(ctx.req, error)
    throw error
  }
}

export const honoRecipe: MiddlewareHandler<{ Bindings: HttpBindings }> = async (c, next) => {
  const { incoming } = c.env
  noteRoute(incoming, () => routePath(c))
  try {
    await next()
  } catch (error) {
    noteError(incoming, error)
    throw error
  }
  if (c.error !== undefined) noteError(incoming, c.error)
}

export const h3Errors: H3Config = {
  onError: (error, event) => noteError(event.runtime?.node?.req, error.unhandled === true ? error.cause : error),
}

export const h3Routes = (event: H3Event): void =>
  noteRoute(event.runtime?.node?.req, () => event.context.matchedRoute?.route)

export function h3v1Recipe(app: App): App {
  const handler = eventHandler(async (event) => {
    noteRoute(event.node.req, () => event.context.matchedRoute?.path)
    try {
      return await app.handler(event)
    } catch (error) {
      noteError(event.node.req, error)
      throw error
    }
  })
  return { ...app, handler }
}

export class TraceErrors extends BaseExceptionFilter {
  override catch(error: unknown, host: ArgumentsHost): void {
    noteError(host.switchToHttp().getRequest(), error)
    super.catch(error, host)
  }
}
