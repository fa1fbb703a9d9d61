import type { RemoteContext } from './remote.js'

/** A function that runs in a span. */
export type Run = (span: ActiveSpan) => unknown

/** Which span is meant. */
export interface SpanIds {
  readonly traceId: bigint
  readonly spanId: bigint
}

/** A span that is running. */
export interface ActiveSpan {
  /** This span: 1 … 2^64−1; 0n outside a trace. */
  readonly spanId: bigint
  /** Shared by all spans of the trace: 1 … 2^64−1; 0n outside a trace. */
  readonly traceId: bigint
  /** The span that caused this one: 0 … 2^64−1, where 0n means none. */
  readonly parentId: bigint
  /** The process that it runs in, such as `users:4711@host-1`. */
  readonly process: string
  /** The sort of activity, such as `db`. */
  readonly kind: string
  /** The activity, such as `load user`. May be changed until the span finishes. */
  name: string
  /** Nanoseconds since the Unix epoch. */
  readonly start: bigint
  /** How long it has run, in nanoseconds; 0n where it is not recorded. */
  readonly elapsed: bigint
  /**
   * Whether it is recorded. False in a trace that is not sampled, and outside a trace. In a trace that the option `keep` may keep it
   * becomes true when that is decided. What is called from then on gets to know it.
   */
  readonly sampled: boolean
  /** Whether it may be recorded, so that its data are of use: true as well while it is undecided whether the trace is kept. */
  readonly recording: boolean
  /** What its trace brought along by W3C Trace Context or B3; undefined where the trace came otherwise or began here. */
  readonly remote: RemoteContext | undefined
  /**
   * What the program adds: any values under any keys. They are converted to plain values when the span finishes. To assign an
   * object adds its entries to those that are there.
   */
  get data(): Record<string, unknown>
  set data(entries: Readonly<Record<string, unknown>>)
  /** Runs a function with this span as the current one, and returns its result. Does not finish the span. */
  run<T>(fn: (span: ActiveSpan) => T): T
  /** Marks the span as failed by an error. Only the first call counts. */
  fail(error: unknown): void
  /**
   * Records that something happened now, such as a retry or a cache that had nothing. The first 128 of a span are kept, and the others
   * counted under `events.dropped`.
   *
   * @param data any values, made plain as `data` is when the span finishes
   * @param time when, if it was not now: nanoseconds since the Unix epoch
   */
  event(name: string, data?: Readonly<Record<string, unknown>>, time?: bigint): void
  /**
   * Links a span that this one has to do with, and that is not its parent: such as those whose jobs a batch does. The first 128 are kept,
   * and the others counted under `links.dropped`.
   *
   * @param to another span, or its ids: 1 … 2^64−1
   */
  link(to: SpanIds, data?: Readonly<Record<string, unknown>>): void
  /** Finishes the span. Only the first call counts. @param time when, if it was not now: nanoseconds since the Unix epoch */
  finish(time?: bigint): void
  /** Finishes the span at the end of a `using` block. */
  [Symbol.dispose](): void
}
