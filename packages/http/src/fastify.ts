import type { ActiveSpan } from '@trace/core'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { logIds } from './logs.js'
import type { ServerOptions } from './options.js'
import { RequestTracer } from './server.js'
import { tracedOf } from './traced.js'

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
 * Fastify plugin that gives every request a span, as `request.span`, runs hooks and handlers in it, and adds its ids to the
 * lines of `request.log`: `app.register(traceFastify, { tracer })`, before all other plugins.
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
  if (app.hasDecorator(REGISTERED)) return requests.warnOfTwo('traceFastify')
  app.decorate(REGISTERED, true)
  // A getter, since a property would have to be set on every request.
  app.decorateRequest('span', {
    getter() {
      return tracedOf(this.raw)?.span
    },
  })
  // What stands in for a logger that is off is its own child.
  const logs = app.log.child({}) !== app.log
  app.addHook('onRequest', (request, reply, next) => {
    const arrival = { route: request.routeOptions.url ?? '', holder: reply }
    const traced = requests.begin(request.raw, reply.raw, arrival)
    if (traced === undefined) return next()
    traced.span.run(() => {
      if (logs) addIds(request, reply)
      next()
    })
  })
  app.addHook('onError', (request, _reply, error, next) => {
    tracedOf(request.raw)?.answersError(error)
    next()
  })
}

/** Fastify gives a request a logger of its own, and the reply the same. */
function addIds(request: FastifyRequest, reply: FastifyReply): void {
  const log = request.log.child(logIds())
  request.log = log
  reply.log = log
}
