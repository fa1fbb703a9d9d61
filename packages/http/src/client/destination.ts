/** Where a request goes: by what it is sent to, since its headers may come from an untrusted client. */
export interface Destination {
  /** Host and port as URLs spell them, `localhost:8080` or `[::1]`; or the path of a socket or pipe; empty where it is not known. */
  readonly name: string
  /** The name without its port. */
  readonly address: string
  /** 0 … 65535; undefined if it is the protocol's default, or there is none. */
  readonly port: number | undefined
  /** Protocol, host and port; undefined where they make no URL. */
  readonly origin: URL | undefined
}

/** What a connection is opened to. */
export interface Connection {
  /** A name or an address, an IPv6 one with brackets or without. Default `localhost`. */
  readonly host?: unknown
  /** Default the protocol's. */
  readonly port?: unknown
  /** A Unix socket or named pipe, which is opened instead; the host is then only a name. */
  readonly socketPath?: unknown
}

/** Before these characters a URL's host would end, though what is connected to does not. */
const BEYOND_HOST = /[\s/\\?#@]/
const WHOLE_URL = /^[a-z][a-z\d+.-]*:\/\//i

/** @param protocol such as `http:` */
export function destinationOf(protocol: string, { host, port, socketPath }: Connection): Destination {
  const address = bracketed(String(host || 'localhost'))
  const name = port ? `${address}:${port}` : address
  const origin = BEYOND_HOST.test(name) ? undefined : parse(`${protocol}//${name}`)
  if (typeof socketPath === 'string' && socketPath !== '') {
    return { name: socketPath, address: socketPath, port: undefined, origin }
  }
  return origin === undefined ? { name, address, port: Number(port) || undefined, origin } : destinationAt(origin)
}

const knownDestinations = new Map<string, Destination>()
/** A program has few, but it may send requests to any number of hosts. */
const MOST_DESTINATIONS = 1_000

/**
 * It is remembered: to read a URL takes longer than all else that the span of a request needs to know.
 *
 * @param origin such as `http://localhost:8080`, with a slash at its end or without
 */
export function destinationOfOrigin(origin: string): Destination {
  const known = knownDestinations.get(origin)
  if (known !== undefined) return known
  const url = parse(origin)
  const destination =
    url === undefined ? { name: origin, address: origin, port: undefined, origin: url } : destinationAt(url)
  if (knownDestinations.size === MOST_DESTINATIONS) knownDestinations.clear()
  knownDestinations.set(origin, destination)
  return destination
}

function destinationAt(origin: URL): Destination {
  const { host, hostname, port } = origin
  return { name: host, address: hostname, port: port === '' ? undefined : Number(port), origin }
}

function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
}

/**
 * A request's URL. A request to a forward proxy has two: the proxy's, and the one that it sends.
 *
 * @param target what is sent: a path with its query, or a whole URL
 * @returns undefined where there is none
 */
export function urlsOf(origin: URL | undefined, target: string): readonly URL[] | undefined {
  if (origin === undefined) return undefined
  const base = `${origin.protocol}//${origin.host}`
  if (!WHOLE_URL.test(target)) return [new URL(base + (target.startsWith('/') ? target : `/${target}`))]
  const sent = parse(target)
  return sent && [new URL(base + sent.pathname + sent.search), sent]
}

function parse(text: string): URL | undefined {
  try {
    return new URL(text)
  } catch {
    return undefined
  }
}
