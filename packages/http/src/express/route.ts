import type { RouteSource } from '../server/messages.js'
import { pathOf } from '../values/naming.js'
import { addAccessors, type Given, type WatchedRequest } from './accessors.js'
import { type Entered, enter, type Found, type Place, placeIn } from './mounts.js'
import { UNKNOWN, writtenAs } from './route-matchers.js'
import { followAllErrors, followErrors, followStarts, unfollowErrors } from './router-channel.js'
import { isKept, keptError } from './router-errors.js'

/** A path that routers are mounted at, as the request has it and as it was written. */
interface Mount {
  readonly url: string
  pattern: string
  /** Whether the pattern is what was written. Express 5.3 tells it in the next moment; what never tells it stays `/*`. */
  isKnown: boolean
  /** The application that it is in. */
  readonly app: unknown
  place: Place
  /** An application that is mounted there, as far as the request is in that. */
  inner?: Place
}

/**
 * Follows a request through Express's routers. Express does not keep the path: after an error `baseUrl` is that of the outermost
 * router again, and it shows only the values of a mount's parameters, never their names.
 *
 * Express sets `req.baseUrl` when it enters and leaves a mount, and `req.route` when a route has matched: see `addAccessors`. How a mount
 * was written Express 5.3 tells on its channel; in Express 4 it is found by the mount's parameters, which `req.params` tells at that moment.
 */
export class RouteWatch implements RouteSource {
  readonly #req: WatchedRequest
  /** Most requests enter none. */
  #mounts: Mount[] | undefined
  readonly #app: unknown
  /**
   * The path of the last route that has matched, and what that stands in. Of several paths, the one that it was, where Express 5.3 tells it.
   * What they make is put together only at the end: Express sets each route twice.
   */
  #path: unknown
  #pathIn: Mount | undefined
  /** The last one before the request came here: dealt with. */
  readonly #earlierError: unknown
  /** Whether errors are followed until the request ends; undefined once it has ended. */
  #followsErrors: boolean | undefined = false
  /** What Express has set on the request: kept here, since another property there costs as much as the rest of a span. */
  baseUrl: unknown
  route: unknown

  /**
   * @param app the application that the request is in
   * @param prototype Express's own that it inherits from, if any
   */
  static of(req: WatchedRequest, app: unknown, prototype: WatchedRequest | undefined): RouteWatch {
    const watch = new RouteWatch(req, app, addAccessors(req, prototype, app))
    if (watch.#earlierError !== undefined) watch.erred()
    if (watch.baseUrl !== '') watch.#beginBelow(watch.baseUrl)
    return watch
  }

  /** So short that V8 makes it a part of its caller, where setting a property of what is new needs no checks. */
  private constructor(req: WatchedRequest, app: unknown, { baseUrl, route }: Readonly<Given>) {
    this.#req = req
    this.#app = app
    this.#earlierError = keptError(req)
    this.baseUrl = baseUrl
    this.route = route
  }

  /** Of what is above the middleware itself, only values can be seen. */
  #beginBelow(url: unknown): void {
    if (typeof url !== 'string') return
    const app = this.#app
    this.#outermost().push({ url, pattern: '*', isKnown: true, app, place: placeIn(app, true) })
  }

  entered(value: unknown): void {
    this.baseUrl = value
    if (typeof value !== 'string' || (value === '' && this.#mounts === undefined)) return
    try {
      this.#enter(value)
    } catch {
      // Something else than Express's own is mounted there: what cannot be read has no name.
      this.#push({ url: value, app: undefined }, undefined)
    }
  }

  #enter(value: string): void {
    const mounts = this.#outermost()
    while (mounts.length > 1 && !isBelow(value, this.#innermost()?.url ?? '')) mounts.pop()
    const above = this.#innermost()
    if (above === undefined || value.length <= above.url.length) return
    const { app, params, url } = this.#req
    const found = find(above, app, { text: value.slice(above.url.length), rest: pathOf(url ?? ''), params })
    this.#push({ url: value, app }, found)
  }

  #push(mount: Pick<Mount, 'url' | 'app'>, found: Found | undefined): void {
    const pattern = (this.#innermost()?.pattern ?? '') + (found?.written ?? UNKNOWN)
    if (found === undefined) followStarts()
    this.#outermost().push({ ...mount, pattern, isKnown: found !== undefined, place: placeIn(found?.handle) })
  }

  matched(value: unknown): void {
    this.route = value
    const path = pathOfRoute(value)
    if (path === undefined) return
    this.#path = path
    this.#pathIn = this.#innermost()
    if (Array.isArray(path)) followStarts()
    // What fails there, and is answered there, the router of the route is never given.
    if (hasErrorHandler(value)) followAllErrors()
  }

  started(path: unknown, handler: unknown): void {
    const mount = this.#innermost()
    if (mount?.isKnown === false) {
      mount.isKnown = true
      mount.pattern = (this.#mounts?.at(-2)?.pattern ?? '') + writtenAs(path)
      mount.place = placeIn(handler)
    } else if (Array.isArray(this.#path) && this.#path.flat(Number.POSITIVE_INFINITY).includes(path)) this.#path = path
  }

  pattern(): string {
    if (this.#path === undefined) return this.#innermost()?.pattern ?? ''
    const path = pathText(this.#path)
    const pattern = this.#pathIn?.pattern ?? ''
    return path === '/' && pattern !== '' ? pattern : pattern + path
  }

  erred(): void {
    if (this.#followsErrors !== false) return
    this.#followsErrors = true
    followErrors()
  }

  keptError(known: unknown): unknown {
    const error = keptError(this.#req)
    return error === this.#earlierError || isKept(this.#req, known) ? undefined : error
  }

  ended(): void {
    const follows = this.#followsErrors
    this.#followsErrors = undefined
    if (follows === true) unfollowErrors()
  }

  #innermost(): Mount | undefined {
    return this.#mounts?.at(-1)
  }

  #outermost(): Mount[] {
    const app = this.#app
    this.#mounts ??= [{ url: '', pattern: '', isKnown: true, app, place: placeIn(app) }]
    return this.#mounts
  }
}

/** @param app the application that the request is in, which may be one that took nothing of the path */
function find(mount: Mount, app: unknown, entered: Entered): Found | undefined {
  if (app === mount.app) return enter(mount.place, entered)
  if (mount.inner === undefined || mount.inner.of !== app) mount.inner = placeIn(app)
  return enter(mount.inner, entered) ?? enter(mount.place, entered)
}

function isBelow(url: string, mount: string): boolean {
  return url === mount || url.startsWith(`${mount}/`)
}

/** The last route without error handlers of its own, and how many handlers it had. */
const plain: { route: unknown; handlers: number } = { route: undefined, handlers: 0 }

function hasErrorHandler(route: unknown): boolean {
  try {
    const { stack }: { readonly stack?: unknown } = Object(route)
    if (!Array.isArray(stack) || (route === plain.route && stack.length === plain.handlers)) return false
    if (stack.some(({ handle }) => typeof handle === 'function' && handle.length === 4)) return true
    plain.route = route
    plain.handlers = stack.length
  } catch {
    // No route of Express's.
  }
  return false
}

/** Undefined for what is no route of Express's: a program may set anything. */
function pathOfRoute(route: unknown): unknown {
  try {
    const { path }: { readonly path?: unknown } = Object(route)
    return path
  } catch {
    return undefined
  }
}

/** A route's path as it was written: a text, a regular expression, or a list of them. */
function pathText(path: unknown): string {
  try {
    return Array.isArray(path) ? path.map(String).join(',') : String(path)
  } catch {
    return UNKNOWN
  }
}
