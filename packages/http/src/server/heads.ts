import { type ActiveSpan, dataToWrite } from '@trace/core'
import { nodeHttp } from '../values/node-http.js'
import {
  type Respond,
  type Response,
  type StoreHead,
  type Stream,
  TRACED,
  type TracedRequest,
  tracedOfResponse,
} from './messages.js'
import type { IdHeader, RecordedHeader } from './options.js'
import { storesHeads } from './response-state.js'
import { sharedWrapper } from './shared-wrapper.js'

/**
 * Wraps what makes the text of an HTTP/1 head. The id joins there what the program gave: were it set before, Node would merge
 * the two, which loses some of what `writeHead` is given, refuses some, and shows in `getHeaders`.
 */
export const storeHeadOf: (storeHead: StoreHead) => StoreHead = sharedWrapper((storeHead) => {
  return function (this: Response, statusLine, headers) {
    const traced = tracedOfResponse(this)
    if (traced === undefined) return storeHead.call(this, statusLine, headers)
    const idHeader = isNodes(headers, this) ? unsetIn(headers, traced) : missingIn(headers, traced)
    let first = statusLine
    if (idHeader !== undefined && traced.isConnected) first += `${idHeader.name}: ${traced.idText}\r\n`
    // Without a connection the text is not sent: what made the response asks it for its headers.
    else if (idHeader !== undefined) this.setHeader(idHeader.name, traced.idText)
    const stored = storeHead.call(this, first, headers)
    traced.headed(statusLine)
    return stored
  }
})

/** Wraps what sends an HTTP/2 head, be it called by the response or by the program itself. */
export const respondOf: (respond: Respond) => Respond = sharedWrapper((respond) => {
  return function (this: Stream, headers, ...more) {
    const traced = this[TRACED]
    if (traced === undefined) return Reflect.apply(respond, this, [headers, ...more])
    Reflect.apply(respond, this, [withId(headers, traced), ...more])
    traced.headed(undefined)
  }
})

function withId(headers: unknown, traced: TracedRequest): unknown {
  const idHeader = missingIn(headers, traced)
  if (idHeader === undefined) return headers
  if (Array.isArray(headers)) return [...headers, idHeader.lowerName, traced.idText]
  return { ...Object(headers), [idHeader.lowerName]: traced.idText }
}

/** Where Node keeps the headers that were set on a response, by their names in lower case. There is no public way to them. */
let settings: symbol | undefined

type SetHeaders = Readonly<Record<string, unknown>>
/** A response as it looks to Node itself. */
type Internals = Response & { readonly [internal: symbol]: unknown }

/** Whether a head is made of what was set alone, and so of names in lower case: to look at each takes a quarter of a microsecond. */
function isNodes(headers: unknown, res: Response): headers is SetHeaders {
  settings ??= findSettings()
  // Not by `Reflect.get`, which V8 looks up anew each time.
  return typeof headers === 'object' && headers !== null && headers === (res as Internals)[settings]
}

function findSettings(): symbol {
  const nowhere = Symbol('headers')
  try {
    const sample = new (nodeHttp().OutgoingMessage)()
    sample.setHeader('name', 'value')
    const isKept = (symbol: symbol): boolean => Object.hasOwn(Object(Reflect.get(sample, symbol)), 'name')
    return Object.getOwnPropertySymbols(sample).find(isKept) ?? nowhere
  } catch {
    // Of what takes the place of Node's elsewhere, only what programs use is known.
    return nowhere
  }
}

function unsetIn(headers: SetHeaders, { info }: TracedRequest): IdHeader | undefined {
  const { idHeader } = info.by.head
  return idHeader === undefined || headers[idHeader.lowerName] !== undefined ? undefined : idHeader
}

/** The id's header, unless none is to be sent or the program gives one of that name. */
function missingIn(headers: unknown, { info }: TracedRequest): IdHeader | undefined {
  const { idHeader } = info.by.head
  return idHeader === undefined || isGiven(headers, idHeader.lowerName) ? undefined : idHeader
}

/** Whether a name is among headers in any form that Node takes: an object, a flat list, or a list of pairs. */
function isGiven(headers: unknown, lowerName: string): boolean {
  if (typeof headers !== 'object' || headers === null) return false
  if (!Array.isArray(headers)) {
    for (const name in headers) if (isNamed(name, lowerName) && Object.hasOwn(headers, name)) return true
    return false
  }
  const isPaired = Array.isArray(headers[0])
  for (let at = 0; at < headers.length; at += isPaired ? 1 : 2) {
    if (isNamed(isPaired ? headers[at]?.[0] : headers[at], lowerName)) return true
  }
  return false
}

/** The first letter is looked at first, since many headers are as long as `X-Request-Id`, and a text in lower case takes long. */
function isNamed(found: unknown, lowerName: string): boolean {
  if (typeof found !== 'string' || found.length !== lowerName.length) return false
  return (found.charCodeAt(0) | 0x20) === (lowerName.charCodeAt(0) | 0x20) && found.toLowerCase() === lowerName
}

/** Adds those of a response's headers that are to be recorded, as they are sent, to a span's data. Never throws. */
export function recordHeaders(span: ActiveSpan, wanted: readonly RecordedHeader[], res: Response): void {
  if (wanted.length > 0) addHeaders(span, wanted, res)
}

function addHeaders(span: ActiveSpan, wanted: readonly RecordedHeader[], res: Response): void {
  try {
    const sent = sentBy(res)
    for (const { name, key } of wanted) {
      const value = sent(name)
      if (value !== undefined) dataToWrite(span)[key] = Array.isArray(value) ? value.map(String) : String(value)
    }
  } catch {
    // The response is a mock that lacks something.
  }
}

function sentBy(res: Response): (lowerName: string) => unknown {
  const { _header: text } = res
  if (res.stream !== undefined) return (name) => res.stream?.sentHeaders?.[name]
  if (typeof text !== 'string' || !storesHeads()) return (name) => res.getHeader(name)
  const lines = text.split('\r\n').slice(1)
  return (name) => {
    const values = lines.filter((line) => isNamed(line.slice(0, line.indexOf(':')), name))
    const texts = values.map((line) => line.slice(name.length + 2))
    return texts.length > 1 ? texts : texts[0]
  }
}
