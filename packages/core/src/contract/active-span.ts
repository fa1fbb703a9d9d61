import type { RemoteContext } from './remote.js'

/** What a program has run in a span. */
export type Run = (span: ActiveSpan) => unknown

/** A span that runs. */
export interface ActiveSpan {
  /** This span: 1 … 2^64−1; 0n where nothing is recorded (see {@link span}). */
  readonly spanId: bigint
  /** Shared by all spans of the trace: 1 … 2^64−1; 0n where nothing is recorded. */
  readonly traceId: bigint
  /** The span that caused this one: 0 … 2^64−1, where 0n means none. */
  readonly parentId: bigint
  /** Where it runs, such as `users:4711@host-1`. */
  readonly process: string
  /** What sort of activity, such as `db`. */
  readonly kind: string
  /** Which activity, such as `load user`. May be changed until the span finishes. */
  name: string
  /** Nanoseconds since the Unix epoch. */
  readonly start: bigint
  /** How long it has run, in nanoseconds; 0n where nothing is recorded. */
  readonly elapsed: bigint
  /** Whether it is recorded; false in a trace that is not sampled, and outside a trace. */
  readonly sampled: boolean
  /** What its trace brought along from elsewhere; undefined where it began here or came by the plain id header. */
  readonly remote: RemoteContext | undefined
  /**
   * What the program adds: any values under any keys; made plain when the span finishes. An object that is assigned has its
   * entries copied into it, and takes nothing away.
   */
  get data(): Record<string, unknown>
  set data(entries: Readonly<Record<string, unknown>>)
  /** Runs a function with this span as the current one, and returns what it returns. Does not finish the span. */
  run<T>(fn: (span: ActiveSpan) => T): T
  /** Marks the span failed, by what was thrown; the first call counts. */
  fail(error: unknown): void
  /** Finishes the span; the first call counts. */
  finish(): void
  /** Finishes the span, at the end of a `using` block. */
  [Symbol.dispose](): void
}
