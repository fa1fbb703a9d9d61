import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { destinationOfOrigin } from './destination.js'
import type { RequestHeaders } from './ids.js'
import type { ClientRequests, ClientSpan } from './requests.js'

/** A request of undici's, as its diagnostics channels show it (https://undici.nodejs.org, Diagnostics Channel Support). */
interface UndiciRequest {
  readonly origin: string | URL
  readonly path: string
  readonly method: string
  /** The protocol that is asked for instead. */
  readonly upgrade?: string | null
  /** Names and values in turn; in undici 5, one text. */
  headers: unknown[] | string
  addHeader(name: string, value: string): void
}

interface Message {
  readonly request: UndiciRequest
  readonly response?: { readonly statusCode: number }
  readonly error?: unknown
  readonly socket?: Socket
}

interface Opened {
  readonly address?: object
  readonly handshakeResponse?: { readonly status: number }
}

type Listener = (message: Message & Opened) => void

/**
 * Ends the spans of upgrades by undici, most of whose versions publish no answer to one: at the latest when their socket
 * closes. What fails is published, and before that.
 */
export class Upgrades {
  readonly #waiting = new Map<Socket, readonly ClientSpan[]>()

  /** The upgrade has been asked for. */
  sent(span: ClientSpan, socket: Socket): void {
    const before = this.#waiting.get(socket)
    if (before === undefined) socket.once('close', () => this.#closed(socket))
    this.#waiting.set(socket, [...(before ?? []).filter(({ isEnded }) => !isEnded), span])
  }

  /** A WebSocket is open. All that ties it to its request is the address of the socket's own end. */
  opened(address: object, status: number | undefined): void {
    const [, spans] = [...this.#waiting].find(([socket]) => isSame(socket.address(), address)) ?? []
    spans?.find(({ isEnded }) => !isEnded)?.upgraded(status)
  }

  #closed(socket: Socket): void {
    for (const span of this.#waiting.get(socket) ?? []) span.upgraded()
    this.#waiting.delete(socket)
  }
}

function isSame(one: object, other: object): boolean {
  return ['address', 'port'].every((name) => {
    const value: unknown = Reflect.get(one, name)
    return value !== undefined && value === Reflect.get(other, name)
  })
}

// The context of these events may be anybody's: the request is what ties them together.
const spans = new WeakMap<UndiciRequest, ClientSpan>()
const upgrades = new Upgrades()

const LATER: Readonly<Record<string, Listener>> = {
  'undici:client:sendHeaders': ({ request, socket }) => {
    const span = request.upgrade ? spans.get(request) : undefined
    if (span !== undefined && socket !== undefined) upgrades.sent(span, socket)
  },
  'undici:websocket:open': ({ address, handshakeResponse }) => {
    if (address !== undefined) upgrades.opened(address, handshakeResponse?.status)
  },
  'undici:request:headers': ({ request, response }) => spans.get(request)?.answered(response?.statusCode ?? 0),
  'undici:request:trailers': ({ request }) => spanOfEnded(request)?.complete(),
  'undici:request:error': ({ request, error }) => spanOfEnded(request)?.broke(error),
}

/** Takes it out of the map: one that only grows until all garbage is collected costs more. */
function spanOfEnded(request: UndiciRequest): ClientSpan | undefined {
  const span = spans.get(request)
  if (span !== undefined) spans.delete(request)
  return span
}

let following = false

/**
 * Traces what is sent by `fetch` and undici, whether Node's own or from npm.
 *
 * @param choose who traces a request made now, if anyone
 * @returns what switches it off
 */
export function traceUndici(choose: () => ClientRequests | undefined): () => void {
  const create = guarded(({ request }) => {
    // A proxy's tunnel: what goes through it has a span of its own, and its ids are none of the proxy's business.
    if (request.method === 'CONNECT') return
    const { method, origin, path } = request
    const destination = destinationOfOrigin(typeof origin === 'string' ? origin : origin.origin)
    const span = choose()?.begin({ method, destination, target: path })
    if (span === undefined) return
    spans.set(request, span)
    span.sending(new UndiciHeaders(request))
  })
  subscribe('undici:request:create', create)
  // For good: what is under way when this is switched off is to end too.
  if (!following) for (const [channel, listener] of Object.entries(LATER)) subscribe(channel, guarded(listener))
  following = true
  return () => {
    unsubscribe('undici:request:create', create)
  }
}

/** A subscriber that throws would end the process by an uncaught exception. */
function guarded(listener: Listener): (message: unknown) => void {
  return (message) => {
    try {
      listener(message as Message & Opened)
    } catch {
      // A message of a shape that no version of undici has had: the request goes on, untraced.
    }
  }
}

/** A class, so that a request has no functions of its own: most only set one header. */
class UndiciHeaders implements RequestHeaders {
  readonly #request: UndiciRequest

  constructor(request: UndiciRequest) {
    this.#request = request
  }

  get(name: string): unknown {
    const { headers } = this.#request
    return oneOrAll(typeof headers === 'string' ? linesOf(headers, name) : valuesIn(headers, name))
  }

  set(name: string, value: string): void {
    this.#request.addHeader(name, value)
  }

  remove(name: string): void {
    const { headers } = this.#request
    if (typeof headers === 'string') {
      const others = headers.split('\r\n').filter((line) => !isLineOf(line, name))
      this.#request.headers = others.join('\r\n')
    } else {
      for (let at = headers.length - 2; at >= 0; at -= 2) if (isNamed(headers[at], name)) headers.splice(at, 2)
    }
  }
}

/** @param headers names and values in turn */
function valuesIn(headers: readonly unknown[], name: string): readonly unknown[] {
  const values: unknown[] = []
  for (let at = 0; at + 1 < headers.length; at += 2) if (isNamed(headers[at], name)) values.push(headers[at + 1])
  return values
}

function oneOrAll(values: readonly unknown[]): unknown {
  return values.length > 1 ? values : values[0]
}

function linesOf(headers: string, name: string): readonly string[] {
  const lines = headers.split('\r\n').filter((line) => isLineOf(line, name))
  return lines.map((line) => line.slice(name.length + 1).trim())
}

function isNamed(found: unknown, name: string): boolean {
  const text = String(found)
  // Nearly all others differ in length, too.
  return text.length === name.length && text.toLowerCase() === name
}

function isLineOf(line: string, name: string): boolean {
  return line.toLowerCase().startsWith(`${name}:`)
}
