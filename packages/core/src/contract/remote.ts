/** What a trace that came in by W3C Trace Context or B3 brought along. Outgoing requests carry it on. */
export interface RemoteContext {
  /** The upper half of the 128-bit W3C trace id, 0 … 2^64−1; its lower half is the trace id. */
  readonly upperTraceId: bigint
  /** The header `tracestate`, within the limits of the W3C recommendation; empty where there was none. */
  readonly traceState: string
  /** Whether the sender says that the trace id is random (https://www.w3.org/TR/trace-context-2/#random-trace-id-flag). */
  readonly isRandom: boolean
}
