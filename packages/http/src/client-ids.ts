import type { ActiveSpan } from '@trace/core'
import type { Propagator } from './propagator.js'

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
 */
export function writeIds(
  span: ActiveSpan,
  propagators: readonly Propagator[],
  isCarried: boolean,
  headers: RequestHeaders,
): void {
  // All are asked before any writes: two may share a header, which is then not the program's.
  const held = propagators.map((propagator) => heldBy(propagator, headers, span.traceId))
  for (const [at, propagator] of propagators.entries()) {
    if (held[at] === 'ours') for (const name of propagator.headers) headers.remove(name.toLowerCase())
  }
  if (!isCarried) return
  for (const [at, propagator] of propagators.entries()) {
    if (held[at] === 'theirs') continue
    try {
      propagator.inject(span, (name, value) => headers.set(name, value))
    } catch {
      // The request goes on without that header, and its span is not lost.
    }
  }
}

function heldBy(propagator: Propagator, headers: RequestHeaders, traceId: bigint): Held {
  if (!propagator.headers.some((name) => headers.get(name.toLowerCase()) !== undefined)) return 'nothing'
  try {
    return propagator.extract((name) => textOf(headers.get(name)))?.traceId === traceId ? 'ours' : 'theirs'
  } catch {
    return 'theirs'
  }
}

function textOf(value: unknown): string | undefined {
  const only: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value
  return typeof only === 'string' ? only : undefined
}
