import type { RequestOptions } from 'node:http'
import { urlToHttpOptions } from 'node:url'
import { type Outgoing, urlOf } from './client-requests.js'

/** A call of `request`. Headers that are set on `outgoing` end up in `args`. */
export interface Call {
  readonly outgoing: Outgoing
  readonly args: readonly unknown[]
}

/**
 * Reads a call of `request` that sends its headers as soon as it is made, so that none can be added to the request:
 * they are given as an array, or with `Expect` (https://nodejs.org/api/http.html, `request.headersSent`).
 *
 * @param args as given; they are copied, not changed
 * @param protocol what the module speaks: `http:` or `https:`
 * @returns undefined for every other call
 */
export function callSendingAtOnce(args: readonly unknown[], protocol: string): Call | undefined {
  const [first] = args
  const at = typeof first === 'string' || first instanceof URL ? 1 : 0
  const given = args[at]
  if (typeof given !== 'object' || given === null) return undefined
  const headers = headersSentAtOnce(Reflect.get(given, 'headers'))
  if (headers === undefined) return undefined
  const options: RequestOptions = { ...(at === 1 ? urlToHttpOptions(new URL(String(first))) : {}), ...given }
  return {
    args: [...args.slice(0, at), { ...given, headers: headers.copy }, ...args.slice(at + 1)],
    outgoing: {
      method: (options.method ?? 'GET').toUpperCase(),
      url: urlOf(`${options.protocol ?? protocol}//${headers.get('host') ?? hostOf(options)}`, options.path ?? '/'),
      hasHeader: (name) => headers.get(name) !== undefined,
      setHeader: headers.set,
    },
  }
}

interface Headers {
  readonly copy: unknown
  /** @param name in lower case */
  get(name: string): unknown
  set(name: string, value: string): void
}

function headersSentAtOnce(given: unknown): Headers | undefined {
  if (Array.isArray(given)) return Array.isArray(given[0]) ? pairs([...given]) : list([...given])
  if (typeof given !== 'object' || given === null) return undefined
  const copy = { ...given }
  const get = (name: string) => Object.entries(copy).find(([key]) => key.toLowerCase() === name)?.[1]
  if (get('expect') === undefined) return undefined
  return { copy, get, set: (name, value) => Reflect.set(copy, name, value) }
}

function pairs(copy: unknown[]): Headers {
  return {
    copy,
    get(name) {
      for (const pair of copy) if (Array.isArray(pair) && String(pair[0]).toLowerCase() === name) return pair[1]
    },
    set: (name, value) => copy.push([name, value]),
  }
}

function list(copy: unknown[]): Headers {
  return {
    copy,
    get: (name) => copy.find((_, at) => at % 2 === 1 && String(copy[at - 1]).toLowerCase() === name),
    set: (name, value) => copy.push(name, value),
  }
}

/** As Node writes it into `Host`. */
function hostOf({ hostname, host = 'localhost', port, defaultPort }: RequestOptions): string {
  const name = hostname || host || 'localhost'
  const chosen = port ?? defaultPort
  return (name.includes(':') ? `[${name}]` : name) + (chosen == null ? '' : `:${chosen}`)
}
