import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServerOptions } from './options.js'
import { RequestTracer, type TracedRequest } from './server.js'

/** A listener of an `http.Server`'s `request` event. */
export type RequestHandler<Result = unknown> = (req: IncomingMessage, res: ServerResponse) => Result

/**
 * Gives every request of a Node `http` or `https` server a span, and runs its handler in it:
 * `http.createServer(traceNode(handler, { tracer }))`.
 *
 * What the handler returns or throws is passed on; an unhandled rejection stays unhandled.
 *
 * @throws {TraceError} `TRACE_BAD_OPTION`: names the option, what was expected, and what was got
 */
export function traceNode<Result>(handler: RequestHandler<Result>, options: ServerOptions): RequestHandler<Result>
export function traceNode(handler: RequestHandler, options: ServerOptions): RequestHandler {
  const requests = new RequestTracer('traceNode', options)
  return function (this: unknown, req, res) {
    const traced = requests.begin(req, res)
    if (traced === undefined) return handler.call(this, req, res)
    try {
      return watched(
        traced,
        traced.span.run(() => handler.call(this, req, res)),
      )
    } catch (error) {
      traced.threw(error)
      throw error
    }
  }
}

/** A promise that settles as this one does, once a rejection has been noted. Any other value as it is: a lazy thenable stays so. */
function watched(traced: TracedRequest, result: unknown): unknown {
  if (!(result instanceof Promise)) return result
  return result.then(undefined, (error: unknown) => {
    traced.threw(error)
    throw error
  })
}
