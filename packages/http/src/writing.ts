import type { RecordedHeader } from './options.js'
import {
  type End,
  type FlushHeaders,
  type HeldHeader,
  type Response,
  tracedOfResponse,
  type Write,
  type WriteHead,
} from './traced.js'
import { wrapper } from './wrapper.js'

/** Stands in for the `write` of responses: the first call, where it does not come from `end`, sends the first byte. */
export const writeOf: (write: Write) => Write = wrapper((write) => {
  return function (this: Response, ...args: unknown[]): boolean {
    const traced = tracedOfResponse(this)
    if (traced?.isEnding === false) traced.wrote()
    return Reflect.apply(write, this, args)
  }
})

/** Stands in for the `flushHeaders` of responses, which sends the first byte too. */
export const flushHeadersOf: (flushHeaders: FlushHeaders) => FlushHeaders = wrapper((flushHeaders) => {
  return function (this: Response): void {
    tracedOfResponse(this)?.wrote()
    flushHeaders.call(this)
  }
})

/** Stands in for the `end` of HTTP/2 responses, which write their text by `write`. */
export const endOf: (end: End) => End = wrapper((end) => {
  return function (this: Response, ...args: unknown[]): Response {
    const traced = tracedOfResponse(this)
    if (traced !== undefined) traced.isEnding = true
    return Reflect.apply(end, this, args)
  }
})

/** Stands in for the `writeHead` of responses whose headers are of interest. */
export const writeHeadOf: (writeHead: WriteHead) => WriteHead = wrapper((writeHead) => {
  return function (this: Response, ...args: unknown[]): Response {
    const traced = tracedOfResponse(this)
    if (traced?.info.held !== undefined) sendHeld(this, traced.info.held, args)
    const result: Response = Reflect.apply(writeHead, this, args)
    traced?.heads(args)
    return result
  }
})

/**
 * Sees to it that the id is sent with replies that pass the framework by: hijacked ones of Fastify's, or written on
 * `reply.raw`. Setting it there beforehand would do too, but doubles what a header costs.
 */
function sendHeld(res: Response, { holder, name }: HeldHeader, args: readonly unknown[]): void {
  const headers = args.at(-1)
  const isFrameworks = typeof headers === 'object' && headers !== null && name in headers
  if (isFrameworks || res.headersSent || res.hasHeader(name)) return
  const value = holder.getHeader(name)
  if (typeof value === 'string') res.setHeader(name, value)
}

/** Adds those of a response's headers that are to be recorded, as they are sent, to a span's data. */
export function captureHeaders(
  data: Record<string, unknown>,
  wanted: readonly RecordedHeader[],
  res: Response,
  writeHeadArgs: readonly unknown[],
): void {
  if (wanted.length === 0) return
  const given = lowerCased(writeHeadArgs.at(-1))
  for (const { name, key } of wanted) {
    const value = given.get(name) ?? res.getHeader(name)
    if (value !== undefined) data[key] = Array.isArray(value) ? value.map(String) : String(value)
  }
}

/** The headers given to `writeHead`: an object, or a list of names and values, flat or in pairs. */
function lowerCased(headers: unknown): ReadonlyMap<string, unknown> {
  if (typeof headers !== 'object' || headers === null) return new Map()
  const entries: readonly unknown[] = Array.isArray(headers) ? headers : Object.entries(headers).flat()
  const flat = Array.isArray(entries[0]) && Array.isArray(headers) ? headers.flat() : entries
  const found = new Map<string, unknown>()
  for (let at = 0; at < flat.length; at += 2) found.set(String(flat[at]).toLowerCase(), flat[at + 1])
  return found
}
