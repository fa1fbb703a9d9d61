import { EventEmitter } from 'node:events'
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { type ActiveSpan, currentSpan, type StartOptions } from '@trace/core'
import { type CallerIds, formatIdHeader, isForeignId, parseIdHeader, replaceHeader } from './header.js'
import { type ServerOptions, type Settings, settingsFrom } from './options.js'

/** Why a request's span ended: `completed` where the whole response was sent. */
export type EndReason = 'completed' | 'aborted' | 'error'

/** Marks a request, and what belongs to it, as traced; one for all copies of this package, so that none traces it again. */
const TRACED: unique symbol = Symbol.for('@trace/http/traced/1')
const LIVE: unique symbol = Symbol('live requests')

type Emit = EventEmitter['emit']
type Request = IncomingMessage & { originalUrl?: string; [TRACED]?: TracedRequest }
type Response = ServerResponse & { [TRACED]?: TracedRequest }
type Connection = Socket & { [LIVE]?: Set<TracedRequest> }

/** Where an adapter's framework keeps the response's headers until it sends them, if not on the response itself. */
export interface HeaderHolder {
  header(name: string, value: string): unknown
}

const NEW_TRACE: StartOptions = { root: true }

/** Starts the spans of a server's requests: all that the adapters have in common. */
export class RequestTracer {
  readonly #settings: Settings

  /**
   * @param adapter its name, for messages
   * @throws {TraceError} `TRACE_BAD_OPTION`: names the option, what was expected, and what was got
   */
  constructor(adapter: string, options: ServerOptions) {
    this.#settings = settingsFrom(adapter, options)
  }

  /** The response's header in lower case; undefined where none is to be sent. */
  get respHeader(): string | undefined {
    return this.#settings.addRespHeader ? this.#settings.lowerKey : undefined
  }

  /**
   * Starts a request's span, which ends by itself: when the response has been sent, or the connection closed.
   *
   * @param route the pattern that the request matched, for the span's name; default its path
   * @param holder what takes the response's header; default the response
   * @returns undefined where the request has a span already; never throws
   */
  begin(req: Request, res: Response, route?: string, holder?: HeaderHolder): TracedRequest | undefined {
    if (req[TRACED] !== undefined) return undefined
    let span: ActiveSpan | undefined
    try {
      span = this.#start(req, route)
      const traced = new TracedRequest(span, req, res)
      this.#sendIds(req, res, span, holder)
      return traced
    } catch {
      // Only an odd stand-in for a request or a tracer gets here: it is served, without a span where there can be none.
      if (req[TRACED] === undefined) span?.finish()
      return req[TRACED]
    }
  }

  #start(req: Request, route: string | undefined): ActiveSpan {
    const { tracer, kind, lowerKey, honorReqHeader } = this.#settings
    const method = req.method ?? ''
    const path = pathOf(req.originalUrl ?? req.url ?? '')
    const header = req.headers[lowerKey]
    const caller = typeof header === 'string' ? parseIdHeader(header) : undefined
    const span = tracer.start(kind, `${method} ${route ?? path}`, honorReqHeader ? continuing(caller) : NEW_TRACE)
    const { data } = span
    data['http.request.method'] = method
    data['url.path'] = path
    if (typeof header !== 'string') return span
    if (caller === undefined) {
      if (isForeignId(header)) data['request.id'] = header
    } else if (!honorReqHeader) {
      data['untrusted.parent'] = formatIdHeader(caller)
    }
    return span
  }

  #sendIds(req: Request, res: Response, span: ActiveSpan, holder: HeaderHolder | undefined): void {
    const { headerKey, lowerKey, addRespHeader } = this.#settings
    const traceId = String(span.traceId)
    replaceHeader(req, headerKey, lowerKey, `${traceId}:${span.spanId}`)
    if (!addRespHeader || res.headersSent) return
    if (holder === undefined) res.setHeader(headerKey, traceId)
    else holder.header(headerKey, traceId)
  }
}

function continuing(caller: CallerIds | undefined): StartOptions {
  return caller === undefined ? NEW_TRACE : { traceId: caller.traceId, parentId: caller.spanId }
}

/** The path of a request's target, without query: of `/a?b`, and of the absolute form that proxies get. */
export function pathOf(target: string): string {
  const end = target.search(/[?#]/)
  const whole = end === -1 ? target : target.slice(0, end)
  if (whole.startsWith('/')) return whole
  const scheme = whole.indexOf('://')
  if (scheme === -1) return whole
  const slash = whole.indexOf('/', scheme + 3)
  return slash === -1 ? '/' : whole.slice(slash)
}

/** What is known of a traced request. */
export function tracedOf(req: Request): TracedRequest | undefined {
  return req[TRACED]
}

/** A request that has a span, from its start to its end. */
export class TracedRequest {
  readonly span: ActiveSpan
  readonly emitOfRequest: Emit
  readonly emitOfResponse: Emit
  private readonly res: Response
  private readonly live: Set<TracedRequest> | undefined
  private error: unknown = undefined
  private isSent = false
  private isEnded = false

  constructor(span: ActiveSpan, req: Request, res: Response) {
    this.span = span
    this.res = res
    this.emitOfRequest = req.emit
    this.emitOfResponse = res.emit
    this.live = liveOn(req.socket)
    req[TRACED] = this
    res[TRACED] = this
    req.emit = emitOnRequest
    res.emit = emitOnResponse
    this.live?.add(this)
    // Where something before us took its time, the events that would end the span may be over.
    if (res.closed || req.socket?.destroyed) process.nextTick(endRequest, this)
  }

  /** The handler threw or rejected: the request has failed, whatever is sent. */
  threw(error: unknown): void {
    this.error ??= error
    this.span.fail(error)
  }

  /** The framework is about to answer an error: the request has failed if it answers 5xx. */
  answersError(error: unknown): void {
    this.error = error
  }

  /** The response said that it is finished. What stands in for one in tests says it only so. */
  sent(): void {
    this.isSent = true
  }

  /** Ends the span; the first call counts. Never throws. */
  end(): void {
    if (this.isEnded) return
    this.isEnded = true
    try {
      this.live?.delete(this)
      this.record()
    } catch {
      // As in begin: an odd stand-in for a response.
    }
    try {
      this.span.finish()
    } catch {
      // A tracer that is not ours may throw.
    }
  }

  private record(): void {
    const { res, span, error } = this
    const { data } = span
    const status = res.statusCode
    if (res.headersSent) {
      data['http.response.status_code'] = status
      if (status >= 500) span.fail(error ?? { name: String(status), message: STATUS_CODES[status] ?? '' })
    }
    if (this.isSent || res.writableFinished) return
    const cause = error ?? res.errored
    const reason: EndReason = cause === undefined || cause === null ? 'aborted' : 'error'
    data['http.end_reason'] = reason
    if (reason === 'error') span.fail(cause)
  }
}

function endRequest(traced: TracedRequest): void {
  traced.end()
}

/**
 * The traced requests of a connection that have not ended. One listener for all of them: a response that is queued behind
 * another on a pipelined connection never says that it closed on Node 20 and 22, and listeners for each would add up.
 */
function liveOn(socket: Connection | undefined): Set<TracedRequest> | undefined {
  if (typeof socket?.on !== 'function') return undefined
  let live = socket[LIVE]
  if (live === undefined) {
    live = new Set()
    socket[LIVE] = live
    socket.on('close', endLive)
  }
  return live
}

function endLive(this: Connection): void {
  // On the next tick, so that responses which do say that they closed come first, and their listeners.
  for (const traced of this[LIVE] ?? []) process.nextTick(endRequest, traced)
}

function emitOnRequest(this: Request, event: string | symbol, ...args: unknown[]): boolean {
  const traced = this[TRACED]
  if (traced === undefined) return EventEmitter.prototype.emit.call(this, event, ...args)
  return emitIn(traced.span, this, traced.emitOfRequest, [event, ...args])
}

function emitOnResponse(this: Response, event: string | symbol, ...args: unknown[]): boolean {
  const traced = this[TRACED]
  if (traced === undefined) return EventEmitter.prototype.emit.call(this, event, ...args)
  if (event === 'finish') traced.sent()
  if (event !== 'close') return emitIn(traced.span, this, traced.emitOfResponse, [event, ...args])
  try {
    return emitIn(traced.span, this, traced.emitOfResponse, [event, ...args])
  } finally {
    // Last, so that listeners can still add to the span.
    traced.end()
  }
}

/** Node emits most events from where the connection's data came in, outside the request's context: listeners want theirs. */
function emitIn(span: ActiveSpan, emitter: EventEmitter, emit: Emit, args: [string | symbol, ...unknown[]]): boolean {
  if (emitter.listenerCount(args[0]) === 0 || currentSpan() === span) return Reflect.apply(emit, emitter, args)
  return span.run(() => Reflect.apply(emit, emitter, args))
}
