import type { ActiveSpan, TraceOptions } from '@trace/core'

/** Reads a header by its lower-case name; undefined where there is none. */
export type GetHeader = (name: string) => string | undefined
/** Writes a header. */
export type SetHeader = (name: string, value: string) => void

/** What travels with a request: where it comes from, and whether it is recorded. */
export type SpanIds = Pick<ActiveSpan, 'traceId' | 'spanId' | 'sampled' | 'remote'>

/** Carries a trace from one process to another, by headers. */
export interface Propagator {
  /** The headers it reads and writes, in the spelling that it writes. */
  readonly headers: readonly string[]
  /** What a caller sent; undefined where there is nothing, or nothing well-formed. Never throws. */
  extract(get: GetHeader): TraceOptions | undefined
  /** Writes a span's ids for the process that is called. */
  inject(span: SpanIds, set: SetHeader): void
}

/** What the first propagator reads that finds anything. */
export function extractFirst(propagators: readonly Propagator[], get: GetHeader): TraceOptions | undefined {
  for (const propagator of propagators) {
    const found = propagator.extract(get)
    if (found !== undefined) return found
  }
  return undefined
}
