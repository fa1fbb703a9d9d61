import http, { type ClientRequest, type RequestOptions } from 'node:http'
import type { Form, Stand } from './differential-stand.js'

/** Options that Node takes and its types do not know. */
export type AnyOptions = RequestOptions & Readonly<Record<string | symbol, unknown>>

export function plain({ port }: Stand, more: object = {}): AnyOptions {
  return { port, path: '/ok', ...more }
}

export function get(more: object, drive?: (request: ClientRequest) => void): Form {
  return (at) => at.go(() => http.request(plain(at, more)), drive)
}

export function withHeaders(headers: unknown): Form {
  return get({ headers })
}

/** An array, which has no name for itself in Node's types. */
export function post(drive: (request: ClientRequest) => void, more: object = {}): Form {
  return get({ method: 'POST', ...more }, drive)
}

/** A URL as another realm or library makes them. */
class ForeignUrl {
  readonly #url: URL

  constructor(text: string) {
    this.#url = new URL(text)
  }

  get href() {
    return this.#url.href
  }
  get protocol() {
    return this.#url.protocol
  }
  get hostname() {
    return this.#url.hostname
  }
  get port() {
    return this.#url.port
  }
  get pathname() {
    return this.#url.pathname
  }
  get search() {
    return this.#url.search
  }
  get hash() {
    return this.#url.hash
  }
  get username() {
    return this.#url.username
  }
  get password() {
    return this.#url.password
  }
}

export function foreignUrl(text: string): URL {
  const made: unknown = new ForeignUrl(text)
  return made as URL
}

/** Options that note each time one of them is read. */
export function noted(at: Stand, options: object): RequestOptions {
  return Object.defineProperties(
    {},
    Object.fromEntries(
      Object.entries(options).map(([name, value]) => {
        const get = () => {
          at.note(`read ${name}`)
          return value
        }
        return [name, { get, enumerable: true }]
      }),
    ),
  )
}
