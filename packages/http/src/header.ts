import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { parseId } from '@trace/core'

/** The ids that a caller sent. */
export interface CallerIds {
  /** 1 … 2^64−1. */
  readonly traceId: bigint
  /** 1 … 2^64−1. */
  readonly spanId: bigint
}

/** Two ids of 20 digits and a colon, with some leading zeros: what is longer is not looked at. */
const LONGEST_IDS = 64
const LONGEST_FOREIGN_ID = 128

/**
 * Reads an id header, `traceId:spanId` in decimal.
 *
 * @returns undefined for anything else; never throws
 */
export function parseIdHeader(value: string): CallerIds | undefined {
  if (value.length > LONGEST_IDS) return undefined
  const colon = value.indexOf(':')
  if (colon < 1) return undefined
  const traceId = parseId(value.slice(0, colon))
  if (traceId === undefined) return undefined
  const spanId = parseId(value.slice(colon + 1))
  return spanId === undefined ? undefined : { traceId, spanId }
}

/** An id header's value, in canonical decimal. */
export function formatIdHeader(ids: CallerIds): string {
  return `${ids.traceId}:${ids.spanId}`
}

/** Whether a header that holds no ids of ours may be kept as somebody else's request id. */
export function isForeignId(value: string): boolean {
  return value.length <= LONGEST_FOREIGN_ID && /^[\x20-\x7e]+$/.test(value)
}

/**
 * Gives a request one header of this name and value, in every place where a handler may read or forward it.
 *
 * @param name as it is written where the request has none yet
 * @param lowerName the same in lower case
 */
export function replaceHeader(req: IncomingMessage, name: string, lowerName: string, value: string): void {
  req.headers[lowerName] = value
  nodes ??= findSymbols()
  replaceRawHeader(req, name, lowerName, value)
  // Node builds it on first use, which costs more than all the rest here: so only where that has happened.
  const distinct: unknown = Reflect.get(req, nodes.distinct)
  if (typeof distinct === 'object' && distinct !== null) Reflect.set(distinct, lowerName, [value])
}

function replaceRawHeader(req: IncomingMessage, name: string, lowerName: string, value: string): void {
  const raw = req.rawHeaders
  const size = raw.length
  let isReplaced = false
  for (let at = 0; at < raw.length; at += 2) {
    const found = raw[at]
    if (found?.length !== name.length || found.toLowerCase() !== lowerName) continue
    if (isReplaced) {
      // Built now, since Node builds it from as many headers as came.
      void req.headersDistinct
      raw.splice(at, 2)
      at -= 2
    } else {
      raw[at + 1] = value
      isReplaced = true
    }
  }
  if (isReplaced) return
  raw.push(name, value)
  if (nodes !== undefined && Reflect.get(req, nodes.count) === size) Reflect.set(req, nodes.count, size + 2)
}

/**
 * Where Node keeps `headersDistinct` once it is built, and of how many of `rawHeaders` it builds it. There is no public way
 * to either; on a Node that keeps them elsewhere, `headersDistinct` shows the header as it came.
 */
interface NodesSymbols {
  readonly distinct: symbol
  readonly count: symbol
}

let nodes: NodesSymbols | undefined

function findSymbols(): NodesSymbols {
  const sample = new IncomingMessage(new Socket())
  void sample.headersDistinct
  const symbols = Object.getOwnPropertySymbols(sample)
  const named = (name: string): symbol => symbols.find((each) => each.description === name) ?? Symbol(name)
  return { distinct: named('kHeadersDistinct'), count: named('kHeadersCount') }
}
