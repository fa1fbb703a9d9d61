import { isSet } from 'node:util/types'
import { type Request, tracedOf } from '../server/messages.js'

/**
 * Where routers, from release 2.3 of the package router on, keep the errors of a request, for all copies of it. They forget one that an error
 * handler has dealt with, where they are listened to. It is the router's own and not documented, so {@link watchErrors} looks whether it is so.
 */
const KEPT: unique symbol = Symbol.for('router.tracing.publishedErrors')

type ErringRequest = Request & { readonly [KEPT]?: unknown }

/** Whether a request's routers keep an error. */
export function isKept(req: ErringRequest, error: unknown): boolean {
  const kept = req[KEPT]
  return isSet(kept) && kept.has(error)
}

/**
 * The last error that a request's routers were given and keep, if any: what handlers threw and passed on, and `res.render`, `res.sendFile`,
 * `res.download` and programs passed to `req.next`.
 */
export function keptError(req: ErringRequest): unknown {
  const kept = req[KEPT]
  return kept !== undefined && isSet(kept) ? [...kept].at(-1) : undefined
}

/** A router keeps the first error of a request before it looks for an error handler. */
const ON_FIRST: PropertyDescriptor = {
  configurable: true,
  get: () => undefined,
  set(this: ErringRequest, value: unknown) {
    Reflect.defineProperty(this, KEPT, { configurable: true, enumerable: true, writable: true, value })
    tracedOf(this)?.routes?.erred()
  },
}

/**
 * Has the watches of requests told when these come to have an error. To listen to the routers from the start would take time of each
 * request, of which few fail.
 *
 * @param prototype Express's own that requests inherit from
 * @param app an application whose requests they are
 * @returns whether they will be told: not by routers before 2.3, nor by later ones that keep errors in another way
 */
export function watchErrors(prototype: Request, app: unknown): boolean {
  return keepsErrors(app) && Reflect.defineProperty(prototype, KEPT, ON_FIRST)
}

/** Whether an application's router tells a request that it has an error: shown by a sample. */
function keepsErrors(app: unknown): boolean {
  const sample = new Sample()
  try {
    const { handle } = Reflect.get(Object(app), 'router')
    // In a router of nothing, which runs nothing and publishes nothing.
    Reflect.apply(handle, { stack: [], params: {} }, [sample, {}, () => {}])
    sample.next?.(new Error('a sample'))
  } catch {
    // Not of Express 5.
  }
  return sample.isTold
}

/** As much of a request as a router looks at. */
class Sample {
  readonly url = '/'
  readonly method = 'GET'
  next?: (error: unknown) => void
  isTold = false

  set [KEPT](_errors: unknown) {
    this.isTold = true
  }
}
