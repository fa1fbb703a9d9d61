import { Buffer } from 'node:buffer'
import { emitOfRequest, emitOfResponse } from './events.js'
import { respondOf, storeHeadOf } from './heads.js'
import {
  type End,
  type FlushHeaders,
  type Request,
  type Response,
  type Stream,
  tracedOfResponse,
  type Write,
} from './messages.js'
import { storesHeads } from './response-state.js'
import { sharedWrapper } from './shared-wrapper.js'

/** Replaces the methods of a request, or of a prototype of requests, by their wrappers, unless that has been done. */
export function instrumentRequest(req: Pick<Request, 'emit'>): void {
  const emit = emitOfRequest(req.emit)
  if (req.emit !== emit) req.emit = emit
}

type Wrapped = Pick<Response, 'emit' | 'write' | 'flushHeaders' | '_storeHeader' | 'end' | 'stream'>

/** The same for a response, or a prototype of responses. */
export function instrumentResponse(res: Wrapped): void {
  const emit = emitOfResponse(res.emit)
  if (res.emit !== emit) res.emit = emit
  const write = writeOf(res.write)
  if (res.write !== write) res.write = write
  // Some mocks of responses have none.
  const flushHeaders = typeof res.flushHeaders === 'function' ? flushHeadersOf(res.flushHeaders) : undefined
  if (flushHeaders !== undefined && res.flushHeaders !== flushHeaders) res.flushHeaders = flushHeaders
  const { _storeHeader: found } = res
  const storeHead = typeof found === 'function' && storesHeads() ? storeHeadOf(found) : undefined
  if (storeHead !== undefined && found !== storeHead) res._storeHeader = storeHead
  const end = typeof res.end === 'function' ? endOf(res.end) : undefined
  if (end !== undefined && res.end !== end) res.end = end
  if (res.stream === undefined) return
  const respond = respondOf(res.stream.respond)
  if (res.stream.respond !== respond) res.stream.respond = respond
}

/** Whether the id can be added to a response's head as that is written. */
export function hasHead({ stream, _storeHeader }: Wrapped): boolean {
  return stream !== undefined || (typeof _storeHeader === 'function' && storesHeads())
}

/** Wraps the `write` of responses. What it is given while `end` runs has been counted there: in HTTP/2, `end` calls `write`. */
const writeOf: (write: Write) => Write = sharedWrapper((write) => {
  return function (this: Response, ...args: unknown[]): boolean {
    const traced = tracedOfResponse(this)
    if (traced === undefined || traced.isEnding) return Reflect.apply(write, this, args)
    traced.wrote()
    const isSent = !isGone(this, traced.stream)
    const result = Reflect.apply(write, this, args)
    if (isSent && traced.span.recording) traced.bodySize += sizeOf(args[0], args[1])
    return result
  }
})

/** Wraps the `flushHeaders` of responses, which sends the first byte too. */
const flushHeadersOf: (flushHeaders: FlushHeaders) => FlushHeaders = sharedWrapper((flushHeaders) => {
  return function (this: Response): void {
    tracedOfResponse(this)?.wrote()
    flushHeaders.call(this)
  }
})

/** Wraps the `end` of responses. */
const endOf: (end: End) => End = sharedWrapper((end) => {
  return function (this: Response, ...args: unknown[]): Response {
    const traced = tracedOfResponse(this)
    if (traced === undefined || traced.isEnding) return Reflect.apply(end, this, args)
    const before = traced.bodySize
    traced.isEnding = true
    // Before the call: a mock may emit `finish`, which ends the span, while its `end` runs.
    if (traced.span.recording && !isGone(this, traced.stream)) traced.bodySize += sizeOf(args[0], args[1])
    try {
      return Reflect.apply(end, this, args)
    } catch (error) {
      // Node has sent nothing, and the program may still end the response in another way.
      traced.isEnding = false
      traced.bodySize = before
      throw error
    }
  }
})

/** Whether nothing more can be sent. */
function isGone(res: Response, stream: Stream | undefined): boolean {
  return stream === undefined ? res.destroyed : stream.destroyed
}

/** How many bytes `write` or `end` are given: for a text, that depends on its encoding. */
function sizeOf(chunk: unknown, encoding: unknown): number {
  if (typeof chunk !== 'string') return chunk instanceof Uint8Array ? chunk.byteLength : 0
  // What Express gives; to ask whether it is an encoding takes longer than all the rest.
  if (encoding === 'utf8' || typeof encoding !== 'string') return Buffer.byteLength(chunk)
  return Buffer.byteLength(chunk, Buffer.isEncoding(encoding) ? encoding : undefined)
}
