import type { IncomingMessage, ServerResponse } from 'node:http'
import { sharedPrototypeOf } from './express/prototypes.js'
import { RouteWatch } from './express/route.js'
import type { ServerOptions } from './server/options.js'
import { RequestTracer } from './server/server.js'
import type { Request, Response } from './server/traced.js'
import { wrapRequest, wrapResponse } from './server/wrapped.js'

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
    const requestPrototype = sharedPrototypeOf<Request>(req)
    if (requestPrototype !== undefined) wrapRequest(requestPrototype)
    const responsePrototype = sharedPrototypeOf<Response>(res)
    if (responsePrototype !== undefined) wrapResponse(responsePrototype)
    const isWrapped = requestPrototype !== undefined && responsePrototype !== undefined
    const traced = requests.begin(req, res, isWrapped ? WRAPPED : undefined)
    if (traced === undefined) return requests.pass(req, next)
    if (traced.span.sampled) traced.routes = new RouteWatch(req, requestPrototype)
    traced.span.run(() => next())
  }
}

const WRAPPED = { isWrapped: true }
