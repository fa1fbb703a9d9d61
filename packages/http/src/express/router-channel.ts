import { type TracingChannel, tracingChannel } from 'node:diagnostics_channel'
import { isSet } from 'node:util/types'
import { type Request, TRACED } from '../server/messages.js'

/** Held, since in Node 20 a channel that nothing holds is collected with its listeners. */
let channel: TracingChannel | undefined

/**
 * Listens to the errors that the routers of Express publish where they come up, from release 2.3 of the package router on
 * (https://github.com/pillarjs/router#tracing). One channel for all copies.
 */
export function followErrors(): void {
  if (channel !== undefined) return
  channel = tracingChannel('express.router.request')
  channel.error.subscribe(failed)
}

let followsStarts = false

/**
 * Listens from now on also to what the routers are about to run, with the path as it was written. Called only once a request needs it: it
 * takes 500 bytes of each request.
 */
export function followStarts(): void {
  if (followsStarts) return
  followsStarts = true
  channel?.start.subscribe(started)
}

interface Message {
  readonly req?: Request
  readonly route?: unknown
  readonly handler?: unknown
  readonly error?: unknown
}

function started(message: unknown): void {
  try {
    const { req, route, handler } = message as Message
    req?.[TRACED]?.routes?.started(route, handler)
  } catch {
    // Node would make an uncaught exception of it.
  }
}

function failed(message: unknown): void {
  try {
    const { req, error } = message as Message
    req?.[TRACED]?.answersError(error)
  } catch {
    // The same.
  }
}

/**
 * Where the router, from release 2.3 on, keeps the errors of a request that no error handler has dealt with, for all copies of it. It is the
 * router's own and not documented. Were it gone, such errors would be known only by `traceExpressErrors`.
 */
const SEEN: unique symbol = Symbol.for('router.tracing.publishedErrors')

/**
 * The last error that a request's routers were given and did not publish: what `res.render`, `res.sendFile`, `res.download` and programs pass
 * to `req.next`. Read only when a request has failed, since to learn of these as they come up would take time of each request.
 *
 * @param known the error that is known so far, if any
 * @returns undefined where there is none, or the routers know of the one that is known
 */
export function unpublishedError(req: Request & { readonly [SEEN]?: unknown }, known: unknown): unknown {
  const seen = req[SEEN]
  return isSet(seen) && !seen.has(known) ? [...seen].at(-1) : undefined
}
