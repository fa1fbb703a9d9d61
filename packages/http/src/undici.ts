import { currentSpan, type Tracer } from '@trace/core'
import type { Dispatcher } from 'undici'
import { destinationOfOrigin } from './client/destination.js'
import { changeable, TracedHandler } from './client/dispatched.js'
import { isTracedFetch } from './client/fetch.js'
import { type ClientOptions, ClientRequests, type ClientSpan } from './client/requests.js'
import { isTaken } from './client/turn.js'

export type { ClientOptions } from './client/requests.js'
export type { Target } from './client/targets.js'

/**
 * Makes an interceptor for undici's dispatchers: `new Agent().compose(traceInterceptor(tracer))`. Each request that is sent through it
 * within a trace has a span, below the current span of whoever sent it, and carries its ids. Requests made outside a trace are left
 * alone, and so are all where `traceClients` is on, which traces them itself.
 *
 * The first interceptor of `compose` is the innermost: before `retry` and `redirect`, it gives each attempt and each redirect a span;
 * behind them, one span to all of these.
 *
 * @returns for undici 7 and later
 * @throws {TraceError} `TRACE_BAD_OPTION`: names the option, what was expected, and what was got
 */
export function traceInterceptor(tracer: Tracer, options: ClientOptions = {}): Dispatcher.DispatcherComposeInterceptor {
  const requests = new ClientRequests('traceInterceptor', tracer, options)
  // undici 8 says which origin a dispatcher has whose requests name none.
  return (dispatch: Dispatcher['dispatch'], ownOrigin?: unknown): Dispatcher['dispatch'] =>
    (opts, handler) => {
      const caller = currentSpan()
      if (caller === undefined || isTaken() || isTracedFetch()) return dispatch(opts, handler)
      const traced = begin(requests, opts, ownOrigin)
      if (traced === undefined) return dispatch(opts, handler)
      const [span, carrying] = traced
      try {
        return dispatch(carrying, new TracedHandler(handler, span, caller))
      } catch (error) {
        span.broke(error)
        throw error
      }
    }
}

/** Starts a request's span. @returns it, and what is to be sent; undefined where it is to have none */
function begin(
  requests: ClientRequests,
  opts: Dispatcher.DispatchOptions,
  ownOrigin: unknown,
): readonly [ClientSpan, Dispatcher.DispatchOptions] | undefined {
  try {
    // A proxy's tunnel: what goes through it has a span of its own, and its ids are none of the proxy's business.
    if (opts.method === 'CONNECT') return undefined
    const origin = opts.origin ?? ownOrigin
    const destination = destinationOfOrigin(origin instanceof URL ? origin.origin : String(origin ?? ''))
    const span = requests.begin({ method: opts.method, destination, target: opts.path })
    if (span === undefined) return undefined
    const headers = changeable(opts.headers)
    if (headers === undefined) return [span, opts]
    span.sending(headers)
    return [span, { ...opts, headers: headers.all }]
  } catch {
    // Options of a shape that undici refuses: it says so itself.
    return undefined
  }
}
