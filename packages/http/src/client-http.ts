import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import http, { type ClientRequest, IncomingMessage } from 'node:http'
import https from 'node:https'
import { type ClientRequests, type ClientSpan, type Outgoing, urlOf } from './client-requests.js'
import { callSendingAtOnce } from './sent-at-once.js'
import { wrapRequests } from './wrap-request.js'

/** From Node 22.12 on: a channel on which headers can still be set. Subscribing to one that is not there goes unnoticed. */
const HAS_CREATED_CHANNEL = isNode(22, 12)

function isNode(major: number, minor: number): boolean {
  const [thisMajor = 0, thisMinor = 0] = process.versions.node.split('.').map(Number)
  return thisMajor > major || (thisMajor === major && thisMinor >= minor)
}

/** What is known of a request under way. */
interface Sent {
  readonly span: ClientSpan
  error: unknown
  /** It has been idle for as long as the program allows, which then mostly destroys it without any error. */
  isLate: boolean
}

interface Message {
  readonly request: ClientRequest
  readonly error?: unknown
}

const sent = new WeakMap<ClientRequest, Sent>()
const fail = guarded(({ request, error }) => {
  const known = sent.get(request)
  if (known !== undefined && (known.isLate || !isDropped(request, error))) known.error = error
})
let following = false

/** Traces what is sent by `node:http` and `node:https`. @returns what switches it off */
export function traceHttp(requests: ClientRequests): () => void {
  const begin = guarded(({ request }) => {
    if (request.method !== 'CONNECT') follow(request, requests.begin(outgoing(request)))
  })
  let hasSpan = false
  const created = (message: unknown): void => {
    if (!hasSpan) begin(message)
  }
  const stopWrapping = wrapRequests([http, https], (make, args, protocol) => {
    // An agent may make a request while it serves another.
    const hadSpan = hasSpan
    const call = beginAtOnce(requests, args, protocol)
    hasSpan = call !== undefined
    try {
      const request = make(call?.args ?? args)
      if (call !== undefined) follow(request, call.span)
      else if (!HAS_CREATED_CHANNEL) begin({ request })
      return request
    } catch (error) {
      call?.span.broke(error)
      throw error
    } finally {
      hasSpan = hadSpan
    }
  })
  // For good: what is under way when this is switched off is to end as it does.
  if (!following) subscribe('http.client.request.error', fail)
  following = true
  if (HAS_CREATED_CHANNEL) subscribe('http.client.request.created', created)
  return () => {
    stopWrapping()
    unsubscribe('http.client.request.created', created)
  }
}

function follow(request: ClientRequest, span: ClientSpan | undefined): void {
  if (span === undefined) return
  const known: Sent = { span, error: undefined, isLate: false }
  sent.set(request, known)
  // Listeners for `response` or `error` would change what the program sees: an unread response, an unhandled error.
  request.once('timeout', () => {
    known.isLate = true
  })
  request.once('close', () => end(request, known))
}

/** Starts the span of a request whose headers are sent as it is made. @returns undefined for any other */
function beginAtOnce(
  requests: ClientRequests,
  given: readonly unknown[],
  protocol: string,
): { args: readonly unknown[]; span: ClientSpan } | undefined {
  try {
    const call = callSendingAtOnce(given, protocol)
    if (call === undefined || call.outgoing.method === 'CONNECT') return undefined
    const span = requests.begin(call.outgoing)
    return span && { args: call.args, span }
  } catch {
    // Its target is no URL, say: it goes on, untraced.
    return undefined
  }
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

function outgoing(request: ClientRequest): Outgoing {
  const host = request.getHeader('host') ?? request.host
  return {
    method: request.method,
    url: urlOf(`${request.protocol}//${host}`, request.path),
    hasHeader: (name) => request.hasHeader(name),
    // Sent already where `ClientRequest` was made by hand, with headers given as an array or with `Expect`.
    setHeader: (name, value) => {
      if (!request.headersSent) request.setHeader(name, value)
    },
  }
}

/** Whether an error is what Node makes up where the program itself destroys a request, before its response, without one. */
function isDropped(request: ClientRequest, error: unknown): boolean {
  // A request that the other end breaks off is destroyed only afterwards.
  return request.destroyed && Reflect.get(Object(error), 'message') === 'socket hang up'
}

function end(request: ClientRequest, { span, error, isLate }: Sent): void {
  const response: unknown = Reflect.get(request, 'res')
  if (!(response instanceof IncomingMessage)) {
    span.broke(error)
    return
  }
  span.answered(response.statusCode ?? 0)
  if (response.complete) span.complete()
  else span.broke(error ?? (isLate || wasCut(request) ? response.errored : undefined))
}

/** Whether it was not the program itself that broke off a response: that makes an error on it too, the same as a cut. */
function wasCut({ socket }: ClientRequest): boolean {
  return socket === null || socket.readableEnded || socket.errored !== null
}
