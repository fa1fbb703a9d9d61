import { hostname } from 'node:os'
import { basename, extname } from 'node:path'
import type { ActiveSpan } from './active-span.js'
import { freshOffset, monotonic } from './clock.js'
import { context } from './context.js'
import { describe } from './errors.js'
import { generateId, isId, MAX_ID, prepareIds } from './ids.js'
import { Ledger, type Stats } from './ledger.js'
import { checkOptions, type OptionRule, optionRules } from './options.js'
import { NO_DATA, toPlain } from './plain.js'
import { type FlushResult, Queue } from './queue.js'
import { REMOTE_PARENT, W3C_TRACE_ID, w3cTraceId } from './remote.js'
import { goOn, runIn, runUnrecorded } from './run.js'
import type { Sampler } from './sampler.js'
import { keepTicksFast } from './ticks.js'
import { type Parent, type SpanOwner, TracedSpan } from './traced-span.js'
import type { FlushOptions, StartOptions, TraceOptions, Tracer, TracerOptions } from './tracer.js'
import { type UnsampledOrigin, UnsampledSpan } from './unrecorded-span.js'
import { printableError, processWarnings, Warnings } from './warnings.js'

/**
 * Makes a tracer: a program has one, and closes it before it ends.
 *
 * @throws {TraceError} `TRACE_BAD_OPTION`: names the option, what was expected, and what was got; `TRACE_NO_CRYPTO` where the
 * program runs without the global `crypto`
 */
export function createTracer(options: TracerOptions): Tracer {
  checkOptions('createTracer', options, OPTION_RULES)
  prepareIds()
  keepTicksFast()
  return new RecordingTracer(options)
}

const OPTION_RULES: Readonly<Record<keyof TracerOptions, OptionRule>> = {
  recorder: {
    expected:
      'a recorder (a name and a method record), such as memoryRecorder() or openRecorder(url) of @trace/core/open',
    test: (value) =>
      typeof value === 'object' &&
      value !== null &&
      typeof Reflect.get(value, 'record') === 'function' &&
      typeof Reflect.get(value, 'name') === 'string',
    required: true,
  },
  service: optionRules.string,
  process: optionRules.string,
  sample: optionRules.function,
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

const NO_OPTIONS: TraceOptions = {}
/** Longest kind, name and process in characters; what is longer came from a stranger, and is cut. */
const MAX_TEXT = 1_024
/** About what a span holds beside its texts and data, in bytes: the object, its bigints, its place in the queue. */
const SPAN_BYTES = 256

class RecordingTracer implements SpanOwner {
  readonly process: string
  readonly #ledger = new Ledger()
  readonly #warnings: Warnings
  readonly #queue: Queue
  readonly #sample: Sampler | undefined
  readonly #flushTimeout: number
  #closing: Promise<FlushResult> | undefined

  constructor(options: TracerOptions) {
    this.process = options.process ?? `${options.service ?? mainScript()}:${process.pid}@${hostname()}`
    this.#sample = options.sample
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
    return this.#run(this.#startTrace(kind, name, options), fn)
  }

  span<T>(kind: string, name: string, fn: (span: ActiveSpan) => PromiseLike<T>): Promise<T>
  span<T>(kind: string, name: string, fn: (span: ActiveSpan) => T): T
  span<T>(kind: string, name: string, fn: (span: ActiveSpan) => T): T | Promise<Awaited<T>> {
    const parent = context.getStore()
    if (parent === undefined) return this.#run(this.#startTrace(kind, name), fn)
    // The context is that of the unsampled trace already.
    if (!parent.sampled) return runUnrecorded(this.#startUnsampled(parent, kind, name), fn)
    return runIn(this.#startChild(parent, kind, name), fn)
  }

  go(kind: string, name: string, fn: (span: ActiveSpan) => unknown): void {
    goOn(`${kind} ${name}`, () => this.span(kind, name, fn), this.#warnings)
  }

  start(kind: string, name: string, options?: StartOptions): ActiveSpan {
    const isNew = options?.root === true || options?.traceId !== undefined
    const parent = isNew ? undefined : context.getStore()
    if (parent === undefined) return this.#startTrace(kind, name, options)
    if (!parent.sampled) return this.#startUnsampled(parent, kind, name)
    return this.#startChild(parent, kind, name, options?.process)
  }

  #run<T>(span: TracedSpan | UnsampledSpan, fn: (span: ActiveSpan) => T): T | Promise<Awaited<T>> {
    return span.sampled ? runIn(span, fn) : span.run(() => runUnrecorded(span, fn))
  }

  #startTrace(kind: string, name: string, options: TraceOptions = NO_OPTIONS): TracedSpan | UnsampledSpan {
    const { traceId: givenTraceId, parentId: givenParentId, remote } = options
    const traceId = givenTraceId === undefined ? generateId() : this.#usableTraceId(givenTraceId)
    const parentId = givenParentId === undefined ? 0n : this.#usableParentId(givenParentId)
    if (!this.#isSampled(kind, name, traceId, options.sampled)) {
      return this.#startUnsampled({ traceId, spanId: generateId(), parentId, remote }, kind, name)
    }
    const now = monotonic()
    const parent = { traceId, spanId: parentId, clockOffset: freshOffset(now), remote, now }
    const span = this.#startChild(parent, kind, name, options.process)
    if (remote !== undefined) {
      if (parentId !== 0n) span.data[REMOTE_PARENT] = true
      if (remote.upperTraceId !== 0n) span.data[W3C_TRACE_ID] = w3cTraceId(traceId, remote.upperTraceId)
    }
    return span
  }

  #startChild(parent: Parent, kind: string, name: string, process?: string): TracedSpan {
    this.#ledger.start()
    const span = new TracedSpan(this, parent, this.#text(kind, 'kind'), name)
    if (process !== undefined) span.process = this.#text(process, 'process')
    return span
  }

  #startUnsampled(origin: UnsampledOrigin, kind: string, name: string): UnsampledSpan {
    this.#ledger.startUnsampled()
    return new UnsampledSpan(this, origin, kind, name)
  }

  #isSampled(kind: string, name: string, traceId: bigint, callers = true): boolean {
    if (this.#sample === undefined) return callers
    try {
      const decision: unknown = this.#sample(kind, name, traceId)
      if (typeof decision === 'boolean') return decision
      if (decision === undefined || decision === null) return callers
      this.#warnOfInput(`sample: expected true, false or undefined, got ${describe(decision)}; the trace is recorded`)
      return true
    } catch (error) {
      this.#warnOfInput(`sample threw: ${printableError(error)}; the trace is recorded`)
      return true
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
