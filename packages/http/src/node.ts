import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Duplex } from 'node:stream'
import type { Request, Response } from './server/messages.js'
import type { ServerOptions } from './server/options.js'
import { checkHandler, runHandler } from './server/run-handler.js'
import { RequestTracer } from './server/server.js'

/** A listener of the `request` event of an `http.Server`. */
export type RequestHandler<Result = unknown> = (req: IncomingMessage, res: ServerResponse) => Result
/** A listener of the `request` event of an `Http2Server`, by its compatibility API. */
export type Http2RequestHandler<Result = unknown> = (req: Http2ServerRequest, res: Http2ServerResponse) => Result

/**
 * Gives every request of a Node `http`, `https` or `http2` server a span, and runs its handler in it:
 * `http.createServer(traceNode(handler, { tracer }))`.
 *
 * What the handler returns or throws is passed on; an unhandled rejection stays unhandled.
 *
 * @throws {TraceError} `TRACE_BAD_OPTION`: names the option, what was expected, and what was got
 */
export function traceNode<Result>(handler: RequestHandler<Result>, options: ServerOptions): RequestHandler<Result>
export function traceNode<Result>(
  handler: Http2RequestHandler<Result>,
  options: ServerOptions,
): Http2RequestHandler<Result>
export function traceNode(
  handler: (req: never, res: never) => unknown,
  options: ServerOptions,
): (req: unknown, res: unknown) => unknown {
  checkHandler('traceNode', handler)
  const requests = new RequestTracer('traceNode', options)
  return function (this: unknown, req, res) {
    const call = (): unknown => Reflect.apply(handler, this, [req, res])
    // An HTTP/2 server's have all that is used of an HTTP/1.1 server's.
    const traced = requests.begin(req as Request, res as Response)
    return traced === undefined ? requests.pass(req as Request, call) : runHandler(traced, handler, call)
  }
}

/** A listener of the `upgrade` event of an `http.Server`. */
export type UpgradeHandler<Result = unknown> = (req: IncomingMessage, socket: Duplex, head: Buffer) => Result

/**
 * Gives every upgrade of a connection, such as that to a WebSocket, a span, and runs its handler in it:
 * `server.on('upgrade', traceUpgrade(handler, { tracer }))`. Node emits `upgrade` instead of `request`, so that this is
 * needed beside `traceNode` and `traceExpress`. The span ends with the connection.
 *
 * @throws {TraceError} `TRACE_BAD_OPTION`: names the option, what was expected, and what was got
 */
export function traceUpgrade<Result>(handler: UpgradeHandler<Result>, options: ServerOptions): UpgradeHandler<Result>
export function traceUpgrade(handler: UpgradeHandler, options: ServerOptions): UpgradeHandler {
  checkHandler('traceUpgrade', handler)
  const requests = new RequestTracer('traceUpgrade', options)
  return function (this: unknown, req, socket, head) {
    const call = (): unknown => handler.call(this, req, socket, head)
    // Nothing is sent by this response: what answers is written on the connection, and watched there.
    const traced = requests.begin(req, new ServerResponse(req))
    return traced === undefined ? requests.pass(req, call) : runHandler(traced, handler, call)
  }
}
