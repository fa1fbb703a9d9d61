import type { ActiveSpan } from './active-span.js'
import type { Recorder } from './recorder.js'
import type { RemoteContext } from './remote.js'
import type { Stats } from './stats.js'

/** Options of `createTracer`. */
export interface TracerOptions {
  /** Where spans go. */
  readonly recorder: Recorder
  /** The service's name, the first part of `process`. Default: the base name of the main script without its extension. */
  readonly service?: string
  /** Where spans ran, whole. Default: `service:pid@hostname`. */
  readonly process?: string
  /** Decides which traces are recorded. Default: all but those whose caller, where it is honoured, says not to. */
  readonly sample?: Sampler
  /** How many finished spans may wait for the recorder; beyond it they are dropped and counted. Default 4,096. */
  readonly buffer?: number
  /** How much memory they may hold, estimated, in bytes. Default 8,388,608 (8 MB). */
  readonly bufferBytes?: number
  /** How many spans the recorder gets at once at most. Default 512. */
  readonly batch?: number
  /** How long `flush` and `close` wait for the recorder, in milliseconds. Default 5,000. */
  readonly flushTimeout?: number
  /** Where warnings go. Default: `process.emitWarning`. */
  readonly logger?: Logger
  /** A like warning is said again at the earliest after so many milliseconds. Default 10,000. */
  readonly warningInterval?: number
}

/**
 * Decides whether a trace is recorded, when its first span in this process starts.
 *
 * @param kind of that span
 * @param name of that span, as it is when it starts
 * @param traceId for decisions on which all services agree
 * @returns undefined leaves it to the caller, or to the default: recorded
 */
export type Sampler = (kind: string, name: string, traceId: bigint) => boolean | undefined

/** Where a tracer's warnings go: `console`, pino and Fastify's `log` all are one. */
export interface Logger {
  warn(message: string): void
}

/** Where a new trace comes from. */
export interface TraceOptions {
  /** Its id, 1 … 2^64−1; default a new one. */
  readonly traceId?: bigint
  /** The span that caused it, 0 … 2^64−1; default 0n, none. */
  readonly parentId?: bigint
  /** Whether its caller records it; default true. A `sample` function of the tracer that decides overrules it. */
  readonly sampled?: boolean
  /** What it brought along from elsewhere. */
  readonly remote?: RemoteContext | undefined
  /** Where its first span ran, such as on behalf of another process; default the tracer's `process`. */
  readonly process?: string
}

/** Where a new span comes from. Without `root` and `traceId` it is a child of the current span, if there is one. */
export interface StartOptions extends TraceOptions {
  /** Begins a new trace, whatever the context. */
  readonly root?: boolean
}

/** Options of `flush` and `close`. */
export interface FlushOptions {
  /** Milliseconds; default the tracer's `flushTimeout`. */
  readonly timeout?: number
}

/** What {@link Tracer.flush} and {@link Tracer.close} say. */
export interface FlushResult {
  /** How many of the spans finished before the call were neither stored nor given up when its deadline came. */
  readonly left: number
}

/**
 * Starts spans, and hands those that finish to its recorder. No call throws or rejects: what cannot be used falls back to a
 * default, and is counted as `badInput`.
 */
export interface Tracer {
  /** Where its spans run, as they say. */
  readonly process: string
  /**
   * Runs a function in the first span of a new trace. What the function returns or throws is passed on untouched: a promise
   * comes back itself, that of an `async` function as one that settles alike, a lazy thenable started and as a promise.
   */
  trace<T>(kind: string, name: string, fn: (span: ActiveSpan) => PromiseLike<T>, options?: TraceOptions): Promise<T>
  trace<T>(kind: string, name: string, fn: (span: ActiveSpan) => T, options?: TraceOptions): T
  /** Runs a function in a child of the current span; outside a trace, in the first span of a new one. */
  span<T>(kind: string, name: string, fn: (span: ActiveSpan) => PromiseLike<T>): Promise<T>
  span<T>(kind: string, name: string, fn: (span: ActiveSpan) => T): T
  /** Like `span`, but waits for nothing and returns nothing; a failure is recorded and logged, never unhandled. */
  go(kind: string, name: string, fn: (span: ActiveSpan) => unknown): void
  /** Starts a span by hand: `run` functions in it, then `finish` it. */
  start(kind: string, name: string, options?: StartOptions): ActiveSpan
  /**
   * Tells the operator of a problem with tracing, through the tracer's `logger`: for adapters. Says it at once; of warnings with
   * the same code only the latest, with their number, once a `warningInterval`.
   *
   * @param code one of a fixed few, such as `registered twice`
   * @param message one line, of which 1,000 characters are kept; `trace: ` is put in front
   */
  warn(code: string, message: string): void
  /** What became of its spans so far. */
  stats(): Stats
  /** Has all spans that finished so far recorded, those in flight included. Never rejects; says what is left. */
  flush(options?: FlushOptions): Promise<FlushResult>
  /** Flushes, then closes the recorder. Spans that finish later are dropped and counted. Never rejects. */
  close(options?: FlushOptions): Promise<FlushResult>
}
