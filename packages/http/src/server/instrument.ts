import { emitOfRequest, emitOfResponse } from './events.js'
import { respondOf, storeHeadOf } from './heads.js'
import { type End, type FlushHeaders, type Request, type Response, tracedOfResponse, type Write } from './messages.js'
import { storesHeads } from './response-state.js'
import { sharedWrapper } from './shared-wrapper.js'

/** Puts wrappers of the methods of a request, or of a prototype of requests, in their place, unless it has them. */
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
  if (res.stream === undefined) return
  const respond = respondOf(res.stream.respond)
  if (res.stream.respond !== respond) res.stream.respond = respond
  const end = endOf(res.end)
  if (res.end !== end) res.end = end
}

/** Whether the id can be added to a response's head as that is written. */
export function hasHead({ stream, _storeHeader }: Wrapped): boolean {
  return stream !== undefined || (typeof _storeHeader === 'function' && storesHeads())
}

/** Wraps the `write` of responses: the first call, where it does not come from `end`, sends the first byte. */
const writeOf: (write: Write) => Write = sharedWrapper((write) => {
  return function (this: Response, ...args: unknown[]): boolean {
    const traced = tracedOfResponse(this)
    if (traced?.isEnding === false) traced.wrote()
    return Reflect.apply(write, this, args)
  }
})

/** Wraps the `flushHeaders` of responses, which sends the first byte too. */
const flushHeadersOf: (flushHeaders: FlushHeaders) => FlushHeaders = sharedWrapper((flushHeaders) => {
  return function (this: Response): void {
    tracedOfResponse(this)?.wrote()
    flushHeaders.call(this)
  }
})

/** Wraps the `end` of HTTP/2 responses, which write their text by `write`. */
const endOf: (end: End) => End = sharedWrapper((end) => {
  return function (this: Response, ...args: unknown[]): Response {
    const traced = tracedOfResponse(this)
    if (traced !== undefined) traced.isEnding = true
    return Reflect.apply(end, this, args)
  }
})
