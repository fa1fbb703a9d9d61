/** What a trace that came in by W3C Trace Context or B3 brought along, and what goes out again with it. */
export interface RemoteContext {
  /** The upper half of the 128-bit W3C trace id, 0 … 2^64−1; its lower half is the trace id. */
  readonly upperTraceId: bigint
  /** The header `tracestate`, within the limits of the W3C recommendation; empty where there was none. */
  readonly traceState: string
  /** Whether its sender vouched that the trace id is random (https://www.w3.org/TR/trace-context-2/#random-trace-id-flag). */
  readonly isRandom: boolean
}

/**
 * Data key, true, of the first span of this process's part of a trace where its parent came in by W3C or B3: that parent may
 * be another system's, so that a list of traces takes this span for a first one.
 */
export const REMOTE_PARENT = 'parent.remote'

/** Data key under which the first span of this process's part of a trace keeps the whole 128-bit id, in hexadecimal. */
export const W3C_TRACE_ID = 'w3c.trace_id'

/** A 128-bit W3C trace id: 32 hexadecimal digits. */
export function w3cTraceId(traceId: bigint, upperTraceId: bigint): string {
  return ((upperTraceId << 64n) | traceId).toString(16).padStart(32, '0')
}
