import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import http, { Agent, type ClientRequest } from 'node:http'
import https from 'node:https'
import { currentSpan } from '@trace/core'
import { type Connection, destinationOf } from './destination.js'
import type { RequestHeaders } from './ids.js'
import { patchAddRequest, patchRequest } from './patch-http.js'
import { connectionOf, type RequestCall, readCall } from './request-call.js'
import { type ClientRequests, type ClientSpan, type Outgoing, propertyOf } from './requests.js'
import { WatchedRequests } from './watched-requests.js'

/** What is known of a request under way. */
interface Sent {
  readonly span: ClientSpan
  error: unknown
  /** It has been idle for as long as the program allows, which then mostly destroys it without any error. */
  isLate: boolean
}

/** A call of `request` or `get` under way. */
interface Making {
  readonly call: RequestCall
  /** Of a request whose head is sent as it is made. */
  readonly span: ClientSpan | undefined
}

/** Of a request, or of the options of one. */
interface Asked {
  readonly protocol?: string | null | undefined
  readonly method?: string | undefined
  readonly path?: string | null | undefined
  readonly agent?: unknown
}

const sent = new WeakMap<ClientRequest, Sent>()
const watched = new WatchedRequests({ sending, emitting })
let isOn = false
let underWay = 0

/** Traces what is sent by `node:http` and `node:https`. @returns what switches it off */
export function traceHttp(requests: ClientRequests): () => void {
  let making: Making | undefined
  const begin = (request: ClientRequest, connection?: Connection): void => {
    if (currentSpan() === undefined || sent.has(request) || !watched.watch(request)) return
    if (request.method === 'CONNECT' || (making?.span !== undefined && request.headersSent)) return
    try {
      // Without an agent of Node's, the port is known only by the options that `request` was called with.
      const opened = connection ?? (making === undefined ? request : connectionOf(making.call.options()))
      const span = requests.begin(outgoing(request, opened))
      if (span !== undefined) follow(request, span)
    } catch {
      // Another object in the place of a request: it goes on, untraced.
    }
  }
  const created = (message: unknown): void => begin(Reflect.get(Object(message), 'request'))
  const stopAgents = patchAddRequest(Agent.prototype, begin)
  const stopCalls = patchRequest([http, https], (make, args, protocol) => {
    if (currentSpan() === undefined) return make(args)
    const call = readCall(args)
    const span = beginAtOnce(requests, call, protocol)
    // An agent may make a request while it serves another.
    const before = making
    making = { call, span }
    try {
      const request = make(call.args)
      if (span === undefined) begin(request)
      else if (!sent.has(request) && watched.watch(request)) follow(request, span)
      else span.complete()
      return request
    } catch (error) {
      span?.broke(error)
      throw error
    } finally {
      making = before
    }
  })
  // From Node 22.12 on: for those that neither an agent of Node's nor a wrapped function has made.
  subscribe('http.client.request.created', created)
  isOn = true
  return () => {
    stopAgents()
    stopCalls()
    unsubscribe('http.client.request.created', created)
    isOn = false
    rest()
  }
}

/** Starts the span of a request whose head is sent as it is made. @returns undefined for any other */
function beginAtOnce(requests: ClientRequests, call: RequestCall, protocol: string): ClientSpan | undefined {
  if (call.headers === undefined) return undefined
  try {
    const options = call.options()
    const { method } = options
    if (method?.toUpperCase() === 'CONNECT') return undefined
    const span = requests.begin(outgoing({ ...options, protocol: options.protocol || protocol }, connectionOf(options)))
    span?.sending(call.headers)
    return span
  } catch {
    // Node, too, is about to refuse such options.
    return undefined
  }
}

function outgoing({ protocol, method, path, agent }: Asked, connection: Connection): Outgoing {
  // To Node, too, an agent's own options come before those of a request.
  const opened: Connection = agent instanceof Agent ? { ...connection, ...Reflect.get(agent, 'options') } : connection
  return {
    method: (method || 'GET').toUpperCase(),
    target: String(path || '/'),
    destination: destinationOf(protocol || 'http:', opened),
  }
}

function follow(request: ClientRequest, span: ClientSpan): void {
  underWay++
  sent.set(request, { span, error: undefined, isLate: false })
}

/** The head of a request may be about to be sent. */
function sending(request: ClientRequest): void {
  const known = sent.get(request)
  if (known !== undefined && !request.headersSent) known.span.sending(new Head(request))
}

class Head implements RequestHeaders {
  readonly #request: ClientRequest

  constructor(request: ClientRequest) {
    this.#request = request
  }

  get(name: string): unknown {
    return this.#request.getHeader(name)
  }

  set(name: string, value: string): void {
    this.#request.setHeader(name, value)
  }

  remove(name: string): void {
    this.#request.removeHeader(name)
  }
}

function emitting(request: ClientRequest, event: unknown, value: unknown): void {
  if (event !== 'close' && event !== 'error' && event !== 'timeout') return
  const known = sent.get(request)
  if (known === undefined) return
  if (event === 'timeout') known.isLate = true
  if (event === 'error' && (known.isLate || !isDropped(request, value))) known.error = value
  // Agents that are not Node's may fail to connect without any `close`.
  if (event === 'close' || (event === 'error' && !request.socket)) end(request, known)
}

/** Whether the error is Node's own: it makes one if the program destroys a request without an error before the response. */
function isDropped(request: ClientRequest, error: unknown): boolean {
  // A request that the other end breaks off is destroyed only afterwards.
  return request.destroyed && propertyOf(error, 'message') === 'socket hang up'
}

interface Answer {
  readonly statusCode?: number
  readonly complete: boolean
  readonly errored: Error | null
}

function end(request: ClientRequest, { span, error, isLate }: Sent): void {
  sent.delete(request)
  underWay--
  const response: Answer | null | undefined = Reflect.get(request, 'res')
  if (typeof response !== 'object' || response === null) {
    span.broke(error)
  } else {
    span.answered(response.statusCode ?? 0)
    if (response.complete) span.complete()
    else span.broke(error ?? (isLate || wasCut(request) ? response.errored : undefined))
  }
  rest()
}

/** Whether it was not the program itself that broke off a response: that makes an error on it too, the same as a cut. */
function wasCut({ socket }: ClientRequest): boolean {
  return socket === null || socket.readableEnded || socket.errored !== null
}

/** Requests under way when this is switched off still end as usual; after the last one nothing is watched any more. */
function rest(): void {
  if (!isOn && underWay === 0) watched.stop()
}
