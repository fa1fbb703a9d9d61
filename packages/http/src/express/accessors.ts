import { type Request, type RouteSource, tracedOf } from '../server/messages.js'
import { followAllErrors } from './router-channel.js'
import { watchErrors } from './router-errors.js'

/**
 * Where accessors keep what they are given outside a watch, for those of all copies of this package: the latest define theirs over
 * others'. One property for both, since it is looked for on every request.
 */
const GIVEN: unique symbol = Symbol.for('@trace/http/given/1')

/** What Express sets on a request while it goes through its routers. */
export interface Given {
  baseUrl: unknown
  route: unknown
}

const NOTHING_GIVEN: Readonly<Given> = { baseUrl: '', route: undefined }

/** A request as Express has it. */
export type WatchedRequest = Request & {
  readonly app?: unknown
  params?: unknown
  baseUrl?: unknown
  route?: unknown
  [GIVEN]?: Given
}

/** The prototypes that have accessors. */
const accessible = new WeakSet<object>()
/** Nearly always the same: to look for it there takes longer. */
let lastAccessible: object | undefined

/**
 * Has a request's watch told when Express sets `req.baseUrl` and `req.route`. Where they can be, the accessors are those of Express's own
 * prototype (`express.request`): to define some on every request takes longer than all the rest of a span.
 *
 * @param prototype Express's own that the request inherits from, if any
 * @param app the application that the request is in
 * @returns what Express has set before
 */
export function addAccessors(
  req: WatchedRequest,
  prototype: WatchedRequest | undefined,
  app: unknown,
): Readonly<Given> {
  const isAccessible = prototype !== undefined && (prototype === lastAccessible || accessible.has(prototype))
  lastAccessible = prototype
  isAccessed = false
  const { baseUrl } = req
  if (isAccessible && isAccessed) return givenTo(req)
  // By the accessors of another copy of this package, perhaps: only that one knows whether it has kept anything.
  const given: Given = { baseUrl, route: req.route }
  if (isAccessible && !Object.hasOwn(req, 'baseUrl')) return given
  define(req, ACCESSORS)
  if (isAccessible) return given
  if (prototype === undefined || !watchErrors(prototype, app)) followAllErrors()
  if (prototype === undefined) return given
  // Another copy may have kept something for requests that are under way.
  isAnyGiven ||= Object.hasOwn(prototype, 'baseUrl')
  define(prototype, ACCESSORS)
  accessible.add(prototype)
  return given
}

/** Set by the accessor of `baseUrl`: whether there is a property of its own takes longer to find out. */
let isAccessed = false

/** Leaves out a property that cannot be redefined: that is the program's own. */
function define(target: object, properties: PropertyDescriptorMap): void {
  for (const key of Reflect.ownKeys(properties)) Reflect.defineProperty(target, key, properties[key] ?? {})
}

const ACCESSORS: PropertyDescriptorMap = {
  baseUrl: {
    configurable: true,
    enumerable: true,
    get(this: WatchedRequest) {
      isAccessed = true
      return (watchOf(this) ?? givenTo(this)).baseUrl
    },
    set(this: WatchedRequest, value: unknown) {
      const watch = watchOf(this)
      if (watch !== undefined) watch.entered(value)
      else if (value !== '' || givenTo(this) !== NOTHING_GIVEN) give(this, 'baseUrl', value)
    },
  },
  route: {
    configurable: true,
    enumerable: true,
    get(this: WatchedRequest) {
      return (watchOf(this) ?? givenTo(this)).route
    },
    set(this: WatchedRequest, value: unknown) {
      const watch = watchOf(this)
      if (watch === undefined) give(this, 'route', value)
      else watch.matched(value)
    },
  },
}

/** Whether anything was kept so: until then, no request is asked, which would be four times for each. */
let isAnyGiven = false

/**
 * What Express has set outside a watch. It sets `baseUrl` to '' on every request, before the middleware runs: that is not stored, because
 * on Node 20 and 22 one more property costs a request of Express's as much as a span.
 */
function givenTo(req: WatchedRequest): Readonly<Given> {
  return isAnyGiven && Object.hasOwn(req, GIVEN) ? (req[GIVEN] ?? NOTHING_GIVEN) : NOTHING_GIVEN
}

function give(req: WatchedRequest, key: keyof Given, value: unknown): void {
  isAnyGiven = true
  req[GIVEN] ??= { ...NOTHING_GIVEN }
  req[GIVEN][key] = value
}

function watchOf(req: WatchedRequest): RouteSource | undefined {
  return tracedOf(req)?.routes
}
