import { type TracingChannel, tracingChannel } from 'node:diagnostics_channel'
import { type Request, TRACED } from '../server/messages.js'
import { isKept } from './router-errors.js'

/** Held, since in Node 20 a channel that nothing holds is collected with its listeners. One channel for all copies. */
let channel: TracingChannel | undefined

/** What the routers of Express publish from release 2.3 of the package router on (https://github.com/pillarjs/router#tracing). */
function routerChannel(): TracingChannel {
  channel ??= tracingChannel('express.router.request')
  return channel
}

let followers = 0

/**
 * Listens to the errors of routers where they come up, until {@link unfollowErrors} is called as often. A router that is listened to also
 * forgets an error that an error handler has dealt with: so this is for those that keep their errors, too.
 */
export function followErrors(): void {
  if (followers++ === 0) routerChannel().error.subscribe(failed)
}

export function unfollowErrors(): void {
  if (--followers === 0) routerChannel().error.unsubscribe(failed)
}

let followsAll = false

/** Listens to errors from now on. Only where it must be, since what routers do then takes time of each request. */
export function followAllErrors(): void {
  if (followsAll) return
  followsAll = true
  followErrors()
}

let followsStarts = false

/**
 * Listens from now on also to what the routers are about to run, with the path as it was written. Called only once a request needs it: it
 * takes 500 bytes of each request.
 */
export function followStarts(): void {
  if (followsStarts) return
  followsStarts = true
  routerChannel().start.subscribe(started)
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
    if (req !== undefined && !isKept(req, error)) req[TRACED]?.answersError(error)
  } catch {
    // The same.
  }
}
