/** A data value of a recorded span. Other values are converted to these when the span finishes. */
export type PlainValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly PlainValue[]
  | { readonly [key: string]: PlainValue }

/** The data of a recorded span: what the program added, with all values converted to plain ones. */
export type PlainData = { readonly [key: string]: PlainValue }

/** A recorded span, as recorders get it and readers return it. */
export interface Span {
  /** This span: 1 … 2^64−1. */
  readonly spanId: bigint
  /** Shared by all spans of the trace: 1 … 2^64−1. */
  readonly traceId: bigint
  /**
   * The upper half of the trace's 128-bit id, 1 … 2^64−1, on every span of a trace that came in with one: `traceId` is the lower half.
   * For recorders that send spans on to systems of 128-bit ids. Files and tables have it in the data of one span, under
   * `w3c.trace_id`, and readers leave it out.
   */
  readonly upperTraceId?: bigint
  /** The span that caused this one: 0 … 2^64−1, where 0 means none. */
  readonly parentId: bigint
  /** The process that it ran in: `service:pid@hostname`, unless the program chose its own name. May be empty. */
  readonly process: string
  /** The sort of activity, such as `request` or `db`. May be empty. */
  readonly kind: string
  /** The activity, such as `GET /users/:id`. May be empty. */
  readonly name: string
  /** Nanoseconds since the Unix epoch. */
  readonly start: bigint
  /** Nanoseconds since the Unix epoch; undefined while the span is open. */
  readonly finish: bigint | undefined
  /** A failed span has the keys `error.type` and `error.message`; see `DATA_KEYS` for the others. */
  readonly data: PlainData
}
