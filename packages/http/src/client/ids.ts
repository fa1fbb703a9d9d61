import type { ActiveSpan } from '@trace/core'
import type { Propagator } from '../propagation/propagator.js'
import { nodeHttp } from '../values/node-http.js'

/** The headers of a request that is not sent yet. */
export interface RequestHeaders {
  /** @param name in lower case @returns undefined where there is none; a list where it stands there several times */
  get(name: string): unknown
  set(name: string, value: string): void
  /** Takes off every header of that name. @param name in lower case */
  remove(name: string): void
}

/** What a request holds under the headers of a propagator. */
type Held = 'nothing' | 'ours' | 'theirs'

/**
 * Has a request carry a span's ids, or none. Headers that the program has set stay, but for those which carry the ids of the
 * same trace: they come from an earlier request, of which a client made a redirect's, or a proxy the one that it sends on.
 * What the program has signed stays too, since its signature would not hold any more.
 */
export function writeIds(
  span: ActiveSpan,
  propagators: readonly Propagator[],
  isCarried: boolean,
  headers: RequestHeaders,
): void {
  // All are asked before any writes: two may share a header, which is then not the program's.
  const held: Held[] = []
  for (const propagator of propagators) held.push(heldBy(propagator, headers, span.traceId))
  let at = 0
  for (const propagator of propagators) {
    if (held[at++] === 'ours') for (const name of propagator.headers) headers.remove(name.toLowerCase())
  }
  if (!isCarried) return
  at = 0
  for (const propagator of propagators) if (held[at++] !== 'theirs') inject(propagator, span, headers)
}

function inject(propagator: Propagator, span: ActiveSpan, headers: RequestHeaders): void {
  try {
    const { validateHeaderName, validateHeaderValue } = nodeHttp()
    propagator.inject(span, (name, value) => {
      // Where the head is sent at once, or by undici, it would be the whole request that is refused.
      validateHeaderName(name)
      validateHeaderValue(name, value)
      headers.set(name, value)
    })
  } catch {
    // The request goes on without that header, and its span is not lost.
  }
}

function heldBy(propagator: Propagator, headers: RequestHeaders, traceId: bigint): Held {
  const names: string[] = []
  for (const header of propagator.headers) {
    const name = header.toLowerCase()
    if (headers.get(name) !== undefined) names.push(name)
  }
  if (names.length === 0) return 'nothing'
  try {
    const isOurs = propagator.extract((name) => textOf(headers.get(name)))?.traceId === traceId
    return isOurs && !isAnySigned(names, headers) ? 'ours' : 'theirs'
  } catch {
    return 'theirs'
  }
}

/**
 * The headers that hold signatures: of AWS, of https://www.rfc-editor.org/rfc/rfc9421, and of the drafts before that. All of them
 * list the headers that are signed.
 */
const SIGNATURES = ['authorization', 'signature-input', 'signature']

function isAnySigned(names: readonly string[], headers: RequestHeaders): boolean {
  return SIGNATURES.some((signature) => {
    const words = textOf(headers.get(signature))
      ?.toLowerCase()
      .split(/[\s;,="()]+/)
    return words !== undefined && names.some((name) => words.includes(name))
  })
}

function textOf(value: unknown): string | undefined {
  const only: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value
  return typeof only === 'string' ? only : undefined
}
