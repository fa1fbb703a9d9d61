import type { Span } from './span.js'

/** Reads traces where a recorder left them: the counterpart of `Recorder`. */
export interface TraceReader {
  /** What logs and messages call it, such as `yaml(traces.yaml)`. */
  readonly name: string
  /**
   * The spans of one trace, in no particular order, each span once: of several records of a span the last, and rather a
   * finished one. No spans where the store does not have the trace; rejects with a `TraceError` of code `TRACE_BAD_QUERY`
   * where the id is no bigint.
   */
  trace(traceId: bigint, options?: ReadOptions): Promise<TraceSpans>
  /**
   * The traces that match, newest first. Rejects with a `TraceError` of code `TRACE_BAD_QUERY` for an unknown condition or one
   * of the wrong type.
   */
  traces(query?: TraceQuery, options?: ReadOptions): Promise<TraceList>
  /** Spans as they arrive from now on, until the signal aborts; only where the store can. */
  follow?(options: ReadOptions): AsyncIterable<readonly Span[]>
  /** Releases only what this reader opened itself. */
  close?(): Promise<void>
}

/** Options of every read. */
export interface ReadOptions {
  /** Ends the read: its promise rejects with the signal's reason; `follow` just ends. */
  readonly signal?: AbortSignal
}

/** What to look for; every condition given must hold. */
export interface TraceQuery {
  /** Only traces that start at or after this time, in nanoseconds since the Unix epoch. */
  readonly from?: bigint
  /** Only traces that start before this time, in nanoseconds since the Unix epoch. */
  readonly to?: bigint
  /** Only traces whose first span is of this kind. Without it, traces of kind `ledger` are left out. */
  readonly kind?: string
  /** Only traces whose first span has this name. */
  readonly name?: string
  /** Only traces that took at least this long, in nanoseconds. */
  readonly minDuration?: bigint
  /** `true`: only traces with a failed span; `false`: only those without. */
  readonly error?: boolean
  /** At most this many, the newest. Default 20. */
  readonly limit?: number
}

/** One trace in a list. */
export interface TraceSummary {
  readonly traceId: bigint
  /** Process, kind and name are those of the first span: the earliest that has no parent among the spans stored. */
  readonly process: string
  readonly kind: string
  readonly name: string
  /** Start of the earliest span, in nanoseconds since the Unix epoch. */
  readonly start: bigint
  /** From the earliest start to the latest finish, in nanoseconds; undefined where no span has finished. */
  readonly duration: bigint | undefined
  /** How many spans are stored, each counted once. */
  readonly spans: number
  /** How many of them failed. */
  readonly failed: number
  /** How many of them are stored as open. */
  readonly open: number
}

/** What a store held that is not a span, and whether the search went through all of it. */
export interface ReadReport {
  /** Stored records passed over because they are not whole spans. */
  readonly skipped: number
  /** Where the first of those lie, and why they were passed over: at most 10. */
  readonly places: readonly { readonly at: string; readonly reason: string }[]
  /** Why the result may lack traces the store has, such as a bounded scan that stopped; undefined where it is complete. */
  readonly incomplete?: string
}

/** What {@link TraceReader.trace} gives. */
export interface TraceSpans extends ReadReport {
  readonly spans: readonly Span[]
}

/** What {@link TraceReader.traces} gives. */
export interface TraceList extends ReadReport {
  readonly traces: readonly TraceSummary[]
}
