import { type ActiveSpan, checkOptions, currentSpan, optionRules } from '@trace/core'
import type { FastifyBaseLogger, FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { logIds, noteLine } from './logs.js'
import { tracedOf } from './server/messages.js'
import type { ServerOptions } from './server/options.js'
import { RequestTracer } from './server/server.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** The request's span; undefined where the request is not traced. */
    readonly span: ActiveSpan | undefined
  }
}

/** Options of {@link traceFastify}. */
export interface FastifyOptions extends ServerOptions {
  /**
   * Whether lines that `request.log` and `reply.log` write at the levels `warn`, `error` and `fatal` are events of the current span, too:
   * with their message and error, and no other field. Default: false.
   */
  readonly logEvents?: boolean
}

/** Options that Fastify itself takes from those of any plugin. */
interface RegisterOptions {
  readonly prefix?: unknown
  readonly logLevel?: unknown
  readonly logSerializers?: unknown
}

/**
 * The hooks see every request, not only those of plugins registered below. Fastify's messages show the name, and it refuses other
 * releases than these (https://fastify.dev/docs/latest/Reference/Plugins/, Handle the scope; Server, pluginName).
 * The package fastify-plugin sets the same, and takes as long to import as all of this package.
 */
const PLUGIN = {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: '@trace/http',
  [Symbol.for('plugin-meta')]: { name: '@trace/http', fastify: '5.x' },
}

/** One for all copies of this package: a decorator cannot be added twice. */
const REGISTERED = Symbol.for('@trace/http/fastify/1')

/**
 * Fastify plugin that gives every request a span, as `request.span`, runs hooks and handlers in it, and adds its ids to the
 * lines of `request.log`: `app.register(traceFastify, { tracer })`, before all other plugins.
 *
 * Registration fails with a TraceError, `TRACE_BAD_OPTION`, that names the option, what was expected, and what was got.
 */
export const traceFastify: FastifyPluginAsync<FastifyOptions> = Object.assign(register, PLUGIN)

async function register(app: FastifyInstance, options: FastifyOptions & RegisterOptions): Promise<void> {
  const { prefix, logLevel, logSerializers, logEvents = false, ...ours } = options
  checkOptions('traceFastify', { logEvents }, { logEvents: optionRules.boolean })
  const requests = new RequestTracer('traceFastify', ours)
  if (app.hasDecorator(REGISTERED)) return requests.warnOfTwo('traceFastify')
  app.decorate(REGISTERED, true)
  // A getter, since a property would have to be set on every request.
  app.decorateRequest('span', {
    getter() {
      return tracedOf(this.raw)?.span
    },
  })
  // A logger that is off is its own child.
  const logs = app.log.child({}) !== app.log
  /** A request that the program sends through the application again has a new logger. */
  const goOn = (request: FastifyRequest, reply: FastifyReply, next: () => void): void => {
    if (logs && tracedOf(request.raw) !== undefined) addIds(request, reply, logEvents)
    next()
  }
  app.addHook('onRequest', (request, reply, next) => {
    const traced = requests.begin(request.raw, reply.raw, { route: request.routeOptions.url ?? '' })
    if (traced === undefined) return requests.pass(request.raw, () => goOn(request, reply, next))
    traced.span.run(() => {
      if (logs) addIds(request, reply, logEvents)
      next()
    })
  })
  // Fastify calls these hooks by an event of the connection. The first calls the next ones, so that all run in the span. Only
  // where there are timeouts, since for such a hook a connection that waits for its next request keeps the last one in memory.
  if (Number(app.initialConfig.connectionTimeout) > 0) {
    app.addHook('onTimeout', (request, _reply, next) => {
      const traced = tracedOf(request.raw)
      if (traced === undefined) next()
      else traced.span.run(() => next())
    })
  }
  app.addHook('onError', (request, _reply, error, next) => {
    tracedOf(request.raw)?.answersError(error)
    next()
  })
}

/** Fastify gives a request a logger of its own, and the reply the same. */
function addIds(request: FastifyRequest, reply: FastifyReply, logEvents: boolean): void {
  const log = request.log.child(logIds())
  if (logEvents) addEvents(log)
  request.log = log
  reply.log = log
}

/** A logger's own children have these methods, too, unless they are given a level of their own. */
function addEvents(log: FastifyBaseLogger): void {
  for (const level of ['warn', 'error', 'fatal'] as const) {
    const write = log[level]
    if (isOff(log, level)) continue
    log[level] = function (this: unknown, ...args: unknown[]) {
      noteLine(currentSpan(), level, args)
      return Reflect.apply(write, this, args)
    }
  }
}

/** Whether nothing is written of a level, as pino tells it. */
function isOff(log: FastifyBaseLogger, level: string): boolean {
  const isEnabled: unknown = Reflect.get(log, 'isLevelEnabled')
  return typeof isEnabled === 'function' && Reflect.apply(isEnabled, log, [level]) === false
}
