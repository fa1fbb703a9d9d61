import { TraceError, type Tracer } from '@trace/core'
import { isTracedFetch } from './client/fetch.js'
import { traceHttp } from './client/http.js'
import { type ClientOptions, ClientRequests } from './client/requests.js'
import { traceUndici } from './client/undici.js'

export { tracedFetch } from './client/fetch.js'
export type { ClientOptions } from './client/requests.js'
export type { Target } from './client/targets.js'

/**
 * From now on every HTTP request that a traced piece of code makes, by `fetch`, `undici`, `node:http` or `node:https` and
 * what is built on them, has a span of its own and carries its ids. Requests made outside a trace are left alone.
 *
 * `fetch` and undici tell of their requests by `node:diagnostics_channel`. For those of `node:http` and `node:https`, `request`,
 * `get` and some methods of `Agent` and `ClientRequest` are wrapped while it is on: this reaches modules loaded before. Headers
 * that are sent as a request is made, those given as an array or with `Expect`, carry no ids where somebody has taken `request`
 * out of the module before.
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

/** Where the process keeps who traces its outgoing requests, for all copies of this package. */
const ACTIVE = Symbol.for('@trace/http/clients/1')

/** Becomes the one who traces outgoing requests, so that none is traced twice. @returns false where somebody else is that */
function takeTurn(self: symbol): boolean {
  return Reflect.get(globalThis, ACTIVE) === undefined && Reflect.set(globalThis, ACTIVE, self)
}

function endTurn(self: symbol): void {
  if (Reflect.get(globalThis, ACTIVE) === self) Reflect.deleteProperty(globalThis, ACTIVE)
}
