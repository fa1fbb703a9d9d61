import { hostname } from 'node:os'
import { basename, extname } from 'node:path'
import type { ActiveSpan } from './active-span.js'
import { freshOffset } from './clock.js'
import { context } from './context.js'
import { describe } from './errors.js'
import { generateId, isId, MAX_ID } from './ids.js'
import { Ledger, type Stats } from './ledger.js'
import { checkOptions, type OptionRule, optionRules } from './options.js'
import { NO_DATA, toPlain } from './plain.js'
import { type FlushResult, Queue } from './queue.js'
import type { Recorder } from './recorder.js'
import { goIn, runIn } from './run.js'
import { type Parent, type SpanOwner, TracedSpan } from './traced-span.js'
import { type Logger, processWarnings, Warnings } from './warnings.js'

/** Options of {@link createTracer}. */
export interface TracerOptions {
  /** Where spans go. */
  readonly recorder: Recorder
  /** The service's name, the first part of `process`. Default: the base name of the main script without its extension. */
  readonly service?: string
  /** Where spans ran, whole. Default: `service:pid@hostname`. */
  readonly process?: string
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

/** Where a new trace comes from. */
export interface TraceOptions {
  /** Its id, 1 … 2^64−1; default a new one. */
  readonly traceId?: bigint
  /** The span that caused it, 0 … 2^64−1; default 0n, none. */
  readonly parentId?: bigint
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

/** Starts spans, and hands those that finish to its recorder. */
export interface Tracer {
  /** Where its spans run, as they say. */
  readonly process: string
  /** Runs a function in the first span of a new trace. What the function returns or throws is passed on untouched. */
  trace<T>(kind: string, name: string, fn: (span: ActiveSpan) => PromiseLike<T>, options?: TraceOptions): Promise<T>
  trace<T>(kind: string, name: string, fn: (span: ActiveSpan) => T, options?: TraceOptions): T
  /** Runs a function in a child of the current span; outside a trace, in the first span of a new one. */
  span<T>(kind: string, name: string, fn: (span: ActiveSpan) => PromiseLike<T>): Promise<T>
  span<T>(kind: string, name: string, fn: (span: ActiveSpan) => T): T
  /** Like `span`, but waits for nothing and returns nothing; a failure is recorded and logged, never unhandled. */
  go(kind: string, name: string, fn: (span: ActiveSpan) => unknown): void
  /** Starts a span by hand: `run` functions in it, then `finish` it. */
  start(kind: string, name: string, options?: StartOptions): ActiveSpan
  /** What became of its spans so far. */
  stats(): Stats
  /** Has all spans that finished so far recorded, those in flight included. Never rejects; says what is left. */
  flush(options?: FlushOptions): Promise<FlushResult>
  /** Flushes, then closes the recorder. Spans that finish later are dropped and counted. Never rejects. */
  close(options?: FlushOptions): Promise<FlushResult>
}

/**
 * Makes a tracer: a program has one, and closes it before it ends.
 *
 * @throws {TraceError} `TRACE_BAD_OPTION`: names the option, what was expected, and what was got
 */
export function createTracer(options: TracerOptions): Tracer {
  checkOptions('createTracer', options, OPTION_RULES)
  return new RecordingTracer(options)
}

const OPTION_RULES: Readonly<Record<keyof TracerOptions, OptionRule>> = {
  recorder: {
    expected: 'a recorder, with a name and a method record, such as memoryRecorder()',
    test: (value) =>
      typeof value === 'object' &&
      value !== null &&
      typeof Reflect.get(value, 'record') === 'function' &&
      typeof Reflect.get(value, 'name') === 'string',
    required: true,
  },
  service: optionRules.string,
  process: optionRules.string,
  buffer: optionRules.count,
  bufferBytes: optionRules.count,
  batch: optionRules.count,
  flushTimeout: optionRules.duration,
  logger: {
    expected: 'a logger, with a method warn, such as console',
    test: (value) => typeof value === 'object' && value !== null && typeof Reflect.get(value, 'warn') === 'function',
  },
  warningInterval: optionRules.duration,
}

/** Longest kind, name and process in characters; what is longer came from a stranger, and is cut. */
const MAX_TEXT = 1_024
/** About what a span holds beside its texts and data, in bytes: the object, its bigints, its place in the queue. */
const SPAN_BYTES = 256

class RecordingTracer implements SpanOwner {
  readonly process: string
  readonly #ledger = new Ledger()
  readonly #warnings: Warnings
  readonly #queue: Queue
  readonly #flushTimeout: number
  #closing: Promise<FlushResult> | undefined

  constructor(options: TracerOptions) {
    this.process = options.process ?? `${options.service ?? mainScript()}:${process.pid}@${hostname()}`
    this.#flushTimeout = options.flushTimeout ?? 5_000
    this.#warnings = new Warnings(options.logger ?? processWarnings, options.warningInterval ?? 10_000)
    this.#queue = new Queue({
      recorder: options.recorder,
      ledger: this.#ledger,
      warnings: this.#warnings,
      limits: {
        spans: options.buffer ?? 4_096,
        bytes: options.bufferBytes ?? 8_388_608,
        batch: options.batch ?? 512,
      },
    })
  }

  trace<T>(kind: string, name: string, fn: (span: ActiveSpan) => PromiseLike<T>, options?: TraceOptions): Promise<T>
  trace<T>(kind: string, name: string, fn: (span: ActiveSpan) => T, options?: TraceOptions): T
  trace<T>(kind: string, name: string, fn: (span: ActiveSpan) => T, options?: TraceOptions): T | Promise<Awaited<T>> {
    return runIn(this.#start(this.#newTrace(options), kind, name, options?.process), fn)
  }

  span<T>(kind: string, name: string, fn: (span: ActiveSpan) => PromiseLike<T>): Promise<T>
  span<T>(kind: string, name: string, fn: (span: ActiveSpan) => T): T
  span<T>(kind: string, name: string, fn: (span: ActiveSpan) => T): T | Promise<Awaited<T>> {
    return runIn(this.#start(context.getStore() ?? this.#newTrace(), kind, name), fn)
  }

  go(kind: string, name: string, fn: (span: ActiveSpan) => unknown): void {
    goIn(this.#start(context.getStore() ?? this.#newTrace(), kind, name), fn, this.#warnings)
  }

  start(kind: string, name: string, options?: StartOptions): ActiveSpan {
    const isNew = options?.root === true || options?.traceId !== undefined
    const parent = (isNew ? undefined : context.getStore()) ?? this.#newTrace(options)
    return this.#start(parent, kind, name, options?.process)
  }

  #start(parent: Parent, kind: string, name: string, process?: string): TracedSpan {
    this.#ledger.start()
    const span = new TracedSpan(this, parent, this.#text(kind, 'kind'), name)
    if (process !== undefined) span.process = this.#text(process, 'process')
    return span
  }

  #newTrace(options: TraceOptions = {}): Parent {
    const { traceId, parentId } = options
    return {
      traceId: traceId === undefined ? generateId() : this.#usableTraceId(traceId),
      spanId: parentId === undefined ? 0n : this.#usableParentId(parentId),
      clockOffset: freshOffset(),
    }
  }

  #usableTraceId(id: bigint): bigint {
    if (isId(id)) return id
    this.#warnOfInput(`traceId: expected a bigint from 1 to ${MAX_ID}, got ${describe(id)}; a new trace id is used`)
    return generateId()
  }

  #usableParentId(id: bigint): bigint {
    if (isId(id) || id === 0n) return id
    this.#warnOfInput(`parentId: expected a bigint from 0 to ${MAX_ID}, got ${describe(id)}; 0n is used`)
    return 0n
  }

  #text(text: string, what: string): string {
    if (typeof text !== 'string') {
      this.#warnOfInput(`${what} of a span: expected a string, got ${describe(text)}; an empty one is used`)
      return ''
    }
    return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 1)}…` : text
  }

  #warnOfInput(message: string): void {
    this.#ledger.countBadInput()
    this.#warnings.warn('input', (times) => (times > 1 ? `${message} (the latest of ${times} bad values)` : message))
  }

  finished(span: TracedSpan, finish: bigint): void {
    if (!this.#queue.hasRoom()) {
      this.#queue.drop()
      return
    }
    const { data, size } = span.lazyData === undefined ? NO_DATA : toPlain(span.lazyData)
    const { spanId, traceId, parentId, process, kind, start } = span
    const name = this.#text(span.name, 'name')
    const bytes = SPAN_BYTES + kind.length + name.length + size
    this.#queue.push({ spanId, traceId, parentId, process, kind, name, start, finish, data }, bytes)
  }

  stats(): Stats {
    return this.#ledger.stats()
  }

  flush(options?: FlushOptions): Promise<FlushResult> {
    return this.#queue.flush(this.#timeout(options))
  }

  close(options?: FlushOptions): Promise<FlushResult> {
    this.#closing ??= this.#queue.close(this.#timeout(options))
    return this.#closing
  }

  #timeout(options: FlushOptions | undefined): number {
    const timeout = options?.timeout ?? this.#flushTimeout
    if (optionRules.duration.test(timeout)) return timeout
    this.#warnOfInput(`timeout: expected ${optionRules.duration.expected}, got ${describe(timeout)}`)
    return this.#flushTimeout
  }
}

function mainScript(): string {
  const script = process.argv[1] ?? ''
  return basename(script, extname(script)) || 'node'
}
