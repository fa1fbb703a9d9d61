import { type ActiveSpan, DATA_KEYS, dataToWrite } from '@trace/core'
import { routeName } from '../values/naming.js'
import {
  type Cause,
  causeOf,
  causeOfStream,
  type EndReason,
  endLive,
  type LiveRequests,
  liveOn,
  serverOf,
} from './ending.js'
import { recordHeaders } from './heads.js'
import { instrumentRequest, instrumentResponse } from './instrument.js'
import { type Request, type Response, type RouteSource, type Stream, TRACED, type TracedRequest } from './messages.js'
import { errorOf, type RequestInfo } from './request-info.js'
import { mayHaveBody, stateOf, statusOf } from './response-state.js'
import { watchFirstWrite } from './upgrade-status.js'

/** A request that has a span, from its start to its end. */
export class RequestSpan implements TracedRequest {
  // With `declare`, since a class sets all other fields to undefined before the constructor runs.
  declare readonly span: ActiveSpan
  declare readonly info: RequestInfo
  declare readonly idText: string
  declare readonly stream: Stream | undefined
  declare readonly isConnected: boolean
  declare isEnding: boolean
  declare bodySize: number
  declare routes: RouteSource | undefined
  declare source: unknown
  declare private readonly req: Request
  declare private readonly res: Response
  declare private readonly live: LiveRequests | undefined
  /** Nanoseconds after the start. */
  declare private firstByteAfter: bigint | undefined
  /** The first line of an HTTP/1 head, once it is as it will be sent. */
  declare private statusLine: string | undefined
  /** The status that was written on the connection itself, in answer to an upgrade. */
  declare private upgradeStatus: number | undefined
  declare private error: Cause | undefined
  /** Whether the program may have dealt with the error since. */
  declare private isPassedOn: boolean
  /** What the span is called unless the program has named it. */
  declare private ownName: string | undefined
  declare private lateRoute: (() => string) | undefined
  declare private isUpgrade: boolean
  declare private isSent: boolean
  declare private isEnded: boolean

  constructor(span: ActiveSpan, req: Request, res: Response, info: RequestInfo) {
    this.span = span
    this.info = info
    this.ownName = info.provisionalName
    this.idText = String(span.traceId)
    this.req = req
    this.res = res
    const { socket } = req
    // Express's own prototypes are of HTTP/1.
    this.stream = info.isWrapped ? undefined : res.stream
    this.isConnected = this.stream !== undefined || serverOf(socket) !== undefined
    this.isEnding = false
    this.bodySize = 0
    this.routes = undefined
    this.source = undefined
    this.firstByteAfter = undefined
    this.statusLine = undefined
    this.upgradeStatus = undefined
    this.error = undefined
    this.isPassedOn = false
    this.lateRoute = undefined
    this.isUpgrade = span.recording && req.upgrade === true
    this.isSent = false
    this.isEnded = false
    // A span that will not be recorded has no need to know of its end.
    this.live = this.stream === undefined && span.recording ? liveOn(socket) : undefined
    if (!info.isWrapped) {
      instrumentRequest(req)
      instrumentResponse(res)
    }
    if (this.stream !== undefined) this.stream[TRACED] = this
    if (!span.recording) return
    this.live?.add(this)
    if (this.isUpgrade)
      watchFirstWrite(socket, (status) => {
        this.upgradeStatus = status
        this.wrote()
      })
    if (!this.isOver()) return
    // Middleware before this may have taken long: the events that would end the span may be over.
    this.isSent = stateOf(res, 'writableFinished') === true
    process.nextTick(endLive, this)
  }

  private isOver(): boolean {
    const { req, res } = this
    if (stateOf(res, 'closed') === true || req.socket?.destroyed === true) return true
    return !this.isConnected && stateOf(res, 'writableFinished') === true
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
    this.isPassedOn = false
    // Whatever reads the body gets this error when the client leaves, which is not a failure.
    if (error !== this.req.errored) this.span.fail(error)
  }

  answersError(error: unknown): void {
    this.error = { thrown: error }
    this.isPassedOn = true
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
    if (span.name !== this.ownName) return
    span.name = routeName(info.method, route)
    this.ownName = span.name
  }

  wrote(): void {
    this.firstByteAfter ??= this.span.elapsed
  }

  headed(statusLine: string | undefined): void {
    this.statusLine = statusLine
    if (this.span.recording) this.recordHeaders()
  }

  private recordHeaders(): void {
    try {
      recordHeaders(this.span, this.info.by.head.recorded, this.res)
    } catch {
      // The response is a mock that lacks something.
    }
  }

  sent(): void {
    // Up to Node 22 a response says so too when its connection breaks.
    this.isSent = this.res.socket?.destroyed !== true
  }

  /** Node's servers close the responses of their own only: not those of tests, of clouds, nor one that refuses an upgrade. */
  get endsWithFinish(): boolean {
    return this.isUpgrade || !this.isConnected
  }

  end(): void {
    if (this.isEnded) return
    this.isEnded = true
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
    const { span, info } = this
    try {
      if (this.lateRoute !== undefined) this.nameBy(this.lateRoute())
      else if (this.routes !== undefined) this.nameBy(this.routes.pattern())
    } catch {
      // The program has frozen the span, which keeps its name.
    }
    info.firstByteAfter = this.firstByteAfter
    if (this.leaveToInfo()) return
    const status = this.upgradeStatus ?? statusOf(this.res, this.stream, this.statusLine)
    info.status = status
    if (status !== undefined && this.upgradeStatus === undefined)
      info.bodySize = mayHaveBody(this.req, this.res, this.stream, status) ? this.bodySize : 0
    // A response that is not Node's own may have run code of the program's until here.
    info.writeEnd(dataToWrite(span))
    if (status !== undefined) {
      // Of a head that was not seen as it was made.
      if (this.statusLine === undefined && this.stream === undefined) this.recordHeaders()
      if (status >= 500) span.fail(this.noted()?.thrown ?? errorOf(status))
    }
    const reason = this.reason()
    if (reason !== 'completed') dataToWrite(span)[DATA_KEYS.httpEndReason] = reason
  }

  /** Leaves the rest to be written later. @returns whether it can be: nobody has the span's data so far, and all went well */
  private leaveToInfo(): boolean {
    const { info, res, statusLine } = this
    if (info.isWritten || !this.isSent || statusLine === undefined || this.upgradeStatus !== undefined) return false
    info.status = statusLine
    info.bodySize = mayHaveBody(this.req, res, undefined, 0) ? this.bodySize : 0
    // To read the line takes longer.
    return res.statusCode < 500
  }

  private reason(): EndReason {
    if (this.upgradeStatus !== undefined) return this.upgradeStatus === 101 ? 'upgraded' : 'completed'
    const { stream } = this
    const isWhole =
      stream === undefined ? this.isSent : stream.writableFinished && !stream.aborted && stream.rstCode === 0
    if (isWhole) return 'completed'
    const cause = this.cause()
    if (cause === undefined) return 'aborted'
    this.span.fail(cause.thrown)
    return 'error'
  }

  /** The error that the program has answered, or was about to. */
  private noted(): Cause | undefined {
    const thrown = this.error === undefined || this.isPassedOn ? this.routes?.keptError(this.error?.thrown) : undefined
    if (thrown !== undefined) this.answersError(thrown)
    return this.error
  }

  private cause(): Cause | undefined {
    const { req, res, stream } = this
    // A request that is sent back breaks with its connection.
    const source = this.source === req ? undefined : this.source
    const error = this.noted()
    const found = stream === undefined ? causeOf(req, res, source) : causeOfStream(stream, source)
    if (error === undefined || error.thrown === req.errored) return found
    // An error that the program has dealt with is not why a client has left.
    return found === undefined && this.isPassedOn ? undefined : error
  }
}
