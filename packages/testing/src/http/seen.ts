import { deepStrictEqual } from 'node:assert/strict'
import { currentSpan } from '@trace/core'
import type { HttpAbilities, SuiteRequest } from './server.js'

/** The ids of a request as its handler sees them. */
export interface Seen {
  /** Values of headers, by name in lower case: one for each place where a handler can read it. */
  readonly headers: Readonly<Record<string, readonly string[]>>
  /** The trace id of the current span, in decimal. */
  readonly traceId: string
  readonly spanId: string
}

/** The headers of all formats besides the id header that the middleware was given. */
const FAMILY: readonly string[] = [
  'x-request-id',
  'traceparent',
  'tracestate',
  'b3',
  'x-b3-traceid',
  'x-b3-spanid',
  'x-b3-sampled',
  'x-b3-parentspanid',
  'x-b3-flags',
]

/** The ids that a handler sees when it calls this, as text. @param header the id header's name in lower case */
export function seenText(req: SuiteRequest, header: string): string {
  const headers = Object.fromEntries([header, ...FAMILY].map((name) => [name, placesOf(req, name)]))
  const current = currentSpan()
  const seen: Seen = { headers, traceId: String(current?.traceId), spanId: String(current?.spanId) }
  return JSON.stringify(seen)
}

function placesOf(req: SuiteRequest, name: string): readonly string[] {
  const places: unknown[] = [req.headers[name]]
  for (let at = 0; at < req.rawHeaders.length; at += 2) {
    if (req.rawHeaders[at]?.toLowerCase() === name) places.push(req.rawHeaders[at + 1])
  }
  // HTTP/2 requests have no such property.
  const distinct: unknown = Reflect.get(req, 'headersDistinct')
  if (typeof distinct === 'object' && distinct !== null) places.push(Reflect.get(distinct, name))
  return places.filter((place) => place !== undefined).map(String)
}

/** Reads what {@link seenText} wrote. */
export function parseSeen(text: string): Seen {
  return JSON.parse(text) as Seen
}

/** Fails unless a handler saw this value, and no other, in every place for the header; undefined means no such header. */
export function assertSeen(seen: Seen, name: string, value: string | undefined, suite: HttpAbilities): void {
  if (suite.rewritesHeader === false) return
  const places = suite.http2 === true ? 2 : 3
  const expected = value === undefined ? [] : Array.from({ length: places }, () => value)
  deepStrictEqual(seen.headers[name], expected, `the request's header ${name} is wrong, missing, or there twice`)
}

/** Trace and span id with 16 hexadecimal digits each, as W3C and B3 write them. */
export function hexIds(ids: { readonly traceId: string | bigint; readonly spanId: string | bigint }): [string, string] {
  const hexOf = (id: string | bigint): string => BigInt(id).toString(16).padStart(16, '0')
  return [hexOf(ids.traceId), hexOf(ids.spanId)]
}
