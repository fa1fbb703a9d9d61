import type { Response } from './traced.js'

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

/** https://www.rfc-editor.org/rfc/rfc9113#ErrorCodes */
const NO_ERROR = 0
const INTERNAL_ERROR = 2

/** Why a response that was not sent whole has failed; undefined where it is the client that left, or may be. */
export function causeOf(res: Response): Cause | undefined {
  const thrown: unknown = res.stream === undefined ? res.errored : res.stream.errored
  if (thrown !== undefined && thrown !== null && !isClientsDoing(thrown)) return { thrown }
  return res.headersSent && isCutHere(res) ? CUT : undefined
}

/** The error that Node makes of a client that goes away, or that resets its HTTP/2 stream by a code of its own choice. */
function isClientsDoing(error: unknown): boolean {
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined
  return code === 'ECONNRESET' || code === 'ERR_HTTP2_STREAM_ERROR'
}

function isCutHere({ stream, req }: Response): boolean {
  if (stream !== undefined) {
    return stream.rstCode === INTERNAL_ERROR || (stream.rstCode === NO_ERROR && !stream.writableFinished)
  }
  const socket = req?.socket
  // A client that leaves ends its side or breaks it. A server that is being closed breaks what is under way, and means it.
  const clientLeft = socket?.destroyed !== true || socket.readableEnded || socket.errored !== null
  return !clientLeft && Reflect.get(Object(Reflect.get(socket, 'server')), 'listening') !== false
}
