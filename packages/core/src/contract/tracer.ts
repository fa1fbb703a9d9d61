import type { ActiveSpan } from './active-span.js'
import type { Logger } from './logger.js'
import type { Recorder } from './recorder.js'
import type { RemoteContext } from './remote.js'
import type { Stats, StoreFlush } from './stats.js'

/** Whether stacks of errors are recorded, and whether with whole paths. */
export type Stacks = boolean | 'masked'

/** Options of `createTracer`. */
export interface TracerOptions {
  /** Stores the spans. */
  readonly recorder: Recorder
  /** The service's name, the first part of `process`. Default: the main script's file name without its extension. */
  readonly service?: string
  /** The full process name stored with each span. Default: `service:pid@hostname`. */
  readonly process?: string
  /** Decides which traces are recorded. Default: all except those that a trusted caller does not record. */
  readonly sample?: Sampler
  /**
   * Whether stacks of errors are recorded: those that spans fail with, their causes and parts, and those in data. `masked`: with paths of
   * files only from the working directory on. Default: true.
   */
  readonly stacks?: Stacks
  /** Which traces are recorded although they are not sampled. Default: none. */
  readonly keep?: KeepOptions
  /** How many finished spans may wait for the recorder. Further ones are dropped and counted. Default 4,096. */
  readonly buffer?: number
  /** How much memory the waiting spans may hold, in bytes, estimated. Default 8,388,608 (8 MB). */
  readonly bufferBytes?: number
  /** How many spans the recorder gets in one call, at most. Default 512; 2,048 while it has fallen behind. */
  readonly batch?: number
  /** How long `flush` and `close` wait for the recorder, in ms. Default 5,000. */
  readonly flushTimeout?: number
  /**
   * How long spans are open before they are recorded as such, with what is known of them then, in ms: up to a quarter more. Those that
   * are open when the tracer is closed or the process exits are recorded, too. `false`: open spans are not recorded. Default 5,000.
   */
  readonly openAfter?: number | false
  /**
   * Whether the ledger is recorded, which says how many spans were lost and why: a span of kind `ledger`, after a loss, once a minute
   * where spans came, when the tracer is closed, and when the process exits. Default: true if the recorder is `durable`.
   */
  readonly ledger?: boolean
  /** Where warnings go. Default: `process.emitWarning`. */
  readonly logger?: Logger
  /** Minimum time between two warnings of the same kind, in ms. Default 10,000. */
  readonly warningInterval?: number
  /** For tests: makes the ids of traces and spans, each 1 … 2^64−1 and another each time. Default: random ones. */
  readonly ids?: () => bigint
  /** For tests: tells the time, in nanoseconds since the Unix epoch. Default: the time of the host. */
  readonly clock?: () => bigint
}

/**
 * Which traces are recorded although they are not sampled. Their spans are held in memory until the first span of the trace in this
 * process finishes, or until it is known before. What was called before that has been told that the trace is not sampled.
 */
export interface KeepOptions {
  /** Whether traces with a failed span are kept. Default: false. */
  readonly errors?: boolean
  /** Traces are kept that take at least this long, in ms. Default: none for being slow. */
  readonly slowerThan?: number
  /** How many finished spans are held at most. The oldest traces are given up for newer ones, and count as unsampled. Default 4,096. */
  readonly buffer?: number
  /** How much memory the held spans may take, in bytes, estimated. Default 8,388,608 (8 MB). */
  readonly bufferBytes?: number
}

/**
 * Decides whether a trace is recorded, when its first span in this process starts.
 *
 * @param kind the kind of that span
 * @param name its name when it starts
 * @param traceId for a decision that is the same in every service
 * @param caller whether the caller records it; undefined if it does not say so, or the trace begins here
 * @returns undefined to follow the caller; a trace without a caller is then recorded
 */
export type Sampler = (kind: string, name: string, traceId: bigint, caller?: boolean | undefined) => boolean | undefined

/** Options of a new trace. */
export interface TraceOptions {
  /** Its id: 1 … 2^64−1. Default: a new one. */
  readonly traceId?: bigint
  /** The span that caused it: 0 … 2^64−1. Default: 0n, none. */
  readonly parentId?: bigint
  /** Whether the caller records it. Default: true. A decision of the tracer's `sample` function comes before it. */
  readonly sampled?: boolean
  /** What it brought along by W3C Trace Context or B3. */
  readonly remote?: RemoteContext | undefined
  /** The process name of its first span, where that ran on behalf of another process. Default: the tracer's `process`. */
  readonly process?: string
}

/** Options of a new span. Without `root` and `traceId` it is a child of the current span, if there is one. */
export interface StartOptions extends TraceOptions {
  /** Whether it begins a new trace even where there is a current span. Default: false. */
  readonly root?: boolean
  /** When it started, if that was not now: nanoseconds since the Unix epoch. */
  readonly start?: bigint | undefined
}

/** Options of `flush` and `close`. */
export interface FlushOptions {
  /** How long to wait for the recorder, in ms. Default: the tracer's `flushTimeout`. */
  readonly timeout?: number
}

/** The result of {@link Tracer.flush} and {@link Tracer.close}. */
export interface FlushResult {
  /**
   * How many of the spans that finished before the call were still on their way at the deadline. After `close`: those that the recorder
   * has not answered for.
   */
  readonly left: number
  /** How many of the spans that finished before the call are lost for good: dropped, or not stored by the recorder. */
  readonly lost: number
  /** The same for each store of a recorder of several, such as {@link tee}, where `left` and `lost` count what no store has. */
  readonly stores?: readonly StoreFlush[]
}

/**
 * Starts spans, and hands the finished ones to its recorder. No method throws or rejects: for an argument that cannot be used
 * it takes a default, counts it as `badInput`, and warns.
 */
export interface Tracer {
  /** The full process name stored with each span. */
  readonly process: string
  /**
   * Runs a function in the first span of a new trace, and returns or throws what the function does. A promise comes back
   * itself; for that of an `async` function comes one that settles the same way. A lazy thenable is started, and comes back as a
   * promise.
   */
  trace<T>(kind: string, name: string, fn: (span: ActiveSpan) => PromiseLike<T>, options?: TraceOptions): Promise<T>
  trace<T>(kind: string, name: string, fn: (span: ActiveSpan) => T, options?: TraceOptions): T
  /** Runs a function in a child of the current span; outside a trace, in the first span of a new one. */
  span<T>(kind: string, name: string, fn: (span: ActiveSpan) => PromiseLike<T>): Promise<T>
  span<T>(kind: string, name: string, fn: (span: ActiveSpan) => T): T
  /** Like `span`, but does not wait, and returns nothing. A failure is recorded and logged, and is never unhandled. */
  go(kind: string, name: string, fn: (span: ActiveSpan) => unknown): void
  /** Starts a span for you to finish: `run` functions in it, then call `finish`. */
  start(kind: string, name: string, options?: StartOptions): ActiveSpan
  /**
   * Warns through the tracer's `logger`; for adapters. The first warning with a code is logged at once. Of later ones, the latest
   * is logged with their number, once per `warningInterval`.
   *
   * @param code one of a fixed few, such as `registered twice`
   * @param message one line, cut to 1,000 characters; the logger gets it with `trace: ` in front
   */
  warn(code: string, message: string): void
  /** How many of its spans are in each state. */
  stats(): Stats
  /**
   * Waits until no span is open, and none waits for the recorder or is with it: all are stored, or counted as lost. For tests, and
   * for programs that come to an end.
   */
  idle(): Promise<void>
  /** Waits until all spans that have finished so far are stored, or its time is up. */
  flush(options?: FlushOptions): Promise<FlushResult>
  /** Flushes, then closes the recorder. Spans that still wait at the deadline, and those that finish later, are dropped and counted. */
  close(options?: FlushOptions): Promise<FlushResult>
}
