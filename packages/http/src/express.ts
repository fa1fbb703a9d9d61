import type { IncomingMessage, ServerResponse } from 'node:http'
import { RouteWatch } from './express-route.js'
import type { ServerOptions } from './options.js'
import { RequestTracer } from './server.js'

/** Middleware by the shape that Express 4 and 5, and Connect, share. */
export type Middleware = (req: IncomingMessage, res: ServerResponse, next: (err?: unknown) => void) => void

/**
 * Express middleware that gives every request a span, and runs what comes after it in that span:
 * `app.use(traceExpress({ tracer }))`, before all else.
 *
 * @throws {TraceError} `TRACE_BAD_OPTION`: names the option, what was expected, and what was got
 */
export function traceExpress(options: ServerOptions): Middleware {
  const requests = new RequestTracer('traceExpress', options)
  return (req, res, next) => {
    const traced = requests.begin(req, res)
    if (traced === undefined) return next()
    if (traced.span.sampled) traced.routes = new RouteWatch(req)
    traced.span.run(() => next())
  }
}
