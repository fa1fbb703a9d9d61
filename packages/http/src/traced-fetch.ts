import { AsyncLocalStorage } from 'node:async_hooks'
import type { Tracer } from '@trace/core'
import { type ClientOptions, ClientRequests } from './client-requests.js'
import { traceUndici } from './client-undici.js'

/** Who traces the requests of a `fetch` that is traced by itself, those of its redirects included. */
const tracing = new AsyncLocalStorage<ClientRequests>()
let listening = false

/**
 * A `fetch` that gives each of its requests a span and carries its ids, as `traceClients` does for all: for those who want
 * nothing switched on for the whole process. It may be used beside `traceClients`.
 *
 * @returns Node's `fetch`, in all else
 * @throws {TraceError} `TRACE_BAD_OPTION`: names the option, what was expected, and what was got
 */
export function tracedFetch(tracer: Tracer, options: ClientOptions = {}): typeof fetch {
  const requests = new ClientRequests('tracedFetch', tracer, options)
  if (!listening) traceUndici(() => tracing.getStore())
  listening = true
  return (input, init) => tracing.run(requests, () => fetch(input, init))
}

/** Whether a request made now is that of a {@link tracedFetch}. */
export function isTracedFetch(): boolean {
  return tracing.getStore() !== undefined
}
