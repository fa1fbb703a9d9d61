import type { RequestOptions } from 'node:http'
import { urlToHttpOptions } from 'node:url'
import type { Connection } from './destination.js'
import type { RequestHeaders } from './ids.js'

/** A call of `request`, whose arguments are read once, as Node would, and copied instead of changed. */
export interface RequestCall {
  /** What to call it with: ids that are written into `headers` are in it. */
  readonly args: readonly unknown[]
  /**
   * Only where they are sent as soon as the request is made, so that none could be added to that: they are given as an
   * array, or with `Expect` (https://nodejs.org/api/http.html, `request.headersSent`).
   */
  readonly headers: RequestHeaders | undefined
  /** The options, with those of the URL that is given. */
  options(): RequestOptions
}

/** @throws what a property of the program's own options throws, as Node would */
export function readCall(args: readonly unknown[]): RequestCall {
  const [first] = args
  const at = typeof first === 'string' || isUrl(first) ? 1 : 0
  const given = args[at]
  const isRefused = typeof first === 'string' && !URL.canParse(first)
  if (typeof given !== 'object' || given === null || isRefused) {
    return { args, headers: undefined, options: () => optionsOf(first) }
  }
  const options: RequestOptions = { ...given }
  const headers = copyOf(options.headers)
  if (headers !== undefined) Reflect.set(options, 'headers', headers.copy)
  return {
    args: [...args.slice(0, at), options, ...args.slice(at + 1)],
    headers: headers?.areSentAtOnce === true ? headers : undefined,
    options: () => (at === 0 ? options : { ...optionsOf(first), ...options }),
  }
}

/** As Node tells a URL, which may be of another realm or of a library, from options. */
function isUrl(value: unknown): value is URL {
  if (typeof value !== 'object' || value === null) return false
  const has = (name: string): boolean => Boolean(Reflect.get(value, name))
  const lacks = (name: string): boolean => Reflect.get(value, name) === undefined
  return has('href') && has('protocol') && lacks('auth') && lacks('path')
}

function optionsOf(url: unknown): RequestOptions {
  if (typeof url === 'string') return urlToHttpOptions(new URL(url))
  return isUrl(url) ? urlToHttpOptions(url) : {}
}

/** What Node, too, takes these options to mean: https://nodejs.org/api/http.html#httprequesturl-options-callback */
export function connectionOf(options: RequestOptions): Connection {
  const { hostname, host, port, defaultPort, socketPath } = options
  return { host: hostname || host, port: port || defaultPort, socketPath }
}

interface CopiedHeaders extends RequestHeaders {
  readonly copy: unknown
  readonly areSentAtOnce: boolean
}

/** @returns undefined for headers that are not sent at once, whatever is in them */
function copyOf(given: unknown): CopiedHeaders | undefined {
  if (Array.isArray(given)) {
    if (Array.isArray(given[0])) return pairs([...given])
    // Node refuses a list of odd length, and shows it in its error.
    return given.length % 2 === 0 ? list([...given]) : undefined
  }
  if (typeof given !== 'object' || given === null) return undefined
  return Object.keys(given).some((name) => name.toLowerCase() === 'expect') ? fields({ ...given }) : undefined
}

function fields(copy: object): CopiedHeaders {
  const keysOf = (name: string) => Object.keys(copy).filter((key) => key.toLowerCase() === name)
  const get = (name: string): unknown => {
    const key = keysOf(name).at(-1)
    return key === undefined ? undefined : Reflect.get(copy, key)
  }
  return {
    copy,
    areSentAtOnce: Boolean(get('expect')),
    get,
    set: (name, value) => Reflect.set(copy, name, value),
    remove(name) {
      for (const key of keysOf(name)) Reflect.deleteProperty(copy, key)
    },
  }
}

function pairs(copy: unknown[]): CopiedHeaders {
  const isNamed = (pair: unknown, name: string) => Array.isArray(pair) && String(pair[0]).toLowerCase() === name
  return {
    copy,
    areSentAtOnce: true,
    get: (name) => oneOrAll(copy.filter((pair) => isNamed(pair, name)).map((pair) => Reflect.get(Object(pair), 1))),
    set: (name, value) => copy.push([name, value]),
    remove(name) {
      for (let at = copy.length - 1; at >= 0; at--) if (isNamed(copy[at], name)) copy.splice(at, 1)
    },
  }
}

function list(copy: unknown[]): CopiedHeaders {
  const isNamed = (at: number, name: string) => at % 2 === 0 && String(copy[at]).toLowerCase() === name
  return {
    copy,
    areSentAtOnce: true,
    get: (name) => oneOrAll(copy.filter((_, at) => isNamed(at - 1, name))),
    set: (name, value) => copy.push(name, value),
    remove(name) {
      for (let at = copy.length - 1; at >= 0; at--) if (isNamed(at, name)) copy.splice(at, 2)
    },
  }
}

function oneOrAll(values: readonly unknown[]): unknown {
  return values.length > 1 ? values : values[0]
}
