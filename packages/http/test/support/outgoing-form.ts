import http, { type ClientRequest, type RequestOptions } from 'node:http'
import type { Form, Stand } from './differential-stand.js'

/** Options that Node takes although its types lack them. */
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

/** Headers as an array, for which Node's types have no name. */
export function post(drive: (request: ClientRequest) => void, more: object = {}): Form {
  return get({ method: 'POST', ...more }, drive)
}

/** A URL object of another realm or library. */
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

/** Options that note each read of one of them. */
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
