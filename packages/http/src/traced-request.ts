import type { ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { ActiveSpan } from '@trace/core'
import { type Cause, causeOf, type EndReason } from './ending.js'
import { nodeHttp } from './node-http.js'
import { type Request, type RequestInfo, type Response, type RouteSource, TRACED, type Traced } from './traced.js'
import { watchFirstWrite } from './upgrade-status.js'
import { wrapRequest, wrapResponse } from './wrapped.js'
import { captureHeaders } from './writing.js'

const LIVE: unique symbol = Symbol('live requests')

type Connection = Socket & { [LIVE]?: TracedRequest[] }

/** A request that has a span, from its start to its end. */
export class TracedRequest implements Traced {
  readonly span: ActiveSpan
  readonly info: RequestInfo
  isEnding = false
  routes: RouteSource | undefined = undefined
  readonly stream: ServerHttp2Stream | undefined
  private readonly res: Response
  private readonly live: TracedRequest[] | undefined = undefined
  /** Nanoseconds after the start. */
  private firstByteAfter: bigint | undefined = undefined
  /** The status that was written on the connection itself, in answer to an upgrade. */
  private upgradeStatus: number | undefined = undefined
  private error: Cause | undefined = undefined
  private isUpgrade = false
  private isSent = false
  private isEnded = false

  constructor(span: ActiveSpan, req: Request, res: Response, info: RequestInfo) {
    this.span = span
    this.info = info
    this.res = res
    // Express's own kinds are of HTTP/1.
    this.stream = info.isWrapped ? undefined : res.stream
    if (!info.isWrapped) {
      wrapRequest(req)
      wrapResponse(res, info)
    }
    // A span that is not recorded has no need to know of its end.
    if (!span.sampled) return
    const { socket } = req
    this.live = this.stream === undefined ? liveOn(socket) : undefined
    this.live?.push(this)
    this.isUpgrade = req.upgrade === true
    if (this.isUpgrade) watchFirstWrite(socket, (status) => this.answeredUpgrade(status))
    if (!res.closed && socket?.destroyed !== true) return
    // Something before us took its time: the events that would end the span may be over.
    this.isSent = res.writableFinished
    process.nextTick(endRequest, this)
  }

  /** Has the request, and thereby its response, be known as traced; ends the span where that cannot be. */
  mark(req: Request, res: Response): void {
    try {
      if (res.req !== req) res[TRACED] = this
      req[TRACED] = this
    } catch {
      this.end()
    }
  }

  threw(error: unknown): void {
    this.error ??= { thrown: error }
    this.span.fail(error)
  }

  answersError(error: unknown): void {
    this.error = { thrown: error }
  }

  wrote(): void {
    this.firstByteAfter ??= this.span.elapsed
  }

  heads(args: readonly unknown[]): void {
    if (this.span.sampled) captureHeaders(this.span.data, this.info.responseHeaders, this.res, args)
  }

  sent(): void {
    // Up to Node 22 a response says so too when its connection breaks.
    this.isSent = this.res.socket?.destroyed !== true
    // Node closes the responses of its own only: one that refuses an upgrade was made by somebody else.
    if (this.isUpgrade) process.nextTick(endRequest, this)
  }

  end(): void {
    if (this.isEnded) return
    this.isEnded = true
    try {
      if (this.live !== undefined) remove(this.live, this)
      if (this.span.sampled) this.record()
    } catch {
      // An odd stand-in for a response.
    }
    try {
      this.span.finish()
    } catch {
      // A tracer that is not ours may throw.
    }
  }

  private answeredUpgrade(status: number | undefined): void {
    this.upgradeStatus = status
    this.wrote()
  }

  private record(): void {
    const { span, error } = this
    const { data } = span
    this.nameByRoute()
    if (this.firstByteAfter !== undefined) data['http.time_to_first_byte'] = milliseconds(this.firstByteAfter)
    const status = this.status()
    if (status !== undefined) {
      data['http.response.status_code'] = status
      if (status >= 500)
        span.fail(error?.thrown ?? { name: String(status), message: nodeHttp().STATUS_CODES[status] ?? '' })
    }
    const reason = this.reason()
    if (reason !== 'completed') data['http.end_reason'] = reason
  }

  private nameByRoute(): void {
    if (this.routes === undefined) return
    const { span, info } = this
    const route = this.routes.pattern()
    if (route !== '') span.data['http.route'] = route
    // A name that the program gave it since then stays.
    if (span.name === info.provisionalName) span.name = route === '' ? info.method : `${info.method} ${route}`
  }

  private status(): number | undefined {
    const { res } = this
    if (this.upgradeStatus !== undefined) return this.upgradeStatus
    if (!res.headersSent) return undefined
    const sent = this.stream?.sentHeaders?.[':status']
    return typeof sent === 'number' ? sent : res.statusCode
  }

  private reason(): EndReason {
    if (this.upgradeStatus !== undefined) return this.upgradeStatus === 101 ? 'upgraded' : 'completed'
    const { stream } = this
    const isWhole =
      stream === undefined ? this.isSent : stream.writableFinished && !stream.aborted && stream.rstCode === 0
    if (isWhole) return 'completed'
    const cause = this.error ?? causeOf(this.res)
    if (cause === undefined) return 'aborted'
    this.span.fail(cause.thrown)
    return 'error'
  }
}

/** To the microsecond. */
function milliseconds(nanoseconds: bigint): number {
  return Number(nanoseconds / 1_000n) / 1_000
}

function endRequest(traced: TracedRequest): void {
  traced.end()
}

/**
 * The traced requests of a connection that have not ended. One listener for all of them: a response that is queued behind
 * another on a pipelined connection never says that it closed on Node 20 and 22, and listeners for each would add up.
 */
function liveOn(socket: Connection | undefined): TracedRequest[] | undefined {
  if (typeof socket?.on !== 'function') return undefined
  let live = socket[LIVE]
  if (live === undefined) {
    live = []
    socket[LIVE] = live
    socket.on('close', endLive)
  }
  return live
}

function remove(live: TracedRequest[], traced: TracedRequest): void {
  if (live.at(-1) === traced) live.pop()
  else if (live.includes(traced)) live.splice(live.indexOf(traced), 1)
}

function endLive(this: Connection): void {
  // On the next tick, so that responses which do say that they closed come first, and their listeners.
  for (const traced of this[LIVE] ?? []) process.nextTick(endRequest, traced)
}
