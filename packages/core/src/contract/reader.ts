import type { PlainData, Span } from './span.js'

/** Reads the traces that a recorder stored: the counterpart of `Recorder`. */
export interface TraceReader {
  /** Its name in logs and messages, such as `yaml(traces.yaml)`. */
  readonly name: string
  /**
   * The spans of one trace, in any order, each once: of several records of a span the last one that is finished, or the last
   * one if none is. An empty list if the store does not have the trace. Rejects with a `TraceError` of code `TRACE_BAD_QUERY`
   * if the id is not a bigint.
   */
  trace(traceId: bigint, options?: ReadOptions): Promise<TraceSpans>
  /**
   * The traces that match, newest first. Rejects with a `TraceError` of code `TRACE_BAD_QUERY` for an unknown condition, or for
   * one of the wrong type.
   */
  traces(query?: TraceQuery, options?: ReadOptions): Promise<TraceList>
  /**
   * Yields the stored spans in batches, for those who look at many and hold few, about in the order in which they were stored. A span
   * that was recorded several times comes as often. It rejects as `traces` does. Left out by stores that cannot do this.
   */
  scan?(query?: SpanQuery, options?: ReadOptions): AsyncIterable<SpanBatch>
  /** Yields spans as they are stored from now on, until the signal aborts. Left out by stores that cannot do this. */
  follow?(options: ReadOptions): AsyncIterable<readonly Span[]>
  /** Releases only what this reader opened itself. */
  close?(): Promise<void>
}

/** Options of all read methods. */
export interface ReadOptions {
  /** Ends the read: `trace`, `traces` and `scan` reject with the signal's reason, `follow` ends. */
  readonly signal?: AbortSignal
  /**
   * Is told where a record stands before `trace`, `scan` or `follow` give its span, such as `/var/log/traces.yaml:1204` for a file and
   * a line. Stores without places do not call it. Default: places are not looked up.
   */
  readonly onPlace?: (span: Span, place: string) => void
}

/** What to look for. A trace must meet all conditions that are given. */
export interface TraceQuery {
  /** Only traces that start at or after this time, in nanoseconds since the Unix epoch. */
  readonly from?: bigint
  /** Only traces that start before this time, in nanoseconds since the Unix epoch. */
  readonly to?: bigint
  /** Only traces whose first span is of this kind. Default: all kinds but `ledger`. */
  readonly kind?: string
  /** Only traces whose first span has this name. */
  readonly name?: string
  /** Only traces that took at least this long, in nanoseconds. */
  readonly minDuration?: bigint
  /** `true`: only traces with a failed span. `false`: only traces without one. */
  readonly error?: boolean
  /** Only traces with a span that ran in this service; see `serviceOf`. */
  readonly service?: string
  /** Only traces with a span that has all of these values in its data. A value that is an object or a list equals none. */
  readonly data?: PlainData
  /** Only traces with a span for which this returns `true`. What it throws rejects the read. */
  readonly where?: (span: Span) => boolean
  /** How many traces to list at most, the newest ones. Default 20. */
  readonly limit?: number
}

/** Which spans to yield. A span must meet all conditions that are given. */
export interface SpanQuery {
  /** Only spans that start at or after this time, in nanoseconds since the Unix epoch. */
  readonly from?: bigint
  /** Only spans that start before this time, in nanoseconds since the Unix epoch. */
  readonly to?: bigint
  /** Only spans of this kind. Default: all kinds but `ledger`. */
  readonly kind?: string
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
  /** From the earliest start to the latest finish, in nanoseconds; undefined if no span has finished. */
  readonly duration: bigint | undefined
  /** The services that its spans ran in, each once, in the order of their first spans; see `serviceOf`. */
  readonly services: readonly string[]
  /** How many spans are stored; one with several records counts once. */
  readonly spans: number
  /** How many of them failed. */
  readonly failed: number
  /** How many of them are stored as open. */
  readonly open: number
  /** How many spans are certainly missing: parents, each once, but for those of other systems. Left out if none are. */
  readonly lost?: number
}

/** What a read skipped, and whether it covered the whole store. */
export interface ReadReport {
  /** How many stored records were skipped because they are not whole spans. */
  readonly skipped: number
  /** Where the first 10 of these are, and why they were skipped. */
  readonly places: readonly { readonly at: string; readonly reason: string }[]
  /** Why traces may be missing from the result, such as a scan that reached its limit; undefined if it is complete. */
  readonly incomplete?: string
}

/** The result of {@link TraceReader.trace}. */
export interface TraceSpans extends ReadReport {
  readonly spans: readonly Span[]
}

/** The result of {@link TraceReader.traces}. */
export interface TraceList extends ReadReport {
  readonly traces: readonly TraceSummary[]
}

/** What {@link TraceReader.scan} yields. Its report is that of the batch, not of what came before. */
export interface SpanBatch extends ReadReport {
  readonly spans: readonly Span[]
}
