import type { IncomingMessage } from 'node:http'
import { nodeHttp } from '../values/node-http.js'

const LONGEST_FOREIGN_ID = 128

/** Whether a header without ids of this package may be recorded as another system's request id. */
export function isForeignId(value: string): boolean {
  return value.length <= LONGEST_FOREIGN_ID && /^[\x20-\x7e]+$/.test(value)
}

/** A header to write. */
export interface NewHeader {
  /** As it is written where the request has none yet. */
  readonly name: string
  /** The same in lower case, see `asKey`. */
  readonly lowerName: string
  readonly value: string
}

/**
 * Gives a request these headers and no others of their family, in every place where a handler may read or forward them.
 *
 * @param family names in lower case, those of the new headers among them
 */
export function replaceHeaders(req: IncomingMessage, family: readonly string[], headers: readonly NewHeader[]): void {
  for (const name of family) if (!headers.some(({ lowerName }) => lowerName === name)) removeHeader(req, name)
  for (const { name, lowerName, value } of headers) replaceHeader(req, name, lowerName, value)
}

/**
 * Gives a request one header of this name and value, in every place where a handler may read or forward it.
 *
 * @param name as it is written where the request has none yet
 * @param lowerName the same in lower case
 */
export function replaceHeader(req: IncomingMessage, name: string, lowerName: string, value: string): void {
  nodes ??= findSymbols()
  const { headers } = req
  const internals = req as Internals
  if (headers[lowerName] === undefined) addRawHeader(internals, name, value, nodes.count)
  else replaceRawHeader(req, lowerName, value)
  headers[lowerName] = value
  // Node builds it on first use, which costs more than all the rest here: so only where that has happened.
  const distinct = internals[nodes.distinct]
  if (typeof distinct === 'object' && distinct !== null) Reflect.set(distinct, lowerName, [value])
}

function removeHeader(req: IncomingMessage, lowerName: string): void {
  if (req.headers[lowerName] === undefined) return
  delete req.headers[lowerName]
  removeRawHeaders(req, lowerName, 0)
  nodes ??= findSymbols()
  const distinct: unknown = Reflect.get(req, nodes.distinct)
  if (typeof distinct === 'object' && distinct !== null) Reflect.deleteProperty(distinct, lowerName)
}

function addRawHeader(req: Internals, name: string, value: string, count: symbol): void {
  const raw = rawOf(req)
  raw.push(name, value)
  if (req[count] === raw.length - 2) req[count] = raw.length
}

/** Replaces the first header of a name, and takes the others off. */
function replaceRawHeader(req: IncomingMessage, lowerName: string, value: string): void {
  const raw = rawOf(req)
  const first = indexOfName(raw, lowerName, 0)
  if (first < 0) return
  raw[first + 1] = value
  if (indexOfName(raw, lowerName, first + 2) >= 0) removeRawHeaders(req, lowerName, first + 2)
}

/** Mocks of requests may have none. */
function rawOf({ rawHeaders }: { readonly rawHeaders?: string[] }): string[] {
  return rawHeaders ?? []
}

function indexOfName(raw: readonly string[], lowerName: string, from: number): number {
  for (let at = from; at < raw.length; at += 2) if (isNamed(raw[at], lowerName)) return at
  return -1
}

/** In one pass, since an untrusted client may send thousands. */
function removeRawHeaders(req: IncomingMessage, lowerName: string, from: number): void {
  // Built now, since Node builds it from as many headers as came.
  void req.headersDistinct
  const raw = rawOf(req)
  let end = from
  for (let at = from; at < raw.length; at += 2) {
    const [name = '', value = ''] = [raw[at], raw[at + 1]]
    if (isNamed(name, lowerName)) continue
    raw[end++] = name
    raw[end++] = value
  }
  raw.length = end
}

function isNamed(found: string | undefined, lowerName: string): boolean {
  return found?.length === lowerName.length && found.toLowerCase() === lowerName
}

/**
 * Where Node keeps `headersDistinct` once it is built, and of how many of `rawHeaders` it builds it. There is no public way
 * to either; on a Node that keeps them elsewhere, `headersDistinct` shows the header as it came.
 */
interface NodesSymbols {
  readonly distinct: symbol
  readonly count: symbol
}

/** A request as it looks to Node itself. */
type Internals = IncomingMessage & { [internal: symbol]: unknown }

let nodes: NodesSymbols | undefined

function findSymbols(): NodesSymbols {
  const sample = new (nodeHttp().IncomingMessage)(new (process.getBuiltinModule('node:net').Socket)())
  void sample.headersDistinct
  const symbols = Object.getOwnPropertySymbols(sample)
  const named = (name: string): symbol => symbols.find((each) => each.description === name) ?? Symbol(name)
  return { distinct: named('kHeadersDistinct'), count: named('kHeadersCount') }
}
