import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { ServerOptions } from './options.js'
import { checkHandler, runHandler } from './run-handler.js'
import { RequestTracer } from './server.js'

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
