import type { IncomingMessage, ServerResponse } from 'node:http'
import { kindOf } from './express-kind.js'
import { RouteWatch } from './express-route.js'
import type { ServerOptions } from './options.js'
import { RequestTracer } from './server.js'
import type { Request, Response } from './traced.js'
import { wrapRequest, wrapResponse } from './wrapped.js'

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
    const requestKind = kindOf<Request>(req)
    if (requestKind !== undefined) wrapRequest(requestKind)
    const responseKind = kindOf<Response>(res)
    if (responseKind !== undefined) wrapResponse(responseKind)
    const isWrapped = requestKind !== undefined && responseKind !== undefined
    const traced = requests.begin(req, res, isWrapped ? WRAPPED : undefined)
    if (traced === undefined) return requests.pass(req, next)
    if (traced.span.sampled) traced.routes = new RouteWatch(req, requestKind)
    traced.span.run(() => next())
  }
}

const WRAPPED = { isWrapped: true }
