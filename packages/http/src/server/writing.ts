import { type End, type FlushHeaders, type Response, tracedOfResponse, type Write } from './traced.js'
import { wrapper } from './wrapper.js'

/** Wraps the `write` of responses: the first call, where it does not come from `end`, sends the first byte. */
export const writeOf: (write: Write) => Write = wrapper((write) => {
  return function (this: Response, ...args: unknown[]): boolean {
    const traced = tracedOfResponse(this)
    if (traced?.isEnding === false) traced.wrote()
    return Reflect.apply(write, this, args)
  }
})

/** Wraps the `flushHeaders` of responses, which sends the first byte too. */
export const flushHeadersOf: (flushHeaders: FlushHeaders) => FlushHeaders = wrapper((flushHeaders) => {
  return function (this: Response): void {
    tracedOfResponse(this)?.wrote()
    flushHeaders.call(this)
  }
})

/** Wraps the `end` of HTTP/2 responses, which write their text by `write`. */
export const endOf: (end: End) => End = wrapper((end) => {
  return function (this: Response, ...args: unknown[]): Response {
    const traced = tracedOfResponse(this)
    if (traced !== undefined) traced.isEnding = true
    return Reflect.apply(end, this, args)
  }
})
