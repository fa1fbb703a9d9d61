import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import http, { type ClientRequest, IncomingMessage } from 'node:http'
import https from 'node:https'
import type { ClientRequests, ClientSpan } from './client-requests.js'
import { wrapRequests } from './wrap-request.js'

/** What is known of a request under way. */
interface Sent {
  readonly span: ClientSpan
  error: unknown
}

interface Message {
  readonly request: ClientRequest
  readonly error?: unknown
}

/** Traces what is sent by `node:http` and `node:https`. @returns what switches it off */
export function traceHttp(requests: ClientRequests): () => void {
  const sent = new WeakMap<ClientRequest, Sent>()
  const begin = guarded(({ request }) => {
    const span = request.method === 'CONNECT' ? undefined : requests.begin(outgoing(request))
    if (span === undefined) return
    sent.set(request, { span, error: undefined })
    // Listeners for `response` or `error` would change what the program sees: an unread response, an unhandled error.
    request.once('close', () => end(request, sent.get(request)))
  })
  const fail = guarded(({ request, error }) => {
    const known = sent.get(request)
    if (known !== undefined) known.error = error
  })
  subscribe('http.client.request.error', fail)
  const stop = hasCreatedChannel()
    ? subscribed('http.client.request.created', begin)
    : wrapRequests([http, https], begin)
  return () => {
    unsubscribe('http.client.request.error', fail)
    stop()
  }
}

/** The first releases with a channel on which headers can still be set; subscribing to one that is not there goes unnoticed. */
function hasCreatedChannel(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  return major > 22 || (major === 22 && minor >= 12)
}

function subscribed(channel: string, listener: (message: unknown) => void): () => void {
  subscribe(channel, listener)
  return () => unsubscribe(channel, listener)
}

/** A subscriber that throws would end the process by an uncaught exception. */
function guarded(listener: (message: Message) => void): (message: unknown) => void {
  return (message) => {
    try {
      listener(message as Message)
    } catch {
      // A request whose target is no URL, say: it goes on, untraced.
    }
  }
}

function outgoing(request: ClientRequest): Parameters<ClientRequests['begin']>[0] {
  const host = request.getHeader('host') ?? request.host
  return {
    method: request.method,
    url: new URL(request.path, `${request.protocol}//${host}`),
    hasHeader: (name) => request.hasHeader(name),
    // With headers given as an array, or with `Expect`, they are on their way already.
    setHeader: (name, value) => {
      if (!request.headersSent) request.setHeader(name, value)
    },
  }
}

function end(request: ClientRequest, sent: Sent | undefined): void {
  if (sent === undefined) return
  const { span, error } = sent
  const response: unknown = Reflect.get(request, 'res')
  if (!(response instanceof IncomingMessage)) {
    span.broke(error ?? request.errored)
    return
  }
  span.answered(response.statusCode ?? 0)
  if (response.statusCode === 101) span.upgraded()
  else if (response.complete) span.complete()
  else span.broke(response.errored ?? error)
}
