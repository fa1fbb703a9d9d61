import type { ActiveSpan } from '@trace/core'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import type { ServerOptions } from './options.js'
import { RequestTracer, tracedOf } from './server.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** The request's span; undefined where the request is not traced. */
    readonly span: ActiveSpan | undefined
  }
}

/** Options that Fastify itself takes from those of any plugin. */
interface RegisterOptions {
  readonly prefix?: unknown
  readonly logLevel?: unknown
  readonly logSerializers?: unknown
}

const REGISTERED = Symbol('@trace/http is registered')

/**
 * Fastify plugin that gives every request a span, as `request.span`, and runs hooks and handlers in it:
 * `app.register(traceFastify, { tracer })`, before all other plugins.
 *
 * Registration fails with a TraceError, `TRACE_BAD_OPTION`, that names the option, what was expected, and what was got.
 */
export const traceFastify: FastifyPluginAsync<ServerOptions> = fastifyPlugin(register, {
  fastify: '5.x',
  name: '@trace/http',
})

async function register(app: FastifyInstance, options: ServerOptions & RegisterOptions): Promise<void> {
  const { prefix, logLevel, logSerializers, ...ours } = options
  const requests = new RequestTracer('traceFastify', ours)
  if (app.hasDecorator(REGISTERED)) return
  app.decorate(REGISTERED, true)
  // A getter, since a property would have to be set on every request.
  app.decorateRequest('span', {
    getter() {
      return tracedOf(this.raw)?.span
    },
  })
  app.addHook('onRequest', (request, reply, next) => {
    const traced = requests.begin(request.raw, reply.raw, request.routeOptions.url, reply)
    if (traced === undefined) return next()
    if (requests.respHeader !== undefined) sendHeldHeader(reply, requests.respHeader)
    traced.span.run(() => next())
  })
  app.addHook('onError', (request, _reply, error, next) => {
    tracedOf(request.raw)?.answersError(error)
    next()
  })
}

/**
 * Sees to it that the id is sent with replies that pass Fastify by: hijacked ones, or written on `reply.raw`. Setting it on
 * `reply.raw` beforehand would do too, but doubles what a header costs.
 */
function sendHeldHeader(reply: FastifyReply, name: string): void {
  const { raw } = reply
  const writeHead = raw.writeHead
  raw.writeHead = function (this: unknown, ...args: unknown[]) {
    const headers = args.at(-1)
    const isFastify = typeof headers === 'object' && headers !== null && name in headers
    if (!isFastify && !raw.headersSent && !raw.hasHeader(name)) {
      const value = reply.getHeader(name)
      if (typeof value === 'string') raw.setHeader(name, value)
    }
    return Reflect.apply(writeHead, this, args)
  } as typeof writeHead
}
