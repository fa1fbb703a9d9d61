import type { Socket } from 'node:net'
import type { Request, Response, Stream } from './messages.js'
import { stateOf } from './response-state.js'

/** Why a request's span ended: `completed`, which is not recorded, where the whole response was sent. */
export type EndReason = 'completed' | 'aborted' | 'upgraded' | 'error'

/** What kept a response from being sent whole. */
export interface Cause {
  readonly thrown: unknown
}

/** What is known of a response that this server itself has cut off: frameworks do so where a body fails amid its sending. */
const CUT: Cause = {
  thrown: { name: 'ResponseCut', message: 'the server closed the connection before the whole response was sent' },
}

/**
 * A stream that breaks is why the program has cut off the response that it was piped into. Node breaks one, too, whose response was cut off
 * before, where a pipeline holds both.
 */
function cutBy(source: unknown): Cause {
  const { errored }: { errored?: unknown } = Object(source)
  const isConsequence = Reflect.get(Object(errored), 'code') === 'ERR_STREAM_PREMATURE_CLOSE'
  return isError(errored) && !isConsequence ? { thrown: errored } : CUT
}

/**
 * Why a response of HTTP/1 that was not sent whole has failed; undefined where it is the client that left.
 *
 * @param source the stream that was piped into it, if any
 */
export function causeOf(req: Request, res: Response, source: unknown): Cause | undefined {
  const thrown = stateOf(res, 'errored')
  // When the client leaves, Node fails requests, and responses that wait, with an error of its own, which programs pass on.
  if (isError(thrown) && thrown !== req.errored && !isReset(thrown)) return { thrown }
  const { socket } = req
  // A client that leaves ends its side, or breaks the connection.
  if (socket?.destroyed !== true || socket.readableEnded) return undefined
  const { errored } = socket
  if (isError(errored)) return errored === req.errored || !isPeersDoing(errored) ? { thrown: errored } : undefined
  // A server that is being closed breaks off what is under way on purpose.
  return Reflect.get(Object(serverOf(socket)), 'listening') === false ? undefined : cutBy(source)
}

/** The server that a connection came by, as Node's servers of HTTP/1 mark their connections. */
export function serverOf(socket: (object & { readonly server?: unknown }) | undefined): unknown {
  return typeof socket === 'object' ? socket?.server : undefined
}

/** https://www.rfc-editor.org/rfc/rfc9113#ErrorCodes */
const NO_ERROR = 0
const INTERNAL_ERROR = 2

/** The same of HTTP/2, where a client that resets its stream may choose any code. */
export function causeOfStream(stream: Stream, source: unknown): Cause | undefined {
  const { errored, rstCode } = stream
  if (isError(errored) && !isPeersDoing(errored)) return { thrown: errored }
  // What the client ends Node ends on this side too; what the program destroys it does not.
  const isCut = rstCode === NO_ERROR ? !stream.writableFinished : rstCode === INTERNAL_ERROR && stream.headersSent
  return isCut ? cutBy(source) : undefined
}

/** Whether Node made the error: those of the operating system name their call. */
function isReset(error: unknown): boolean {
  const { syscall, code }: { syscall?: unknown; code?: unknown } = Object(error)
  return code === 'ECONNRESET' && syscall === undefined
}

function isError(thrown: unknown): boolean {
  return thrown !== undefined && thrown !== null
}

/** Those that the operating system calls so, as Node names them in its errors of a connection. */
const CALLS: ReadonlySet<unknown> = new Set(['read', 'write', 'writev', 'shutdown'])
/** What Node makes of bytes that are no HTTP or no TLS, of a request that does not come to its end, and of a reset. */
const PEERS_CODE = /^(HPE_|ERR_SSL_|ERR_HTTP_REQUEST_TIMEOUT$|ERR_HTTP2_(STREAM|SESSION)_ERROR$)/

/** Whether an error is one that Node makes of what the other end of a connection does. */
function isPeersDoing(error: unknown): boolean {
  const { syscall, code }: { syscall?: unknown; code?: unknown } = Object(error)
  return CALLS.has(syscall) || PEERS_CODE.test(String(code))
}

const LIVE: unique symbol = Symbol('live requests')

/** What is to end with its connection at the latest. */
export interface Live {
  end(): void
}

type Connection = Socket & { [LIVE]?: LiveRequests }

/** The traced requests of a connection that have not ended. Most connections have one at most: a list would grow and shrink with each. */
export class LiveRequests {
  #first: Live | undefined
  /** Those that were sent before the first was answered. */
  #others: Live[] | undefined

  add(live: Live): void {
    if (this.#first === undefined) this.#first = live
    else {
      this.#others ??= []
      this.#others.push(live)
    }
  }

  remove(ended: Live): void {
    const others = this.#others
    if (this.#first === ended) this.#first = others?.shift()
    else if (others?.includes(ended) === true) others.splice(others.indexOf(ended), 1)
  }

  /** On the next tick, so that responses which do say that they closed come first, and their listeners. */
  endAll(): void {
    if (this.#first !== undefined) process.nextTick(endLive, this.#first)
    for (const live of this.#others ?? []) process.nextTick(endLive, live)
  }
}

/**
 * The traced requests of a connection. One listener for all of them: a response that is queued behind another on a pipelined connection never
 * says that it closed on Node 20 and 22, and listeners for each would add up.
 */
export function liveOn(socket: Connection | undefined): LiveRequests | undefined {
  if (typeof socket?.on !== 'function') return undefined
  let live = socket[LIVE]
  if (live === undefined) {
    live = new LiveRequests()
    socket[LIVE] = live
    socket.on('close', endAll)
  }
  return live
}

function endAll(this: Connection): void {
  this[LIVE]?.endAll()
}

export function endLive(live: Live): void {
  live.end()
}
