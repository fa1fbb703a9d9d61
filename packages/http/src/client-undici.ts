import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type ClientRequests, type ClientSpan, type Outgoing, urlOf } from './client-requests.js'

/** A request of undici's, as its diagnostics channels show it (https://undici.nodejs.org, Diagnostics Channel Support). */
interface UndiciRequest {
  readonly origin: string | URL
  readonly path: string
  readonly method: string
  /** Names and values in turn; of old, one text. */
  readonly headers: readonly (string | readonly string[])[] | string
  addHeader(name: string, value: string): void
}

interface Message {
  readonly request: UndiciRequest
  readonly response?: { readonly statusCode: number }
  readonly error?: unknown
}

/**
 * Traces what is sent by `fetch` and undici, whether Node's own or from npm.
 *
 * @param choose who traces a request made now, if anyone
 * @returns what switches it off
 */
export function traceUndici(choose: () => ClientRequests | undefined): () => void {
  // The context of later events may be anybody's: the request is what ties them together.
  const spans = new WeakMap<UndiciRequest, ClientSpan>()
  const on: Record<string, (message: Message) => void> = {
    'undici:request:create': ({ request }) => {
      const span = choose()?.begin(outgoing(request))
      if (span !== undefined) spans.set(request, span)
    },
    'undici:request:headers': ({ request, response }) => spans.get(request)?.answered(response?.statusCode ?? 0),
    'undici:request:trailers': ({ request }) => spans.get(request)?.complete(),
    'undici:request:error': ({ request, error }) => spans.get(request)?.broke(error),
  }
  const listeners = Object.entries(on).map(([channel, listener]) => [channel, guarded(listener)] as const)
  for (const [channel, listener] of listeners) subscribe(channel, listener)
  return () => {
    for (const [channel, listener] of listeners) unsubscribe(channel, listener)
  }
}

/** A subscriber that throws would end the process by an uncaught exception. */
function guarded(listener: (message: Message) => void): (message: unknown) => void {
  return (message) => {
    try {
      listener(message as Message)
    } catch {
      // A message of a shape that no version of undici has had: the request goes on, untraced.
    }
  }
}

function outgoing(request: UndiciRequest): Outgoing {
  return {
    method: request.method,
    url: urlOf(
      typeof request.origin === 'string' ? request.origin.replace(/\/$/, '') : request.origin.origin,
      request.path,
    ),
    hasHeader: (name) => hasHeader(request.headers, name),
    setHeader: (name, value) => request.addHeader(name, value),
  }
}

function hasHeader(headers: UndiciRequest['headers'], name: string): boolean {
  if (typeof headers === 'string') return `\r\n${headers.toLowerCase()}`.includes(`\r\n${name}:`)
  for (let at = 0; at < headers.length; at += 2) if (String(headers[at]).toLowerCase() === name) return true
  return false
}
