import { TraceError, type Tracer } from '@trace/core'
import { isTracedFetch } from './client/fetch.js'
import { traceHttp } from './client/http.js'
import { type ClientOptions, ClientRequests } from './client/requests.js'
import { endTurn, takeTurn } from './client/turn.js'
import { traceUndici } from './client/undici.js'

export { tracedFetch } from './client/fetch.js'
export type { ClientOptions } from './client/requests.js'
export type { Target } from './client/targets.js'

/**
 * From now on every HTTP request that is made within a trace, by `fetch`, `undici`, `node:http` or `node:https` and what is
 * built on them, has a span and carries its ids. Requests made outside a trace are left alone.
 *
 * `fetch` and undici tell of their requests by `node:diagnostics_channel`. For those of `node:http` and `node:https`, `request`,
 * `get` and some methods of `Agent` and `ClientRequest` are wrapped while it is on: this reaches modules loaded before. Headers
 * that are given as an array, or with `Expect`, are sent as the request is made: they carry no ids if the program took `request`
 * out of the module before.
 *
 * @returns a function that switches it off
 * @throws {TraceError} `TRACE_BAD_OPTION`: names the option, what was expected, and what was got;
 * `TRACE_ALREADY_ON` where it is on already
 */
export function traceClients(tracer: Tracer, options: ClientOptions = {}): () => void {
  const requests = new ClientRequests('traceClients', tracer, options)
  const self = Symbol('traceClients')
  if (!takeTurn(self)) {
    throw new TraceError(
      'TRACE_ALREADY_ON',
      'traceClients: outgoing requests are traced already; call what the earlier traceClients returned, which switches it off',
    )
  }
  const stopUndici = traceUndici(() => (isTracedFetch() ? undefined : requests))
  const stopHttp = traceHttp(requests)
  return () => {
    endTurn(self)
    stopUndici()
    stopHttp()
  }
}
