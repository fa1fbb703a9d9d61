import { TraceError, type Tracer } from '@trace/core'
import { traceHttp } from './client-http.js'
import { type ClientOptions, ClientRequests } from './client-requests.js'
import { endTurn, takeTurn } from './client-shared.js'
import { traceUndici } from './client-undici.js'
import { isTracedFetch } from './traced-fetch.js'

export type { ClientOptions } from './client-requests.js'
export type { Target } from './client-targets.js'
export { tracedFetch } from './traced-fetch.js'

/**
 * From now on every HTTP request that a traced piece of code makes, by `fetch`, `undici`, `node:http` or `node:https` and
 * what is built on them, has a span of its own and carries its ids. Requests made outside a trace are left alone.
 *
 * On Node 22.12 and later this is done by `node:diagnostics_channel`, but for headers that `node:http` sends as a request is
 * made: an array of them, or with `Expect`. For these, and on Node before that for all, `request` and `get` of `node:http` and
 * `node:https` are wrapped: it reaches modules loaded before, but not a function that somebody took out of them.
 *
 * @returns what switches it off
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
