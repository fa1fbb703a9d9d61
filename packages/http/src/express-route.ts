import { writtenMount } from './express-mounts.js'
import { pathOf } from './naming.js'
import { type Request, type RouteSource, tracedOf } from './traced.js'

const BASE_URL: unique symbol = Symbol('baseUrl')
const ROUTE: unique symbol = Symbol('route')
const HAS_ACCESSORS: unique symbol = Symbol('has accessors')

type WatchedRequest = Request & {
  readonly app?: unknown
  params?: unknown
  baseUrl?: unknown
  route?: unknown
  [BASE_URL]?: unknown
  [ROUTE]?: unknown
  readonly [HAS_ACCESSORS]?: true
}

/** A path that routers are mounted at, as the request has it and as it was written. */
interface Mount {
  readonly url: string
  readonly pattern: string
  /** Names of the parameters that were there. */
  readonly names: readonly string[]
}

/**
 * Follows a request on its way through Express's routers. Express forgets the way: after an error `baseUrl` is that of the
 * outermost router again, and it only ever shows the values of a mount's parameters, not their names.
 *
 * Express sets `req.baseUrl` when it enters and leaves a mount, with `req.params` telling the mount's parameters at that
 * moment, and `req.route` when a route has matched: both become accessors here. Where they can be those of the
 * application's own kind of request (`app.request`), they are: on every request, they take longer than all the rest of a span.
 */
export class RouteWatch implements RouteSource {
  readonly #req: WatchedRequest
  readonly #mounts: Mount[]
  #pattern: string | undefined
  /** What Express has set on the request: kept here, since another property there costs as much as the rest of a span. */
  baseUrl: unknown
  route: unknown

  constructor(req: WatchedRequest) {
    this.#req = req
    this.baseUrl = req.baseUrl
    this.route = req.route
    const url = typeof req.baseUrl === 'string' ? req.baseUrl : ''
    // Of what is above the middleware itself, only values can be seen.
    this.#mounts = url === '' ? [OUTERMOST] : [{ url, pattern: '*', names: [] }]
    addAccessors(req)
  }

  entered(value: unknown): void {
    this.baseUrl = value
    if (typeof value !== 'string') return
    while (this.#mounts.length > 1 && !isBelow(value, this.#innermost().url)) this.#mounts.pop()
    const above = this.#innermost()
    if (value.length <= above.url.length) return
    const params = entriesOf(this.#req.params)
    const text = value.slice(above.url.length)
    const pattern = patternOf(text, params, above.names)
    const below = writtenMount(this.#req.app, {
      text,
      rest: pathOf(this.#req.url ?? ''),
      pattern,
      hasParameters: pattern !== decoded(text),
    })
    const names = [...above.names, ...params.map(([name]) => name)]
    this.#mounts.push({ url: value, pattern: above.pattern + below, names })
  }

  matched(value: unknown): void {
    this.route = value
    if (typeof value !== 'object' || value === null) return
    const path = pathText(Reflect.get(value, 'path'))
    const { pattern } = this.#innermost()
    this.#pattern = path === '/' && pattern !== '' ? pattern : pattern + path
  }

  pattern(): string {
    return this.#pattern ?? this.#innermost().pattern
  }

  #innermost(): Mount {
    return this.#mounts.at(-1) ?? OUTERMOST
  }
}

const OUTERMOST: Mount = { url: '', pattern: '', names: [] }

function addAccessors(req: WatchedRequest): void {
  if (req[HAS_ACCESSORS] && !Object.hasOwn(req, 'baseUrl')) return
  req[BASE_URL] = req.baseUrl
  req[ROUTE] = req.route
  define(req, ACCESSORS)
  const kind: object | null = Object.getPrototypeOf(req)
  // Express's own, to which programs may add; nothing is added to Node's.
  if (kind !== null && Object.hasOwn(kind, 'app')) define(kind, { ...ACCESSORS, [HAS_ACCESSORS]: { value: true } })
}

/** Does without where something stands in the way: that is the program's. */
function define(target: object, properties: PropertyDescriptorMap): void {
  for (const key of Reflect.ownKeys(properties)) Reflect.defineProperty(target, key, properties[key] ?? {})
}

const ACCESSORS: PropertyDescriptorMap = {
  baseUrl: {
    configurable: true,
    enumerable: true,
    get(this: WatchedRequest) {
      const watch = watchOf(this)
      return watch === undefined ? this[BASE_URL] : watch.baseUrl
    },
    set(this: WatchedRequest, value: unknown) {
      const watch = watchOf(this)
      if (watch === undefined) this[BASE_URL] = value
      else watch.entered(value)
    },
  },
  route: {
    configurable: true,
    enumerable: true,
    get(this: WatchedRequest) {
      const watch = watchOf(this)
      return watch === undefined ? this[ROUTE] : watch.route
    },
    set(this: WatchedRequest, value: unknown) {
      const watch = watchOf(this)
      if (watch === undefined) this[ROUTE] = value
      else watch.matched(value)
    },
  },
}

function watchOf(req: WatchedRequest): RouteWatch | undefined {
  const routes = tracedOf(req)?.routes
  return routes instanceof RouteWatch ? routes : undefined
}

function isBelow(url: string, mount: string): boolean {
  return url === mount || url.startsWith(`${mount}/`)
}

/** A route's path as it was written: a text, a regular expression, or a list of them. */
function pathText(path: unknown): string {
  return Array.isArray(path) ? path.map(String).join(',') : String(path)
}

type Param = readonly [name: string, value: string, marker: string]

function entriesOf(params: unknown): readonly Param[] {
  if (typeof params !== 'object' || params === null) return []
  return Object.entries(params).map(([name, value]) => {
    // Unnamed groups are counted; those of a wildcard with a name are a list.
    if (Array.isArray(value)) return [name, value.join('/'), `*${name}`]
    return [name, value === undefined ? '' : String(value), /^\d+$/.test(name) ? '*' : `:${name}`]
  })
}

/**
 * The pattern that a mount's path was made from: the parameters' values, from the last to the first, replaced by their names.
 *
 * @param outer names of the parameters of the mounts around it, which may be among `params` without being in `text`
 */
function patternOf(text: string, params: readonly Param[], outer: readonly string[]): string {
  let pattern = decoded(text)
  let end = pattern.length
  for (const [name, value, marker] of params.toReversed()) {
    if (value === '') continue
    const at = lastPlace(pattern, value, end)
    if (at >= 0) {
      pattern = pattern.slice(0, at) + marker + pattern.slice(at + value.length)
      end = at
    } else if (!outer.includes(name)) {
      // The program has changed the parameter since: rather no path than one with ids in it.
      return '/*'
    }
  }
  return pattern
}

/** Where a value last stands before `end`: as a whole segment, or else as a part of one. */
function lastPlace(text: string, value: string, end: number): number {
  const before = text.slice(0, end)
  for (let at = before.lastIndexOf(value); at >= 0; at = at === 0 ? -1 : before.lastIndexOf(value, at - 1)) {
    const next = text[at + value.length]
    if (text[at - 1] === '/' && (next === undefined || next === '/')) return at
  }
  return before.lastIndexOf(value)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
