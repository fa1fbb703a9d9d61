import { nodeHttp } from './node-http.js'

let knownMethods: ReadonlySet<string> | undefined

/** A request's method. HTTP/2 takes any word for one, which would give names without end: those are `_OTHER`. */
export function methodOf(method: string | undefined): string {
  // Most requests: it saves a twentieth of a microsecond.
  if (method === 'GET') return method
  knownMethods ??= new Set(nodeHttp().METHODS)
  return method !== undefined && knownMethods.has(method) ? method : '_OTHER'
}

/** By method, and by route. */
const routeNames = new Map<string, Map<string, string>>()
/** Of a method: a program has few, but it may make them from what it gets. */
const MOST_NAMES = 1_000

/**
 * The name of requests that a route has matched, or that go to one host. It is remembered, since V8 would put each together anew, and
 * make one piece of it to write it.
 *
 * @param route a pattern, or a host with its port; empty where nothing matched, or where it is not known
 */
export function routeName(method: string, route: string): string {
  if (route === '') return method
  let names = routeNames.get(method)
  if (names === undefined || names.size === MOST_NAMES) {
    names = new Map<string, string>()
    routeNames.set(method, names)
  }
  let name = names.get(route)
  if (name === undefined) {
    name = `${method} ${route}`
    names.set(route, name)
  }
  return name
}

/** The path of a request's target, without query: of `/a?b`, and of the absolute form that proxies get. */
export function pathOf(target: string): string {
  const query = target.indexOf('?')
  const beforeQuery = query === -1 ? target : target.slice(0, query)
  const fragment = beforeQuery.indexOf('#')
  const whole = fragment === -1 ? beforeQuery : beforeQuery.slice(0, fragment)
  if (whole.startsWith('/')) return whole
  const scheme = whole.indexOf('://')
  if (scheme === -1) return whole
  const slash = whole.indexOf('/', scheme + 3)
  return slash === -1 ? '/' : whole.slice(slash)
}

const MASK = '***'

/**
 * The query string of a request's target, without its `?`; undefined where it has none.
 *
 * @param masked names of parameters, in lower case, whose values are left out; `a` stands for `a[]` and `a[b]` too
 */
export function queryOf(target: string, masked: ReadonlySet<string>): string | undefined {
  const start = target.indexOf('?')
  if (start === -1) return undefined
  const end = target.indexOf('#', start)
  const query = target.slice(start + 1, end === -1 ? undefined : end)
  if (masked.size === 0) return query
  return query
    .split('&')
    .map((pair) => {
      const equals = pair.indexOf('=')
      if (equals === -1) return pair
      return masked.has(parameterName(pair.slice(0, equals))) ? `${pair.slice(0, equals)}=${MASK}` : pair
    })
    .join('&')
}

function parameterName(written: string): string {
  const name = written.replaceAll('+', ' ')
  let decoded = name
  try {
    decoded = decodeURIComponent(name)
  } catch {
    // Not percent-encoded: frameworks, too, then take it as it is.
  }
  return decoded.replace(/\[.*$/s, '').trim().toLowerCase()
}

/** The same text as V8 keeps the names of properties. What is written or read by another it searches for anew each time. */
export function asKey(name: string): string {
  return Object.keys({ [name]: true })[0] ?? name
}
