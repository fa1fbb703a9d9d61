import { emitOfRequest, emitOfResponse } from './events.js'
import type { Request, RequestInfo, Response } from './traced.js'
import { endOf, flushHeadersOf, writeHeadOf, writeOf } from './writing.js'

/** Puts stand-ins for the methods of a request, or of a kind of requests, in their place, unless it has them. */
export function wrapRequest(req: Pick<Request, 'emit'>): void {
  const emit = emitOfRequest(req.emit)
  if (req.emit !== emit) req.emit = emit
}

/** The same for a response, or a kind of responses. */
export function wrapResponse(
  res: Pick<Response, 'emit' | 'write' | 'flushHeaders' | 'writeHead' | 'end' | 'stream'>,
  wanted: Pick<RequestInfo, 'held' | 'responseHeaders'>,
): void {
  const emit = emitOfResponse(res.emit)
  if (res.emit !== emit) res.emit = emit
  const write = writeOf(res.write)
  if (res.write !== write) res.write = write
  // Some stand-ins for responses have none.
  const flushHeaders = typeof res.flushHeaders === 'function' ? flushHeadersOf(res.flushHeaders) : undefined
  if (flushHeaders !== undefined && res.flushHeaders !== flushHeaders) res.flushHeaders = flushHeaders
  if (res.stream !== undefined) {
    const end = endOf(res.end)
    if (res.end !== end) res.end = end
  }
  if (wanted.held === undefined && wanted.responseHeaders.length === 0) return
  const writeHead = writeHeadOf(res.writeHead)
  if (res.writeHead !== writeHead) res.writeHead = writeHead
}
