import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import { type Request, TRACED, type TracedRequest } from './server/messages.js'

/** A request as Node's servers make it, or an object that has it as `raw`, as Fastify's requests do. */
export type NodeRequest = IncomingMessage | Http2ServerRequest | { readonly raw: IncomingMessage | Http2ServerRequest }

/** A pattern as it was registered; empty or undefined where none has matched. */
export type Route = string | RegExp | undefined

/**
 * Tells which route a request has matched, for frameworks without an adapter: its span is then named `GET /users/:id`, and where none has
 * matched `GET`, unless the program has named it. The last call counts. Never throws.
 *
 * @param req where it has no span, nothing is done
 * @param route or a function that gives it, which is called when the response has been sent, or the client has left
 */
export function noteRoute(req: NodeRequest | undefined, route: Route | (() => Route)): void {
  const traced = tracedIn(req)
  if (traced?.span.recording !== true) return
  traced.routed(typeof route === 'function' ? () => textOf(route) : textOf(() => route))
}

function textOf(give: () => Route): string {
  try {
    const route = give()
    return route === undefined || route === null ? '' : String(route)
  } catch {
    return ''
  }
}

/**
 * Tells which error a framework is about to answer, for frameworks without an adapter: if the answer is a 5xx, or is broken off, the
 * request's span fails with this error. The last call counts. Never throws.
 *
 * @param req where it has no span, nothing is done
 */
export function noteError(req: NodeRequest | undefined, error: unknown): void {
  tracedIn(req)?.answersError(error)
}

function tracedIn(req: NodeRequest | undefined): TracedRequest | undefined {
  if (typeof req !== 'object' || req === null) return undefined
  const node: object = 'raw' in req && typeof req.raw === 'object' && req.raw !== null ? req.raw : req
  return (node as Request)[TRACED]
}
