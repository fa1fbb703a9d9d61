import { currentSpan } from '@trace/core'
import type { SuiteRequest } from './http-server.js'

/** What a handler sees of its request's ids. */
export interface Seen {
  /** The id header's value in each place where a handler may read it. */
  readonly places: readonly string[]
  /** Of the current span, in decimal. */
  readonly traceId: string
  readonly spanId: string
}

/** Writes down what can be seen of a request's ids here and now. @param header the id header's name in lower case */
export function seenText(req: SuiteRequest, header: string): string {
  const places = [String(req.headers[header])]
  for (let at = 0; at < req.rawHeaders.length; at += 2) {
    if (req.rawHeaders[at]?.toLowerCase() === header) places.push(req.rawHeaders[at + 1] ?? '')
  }
  // Requests of HTTP/2 have no such thing.
  const distinct: unknown = Reflect.get(req, 'headersDistinct')
  if (typeof distinct === 'object' && distinct !== null) places.push(String(Reflect.get(distinct, header)))
  const current = currentSpan()
  const seen: Seen = { places, traceId: String(current?.traceId), spanId: String(current?.spanId) }
  return JSON.stringify(seen)
}

/** Reads what {@link seenText} wrote. */
export function parseSeen(text: string): Seen {
  return JSON.parse(text) as Seen
}
