import { AsyncLocalStorage } from 'node:async_hooks'
import type { Tracer } from '@trace/core'
import { type ClientOptions, ClientRequests } from './requests.js'
import { traceUndici } from './undici.js'

const FETCHING = Symbol.for('@trace/http/fetching/1')

/** Who traces the requests of a `fetch` that is traced by itself, those of its redirects included: an object of any copy. */
const fetching: AsyncLocalStorage<unknown> = sharedFetching()

function sharedFetching(): AsyncLocalStorage<unknown> {
  const existing: unknown = Reflect.get(globalThis, FETCHING)
  if (existing instanceof AsyncLocalStorage) return existing
  const created = new AsyncLocalStorage<unknown>()
  Object.defineProperty(globalThis, FETCHING, { value: created })
  return created
}

let listening = false

/**
 * Returns a `fetch` whose requests have a span each and carry its ids, as `traceClients` does for all requests, without changing
 * anything for the rest of the process. It may be used beside `traceClients`.
 *
 * @returns Node's `fetch`, in all else
 * @throws {TraceError} `TRACE_BAD_OPTION`: names the option, what was expected, and what was got
 */
export function tracedFetch(tracer: Tracer, options: ClientOptions = {}): typeof fetch {
  const requests = new ClientRequests('tracedFetch', tracer, options)
  if (!listening) traceUndici(ownRequests)
  listening = true
  return (input, init) => fetching.run(requests, () => fetch(input, init))
}

function ownRequests(): ClientRequests | undefined {
  const requests = fetching.getStore()
  // Another copy of this package listens too, for its own.
  return requests instanceof ClientRequests ? requests : undefined
}

/** Whether a request made now is that of a {@link tracedFetch}, of any copy of this package. */
export function isTracedFetch(): boolean {
  return fetching.getStore() !== undefined
}
