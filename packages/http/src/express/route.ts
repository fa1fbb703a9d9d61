import { type Request, type RouteSource, tracedOf } from '../server/messages.js'
import { pathOf } from '../values/naming.js'
import { type Entered, enter, type Found, type Place, placeIn } from './mounts.js'
import { UNKNOWN, writtenAs } from './route-matchers.js'
import { followStarts, unpublishedError } from './router-channel.js'

/**
 * Where accessors keep what they are given outside a watch, for those of all copies of this package: the latest define theirs over
 * others'. One property for both, since it is looked for on every request.
 */
const GIVEN: unique symbol = Symbol.for('@trace/http/given/1')

interface Given {
  baseUrl: unknown
  route: unknown
}

const NOTHING_GIVEN: Readonly<Given> = { baseUrl: '', route: undefined }

type WatchedRequest = Request & {
  readonly app?: unknown
  params?: unknown
  baseUrl?: unknown
  route?: unknown
  [GIVEN]?: Given
}

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
 * Express sets `req.baseUrl` when it enters and leaves a mount, and `req.route` when a route has matched: both become accessors here.
 * Where they can be those of Express's own prototype (`express.request`), they are: on every request, they take longer than all the
 * rest of a span. How a mount was written Express 5.3 tells on its channel; in Express 4 it is found by the mount's parameters, which
 * `req.params` tells at that moment.
 */
export class RouteWatch implements RouteSource {
  readonly #req: WatchedRequest
  /** Most requests enter none. */
  #mounts: Mount[] | undefined
  readonly #app: unknown
  #pattern: string | undefined
  /** Where the route that has matched has several paths. */
  #paths: readonly unknown[] | undefined
  /** What Express has set on the request: kept here, since another property there costs as much as the rest of a span. */
  baseUrl: unknown
  route: unknown

  /**
   * @param app the application that the request is in
   * @param prototype Express's own that it inherits from, if any
   */
  constructor(req: WatchedRequest, app: unknown, prototype: WatchedRequest | undefined) {
    this.#req = req
    this.#app = app
    addAccessors(req, prototype)
    const { baseUrl, route } = givenTo(req)
    this.baseUrl = baseUrl
    this.route = route
    // Of what is above the middleware itself, only values can be seen.
    if (typeof baseUrl === 'string' && baseUrl !== '')
      this.#outermost().push({ url: baseUrl, pattern: '*', isKnown: true, app, place: placeIn(app, true) })
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
    if (typeof value !== 'object' || value === null) return
    const path: unknown = Reflect.get(value, 'path')
    this.#paths = Array.isArray(path) ? path.flat(Number.POSITIVE_INFINITY) : undefined
    if (this.#paths !== undefined) followStarts()
    this.#matchedPath(pathText(path))
  }

  #matchedPath(path: string): void {
    const pattern = this.#innermost()?.pattern ?? ''
    this.#pattern = path === '/' && pattern !== '' ? pattern : pattern + path
  }

  started(path: unknown, handler: unknown): void {
    const mount = this.#innermost()
    if (mount?.isKnown === false) {
      mount.isKnown = true
      mount.pattern = (this.#mounts?.at(-2)?.pattern ?? '') + writtenAs(path)
      mount.place = placeIn(handler)
    } else if (this.#paths?.includes(path) === true) {
      this.#paths = undefined
      this.#matchedPath(String(path))
    }
  }

  pattern(): string {
    return this.#pattern ?? this.#innermost()?.pattern ?? ''
  }

  unpublishedError(known: unknown): unknown {
    return unpublishedError(this.#req, known)
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

/** The prototypes that have accessors. */
const accessible = new WeakSet<object>()

function addAccessors(req: WatchedRequest, prototype: WatchedRequest | undefined): void {
  if (prototype !== undefined && accessible.has(prototype) && !Object.hasOwn(req, 'baseUrl')) return
  req[GIVEN] = { baseUrl: req.baseUrl, route: req.route }
  define(req, ACCESSORS)
  if (prototype === undefined) return
  define(prototype, ACCESSORS)
  accessible.add(prototype)
}

/** Leaves out a property that cannot be redefined: that is the program's own. */
function define(target: object, properties: PropertyDescriptorMap): void {
  for (const key of Reflect.ownKeys(properties)) Reflect.defineProperty(target, key, properties[key] ?? {})
}

const ACCESSORS: PropertyDescriptorMap = {
  baseUrl: {
    configurable: true,
    enumerable: true,
    get(this: WatchedRequest) {
      const watch = watchOf(this)
      return watch === undefined ? givenTo(this).baseUrl : watch.baseUrl
    },
    set(this: WatchedRequest, value: unknown) {
      const watch = watchOf(this)
      if (watch !== undefined) watch.entered(value)
      else if (value !== '' || Object.hasOwn(this, GIVEN)) give(this, 'baseUrl', value)
    },
  },
  route: {
    configurable: true,
    enumerable: true,
    get(this: WatchedRequest) {
      const watch = watchOf(this)
      return watch === undefined ? givenTo(this).route : watch.route
    },
    set(this: WatchedRequest, value: unknown) {
      const watch = watchOf(this)
      if (watch === undefined) give(this, 'route', value)
      else watch.matched(value)
    },
  },
}

/**
 * What Express has set outside a watch. It sets `baseUrl` to '' on every request, before the middleware runs: that is not stored, because
 * on Node 20 and 22 one more property costs a request of Express's as much as a span.
 */
function givenTo(req: WatchedRequest): Readonly<Given> {
  return Object.hasOwn(req, GIVEN) ? (req[GIVEN] ?? NOTHING_GIVEN) : NOTHING_GIVEN
}

function give(req: WatchedRequest, key: keyof Given, value: unknown): void {
  req[GIVEN] ??= { ...NOTHING_GIVEN }
  req[GIVEN][key] = value
}

function watchOf(req: WatchedRequest): RouteSource | undefined {
  return tracedOf(req)?.routes
}

function isBelow(url: string, mount: string): boolean {
  return url === mount || url.startsWith(`${mount}/`)
}

/** A route's path as it was written: a text, a regular expression, or a list of them. */
function pathText(path: unknown): string {
  return Array.isArray(path) ? path.map(String).join(',') : String(path)
}
