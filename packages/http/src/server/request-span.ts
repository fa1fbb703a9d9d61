import { type ActiveSpan, DATA_KEYS, dataToWrite } from '@trace/core'
import { routeName } from '../values/naming.js'
import { type EndReason, endLive, type LiveRequests, liveOn, serverOf } from './ending.js'
import { recordHeaders } from './heads.js'
import { instrumentRequest, instrumentResponse } from './instrument.js'
import { type Request, type Response, type RouteSource, type Stream, TRACED, type TracedRequest } from './messages.js'
import { RequestErrors } from './request-errors.js'
import { errorOf, type RequestInfo } from './request-info.js'
import { isOver, mayHaveBody, stateOf, statusOf } from './response-state.js'
import { watchFirstWrite } from './upgrade-status.js'

/** What is the case for a request, as bits of one number: V8 tests a bit in two instructions, and a boolean in up to fifteen. */
const CONNECTED = 1
const ENDING = 2
const SENT = 4
const ENDED = 8
const UPGRADE = 16

/** A request that has a span, from its start to its end. */
export class RequestSpan implements TracedRequest {
  // With `declare`, since a class sets all other fields to undefined before the constructor runs.
  declare readonly span: ActiveSpan
  declare readonly info: RequestInfo
  declare readonly idText: string
  declare readonly stream: Stream | undefined
  declare bodySize: number
  declare routes: RouteSource | undefined
  declare private readonly req: Request
  declare private readonly res: Response
  declare private readonly live: LiveRequests | undefined
  /** The first line of an HTTP/1 head, once it is as it will be sent. */
  declare private statusLine: string | undefined
  /** The status that was written on the connection itself, in answer to an upgrade. */
  declare private upgradeStatus: number | undefined
  declare private lazyErrors: RequestErrors | undefined
  declare private lateRoute: (() => string) | undefined
  declare private flags: number

  /** Follows a request to its end. */
  static of(span: ActiveSpan, req: Request, res: Response, info: RequestInfo): RequestSpan {
    const traced = new RequestSpan(span, req, res, info)
    traced.follow()
    return traced
  }

  /** So short that V8 makes it a part of its caller, where setting a property of what is new needs no checks. */
  private constructor(span: ActiveSpan, req: Request, res: Response, info: RequestInfo) {
    const { socket } = req
    // Express's own prototypes are of HTTP/1.
    const stream = info.isWrapped ? undefined : res.stream
    this.span = span
    this.info = info
    this.idText = String(span.traceId)
    this.req = req
    this.res = res
    this.stream = stream
    this.flags = stream !== undefined || serverOf(socket) !== undefined ? CONNECTED : 0
    this.bodySize = 0
    this.routes = undefined
    this.statusLine = undefined
    this.upgradeStatus = undefined
    this.lazyErrors = undefined
    this.lateRoute = undefined
    // A span that will not be recorded has no need to know of its end.
    this.live = stream === undefined && span.recording ? liveOn(socket) : undefined
  }

  private is(flag: number): boolean {
    return (this.flags & flag) !== 0
  }

  private set(flag: number, is: boolean): void {
    this.flags = is ? this.flags | flag : this.flags & ~flag
  }

  get isConnected(): boolean {
    return this.is(CONNECTED)
  }

  get isEnding(): boolean {
    return this.is(ENDING)
  }

  set isEnding(is: boolean) {
    this.set(ENDING, is)
  }

  private follow(): void {
    const { req, res, stream, span } = this
    if (!this.info.isWrapped) {
      instrumentRequest(req)
      instrumentResponse(res)
    }
    if (stream !== undefined) stream[TRACED] = this
    if (!span.recording) return
    this.live?.add(this)
    if (req.upgrade === true) this.watchUpgrade()
    if (isOver(req, res, this.isConnected)) this.endSoon()
  }

  private watchUpgrade(): void {
    this.set(UPGRADE, true)
    watchFirstWrite(this.req.socket, (status) => {
      this.upgradeStatus = status
      this.wrote()
    })
  }

  /** Middleware before this may have taken long: the events that would end the span may be over. */
  private endSoon(): void {
    this.set(SENT, stateOf(this.res, 'writableFinished') === true)
    process.nextTick(endLive, this)
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

  private get errors(): RequestErrors {
    this.lazyErrors ??= new RequestErrors()
    return this.lazyErrors
  }

  pipes(source: unknown): void {
    this.errors.source = source
  }

  threw(error: unknown): void {
    this.errors.threw(error)
    // Whatever reads the body gets this error when the client leaves, which is not a failure.
    if (error !== this.req.errored) this.span.fail(error)
  }

  answersError(error: unknown): void {
    this.errors.answers(error)
  }

  routed(route: string | (() => string)): void {
    this.lateRoute = typeof route === 'function' ? route : undefined
    if (typeof route === 'string') this.nameBy(route)
  }

  private nameBy(route: string): void {
    const { span, info } = this
    if (route !== '') {
      if (info.isWritten) dataToWrite(span)[DATA_KEYS.httpRoute] = route
      else info.route = route
    }
    // A name that the program gave it since then stays.
    if (span.name !== info.ownName) return
    span.name = routeName(info.method, route)
    info.ownName = span.name
  }

  wrote(): void {
    // Once the span has finished, what is known of it stays.
    if (!this.info.isFinished) this.info.firstByteAfter ??= this.span.elapsed
  }

  headed(statusLine: string | undefined): void {
    this.statusLine = statusLine
    if (this.span.recording) recordHeaders(this.span, this.info.by.head.recorded, this.res)
  }

  sent(): void {
    // Up to Node 22 a response says so too when its connection breaks.
    this.set(SENT, this.res.socket?.destroyed !== true)
  }

  /** Node's servers close the responses of their own only: not those of tests, of clouds, nor one that refuses an upgrade. */
  get endsWithFinish(): boolean {
    return (this.flags & (UPGRADE | CONNECTED)) !== CONNECTED
  }

  end(): void {
    if (this.is(ENDED)) return
    this.set(ENDED, true)
    try {
      this.live?.remove(this)
      // Unless the program has finished it.
      if (this.span.recording && !this.info.isFinished) this.record()
    } catch {
      // The response is a mock that lacks something.
    }
    this.routes?.ended()
    try {
      this.span.finish()
    } catch {
      // A tracer that is not ours may throw.
    }
  }

  private record(): void {
    try {
      if (this.lateRoute !== undefined) this.nameBy(this.lateRoute())
      else if (this.routes !== undefined) this.nameBy(this.routes.pattern())
    } catch {
      // The program has frozen the span, which keeps its name.
    }
    if (!this.leaveToInfo()) this.recordEnd()
  }

  private recordEnd(): void {
    const { span, info } = this
    const status = this.upgradeStatus ?? statusOf(this.res, this.stream, this.statusLine)
    info.status = status
    if (status !== undefined && this.upgradeStatus === undefined)
      info.bodySize = mayHaveBody(this.req, this.res, this.stream, status) ? this.bodySize : 0
    // A response that is not Node's own may have run code of the program's until here.
    info.writeEnd(dataToWrite(span))
    if (status !== undefined) {
      // Of a head that was not seen as it was made.
      if (this.statusLine === undefined && this.stream === undefined)
        recordHeaders(span, info.by.head.recorded, this.res)
      if (status >= 500) span.fail(this.errors.answered(this.routes)?.thrown ?? errorOf(status))
    }
    const reason = this.reason()
    if (reason !== 'completed') dataToWrite(span)[DATA_KEYS.httpEndReason] = reason
  }

  /** Leaves the rest to be written later. @returns whether it can be: nobody has the span's data so far, and all went well */
  private leaveToInfo(): boolean {
    const { info, res, statusLine } = this
    if (info.isWritten || !this.is(SENT) || statusLine === undefined || this.upgradeStatus !== undefined) return false
    info.status = statusLine
    info.bodySize = mayHaveBody(this.req, res, undefined, 0) ? this.bodySize : 0
    // To read the line takes longer.
    return res.statusCode < 500
  }

  private reason(): EndReason {
    if (this.upgradeStatus !== undefined) return this.upgradeStatus === 101 ? 'upgraded' : 'completed'
    const { stream } = this
    const isWhole =
      stream === undefined ? this.is(SENT) : stream.writableFinished && !stream.aborted && stream.rstCode === 0
    if (isWhole) return 'completed'
    const cause = this.errors.cause(this.req, this.res, this)
    if (cause === undefined) return 'aborted'
    this.span.fail(cause.thrown)
    return 'error'
  }
}
