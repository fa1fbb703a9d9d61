import { hostname } from 'node:os'
import { basename, extname } from 'node:path'
import { type ContextSpan, context } from '../context/context.js'
import type { ActiveSpan, Run } from '../contract/active-span.js'
import { DATA_KEYS } from '../contract/data-keys.js'
import type { Recorder } from '../contract/recorder.js'
import type { Stats } from '../contract/stats.js'
import type {
  FlushOptions,
  FlushResult,
  Sampler,
  Stacks,
  StartOptions,
  TraceOptions,
  Tracer,
  TracerOptions,
} from '../contract/tracer.js'
import { DEFAULT_LIMITS } from '../queue/backlog.js'
import { Ledger } from '../queue/ledger.js'
import { Queue } from '../queue/queue.js'
import { printableError, Warnings } from '../queue/warnings.js'
import { w3cTraceId } from '../values/ids.js'
import { processLogger } from '../values/process-logger.js'
import { generateId, prepareIds } from '../values/random-ids.js'
import { aroundSnapshot } from '../values/snapshot.js'
import { monotonic } from '../values/timers.js'
import { freshOffset, hostTime } from './clock.js'
import { HeldTrace, HeldTraces } from './held-traces.js'
import { Inputs, NO_ORIGIN, type TraceOrigin } from './inputs.js'
import { runDetached, runIn, runInUnrecorded, runUnrecorded } from './run.js'
import { SpanStates } from './span-states.js'
import { keepTicksFast } from './ticks.js'
import { type SpanOwner, TracedSpan } from './traced-span.js'
import { checkTracerOptions } from './tracer-options.js'
import { type UnsampledOrigin, UnsampledSpan } from './unrecorded-span.js'

/**
 * Creates a tracer. A program has one, and closes it before it ends.
 *
 * @throws {TraceError} `TRACE_BAD_OPTION` for an unknown option or one of the wrong type: says what was expected; `TRACE_NO_CRYPTO`
 * if the program runs without the global `crypto`
 */
export function createTracer(options: TracerOptions): Tracer {
  checkTracerOptions(options)
  prepareIds()
  keepTicksFast()
  return new RecordingTracer(options)
}

type Started = TracedSpan | UnsampledSpan

/** As long as a timer can wait, in ms. */
const NO_DEADLINE = 0x7fffffff

class RecordingTracer implements SpanOwner {
  process: string
  readonly stacks: Stacks
  readonly states: SpanStates
  readonly #ledger = new Ledger()
  readonly #recorder: Recorder
  readonly #inputs: Inputs
  readonly #queue: Queue<TracedSpan>
  readonly #sample: Sampler | undefined
  /** Undefined where what is not sampled is never kept. */
  readonly #held: HeldTraces | undefined
  readonly #flushTimeout: number
  /** Those that the program has given. */
  readonly #ids: (() => bigint) | undefined
  readonly #clock: (() => bigint) | undefined
  #closing: Promise<FlushResult> | undefined

  constructor(options: TracerOptions) {
    const service = options.service ?? mainScript()
    const whereabouts = (): string => options.process ?? `${service}:${process.pid}@${hostname()}`
    this.process = whereabouts()
    this.stacks = options.stacks ?? true
    this.#sample = options.sample
    this.#held = options.keep && new HeldTraces(options.keep)
    this.#flushTimeout = options.flushTimeout ?? 5_000
    const warnings = new Warnings(options.logger ?? processLogger, options.warningInterval ?? 10_000)
    const inputs = new Inputs(this.#ledger, warnings)
    this.#inputs = inputs
    this.#ids = options.ids
    this.#recorder = options.recorder
    if (options.logger !== undefined) options.recorder.useLogger?.(options.logger)
    this.#clock = options.clock
    this.#queue = new Queue<TracedSpan>({
      recorder: options.recorder,
      ledger: this.#ledger,
      warnings,
      limits: {
        spans: options.buffer ?? DEFAULT_LIMITS.spans,
        bytes: options.bufferBytes ?? DEFAULT_LIMITS.bytes,
        batch: options.batch ?? DEFAULT_LIMITS.batch,
        mostBatch: options.batch ?? DEFAULT_LIMITS.mostBatch,
      },
      openAfter: options.openAfter ?? 5_000,
      beforeEnd: () => this.#held?.end(),
      ledgerSource:
        (options.ledger ?? options.recorder.durable === true)
          ? {
              process: () => this.process,
              now: options.clock === undefined ? hostTime : () => this.now(),
              newId: () => this.newId(),
            }
          : undefined,
    })
    this.states = new SpanStates(this.#ledger, this.#queue, inputs, this.stacks)
    aroundSnapshot({
      before: () => {
        this.#queue.beforeSnapshot()
        warnings.stop()
      },
      after: () => {
        this.process = whereabouts()
        this.#queue.afterSnapshot()
      },
    })
  }

  trace<T>(kind: string, name: string, fn: (span: ActiveSpan) => PromiseLike<T>, options?: TraceOptions): Promise<T>
  trace<T>(kind: string, name: string, fn: (span: ActiveSpan) => T, options?: TraceOptions): T
  trace(kind: string, name: string, fn: Run, options?: TraceOptions): unknown {
    const span =
      options === undefined ? this.#startTrace(kind, name, NO_ORIGIN) : this.#startAsTold(kind, name, options, true)
    return span.recording ? runIn(span, fn) : runInUnrecorded(span, fn)
  }

  span<T>(kind: string, name: string, fn: (span: ActiveSpan) => PromiseLike<T>): Promise<T>
  span<T>(kind: string, name: string, fn: (span: ActiveSpan) => T): T
  span(kind: string, name: string, fn: Run): unknown {
    const parent = context.getStore()
    if (parent === undefined) return this.trace(kind, name, fn)
    const span = this.#startBelow(parent, kind, name, undefined)
    if (span.recording) return runIn(span, fn)
    // Below an unsampled span, that is the current span already.
    return parent.origin === undefined ? runUnrecorded(span, fn) : runInUnrecorded(span, fn)
  }

  go(kind: string, name: string, fn: Run): void {
    runDetached(kind, name, () => this.span(kind, name, fn), this.#inputs.warnings)
  }

  start(kind: string, name: string, options?: StartOptions): ActiveSpan {
    return options === undefined ? this.#startHere(kind, name) : this.#startAsTold(kind, name, options, false)
  }

  /** Returns a span whatever it is given, and whatever goes wrong. */
  #startAsTold(kind: string, name: string, options: StartOptions, isNew: boolean): Started {
    try {
      const given = this.#inputs.options(options)
      const isRoot = isNew || given.root === true || given.traceId !== undefined
      const parent = isRoot ? undefined : context.getStore()
      if (parent !== undefined) {
        const span = this.#startBelow(parent, kind, name, given.process)
        if (given.start !== undefined && span.recording) span.start = this.givenTime(given.start) ?? span.start
        return span
      }
      return this.#startTrace(kind, name, this.#inputs.origin(given))
    } catch (error) {
      this.#inputs.bad(`a span could not be started as wanted: ${printableError(error)}`)
      return isNew ? this.#startTrace(kind, name, NO_ORIGIN) : this.#startHere(kind, name)
    }
  }

  #startHere(kind: string, name: string): Started {
    const parent = context.getStore()
    if (parent === undefined) return this.#startTrace(kind, name, NO_ORIGIN)
    return this.#startBelow(parent, kind, name, undefined)
  }

  #startTrace(kind: string, name: string, origin: TraceOrigin): Started {
    const traceId = origin.traceId ?? this.newId()
    const isSampled = this.#isSampled(origin, traceId, kind, name)
    const held = isSampled ? undefined : this.#held
    if (!isSampled && held === undefined) return this.#startUnsampledTrace(origin, traceId, kind, name)
    const now = this.now()
    const clockOffset = this.#clock === undefined ? freshOffset(now) : 0n
    const parent = { traceId, spanId: origin.parentId, clockOffset, remote: origin.remote, now, late: undefined }
    const span = new TracedSpan(this, parent, this.#inputs.text(kind, 'kind'), name)
    if (origin !== NO_ORIGIN) this.#addOrigin(span, origin)
    if (held !== undefined) span.late = new HeldTrace(held, span)
    this.states.started(span)
    return span
  }

  #startBelow(parent: ContextSpan, kind: string, name: string, process: string | undefined): Started {
    if (!parent.recording || parent.late?.state === 'gone') return this.#startApart(parent, kind, name, process)
    const span = new TracedSpan(this, parent, this.#inputs.text(kind, 'kind'), name)
    if (process !== undefined) this.#setProcess(span, process)
    this.states.started(span)
    return span
  }

  /** Below a span that is not recorded: as the first one of this process's part of the trace, if that other is not of this process. */
  #startApart(parent: ContextSpan, kind: string, name: string, process: string | undefined): Started {
    const { origin } = parent
    if (origin === undefined) return this.#startUnsampled(parent, kind, name)
    return this.#startTrace(kind, name, this.#inputs.origin(process === undefined ? origin : { ...origin, process }))
  }

  #isSampled({ sampled }: TraceOrigin, traceId: bigint, kind: string, name: string): boolean {
    if (this.#sample === undefined) return sampled ?? true
    return this.#inputs.decision(this.#sample, [kind, name, traceId, sampled])
  }

  #addOrigin(span: TracedSpan, { parentId, remote, process, start }: TraceOrigin): void {
    if (start !== undefined) span.start = start
    if (process !== undefined) this.#setProcess(span, process)
    if (remote === undefined) return
    if (parentId !== 0n) span.data[DATA_KEYS.remoteParent] = true
    if (remote.upperTraceId !== 0n) span.data[DATA_KEYS.w3cTraceId] = w3cTraceId(span.traceId, remote.upperTraceId)
  }

  #setProcess(span: TracedSpan, process: string): void {
    span.process = this.#inputs.text(process, 'process', this.process)
  }

  #startUnsampledTrace({ parentId, remote }: TraceOrigin, traceId: bigint, kind: string, name: string): UnsampledSpan {
    return this.#startUnsampled({ traceId, spanId: this.newId(), parentId, remote }, kind, name)
  }

  #startUnsampled(origin: UnsampledOrigin, kind: string, name: string): UnsampledSpan {
    this.states.startedUnsampled()
    return new UnsampledSpan(this, origin, kind, name)
  }

  newId(): bigint {
    return this.#ids === undefined ? generateId() : this.#inputs.id(this.#ids)
  }

  now(): bigint {
    return this.#clock === undefined ? monotonic() : this.#inputs.time(this.#clock)
  }

  givenTime(time: bigint | undefined): bigint | undefined {
    return this.#inputs.givenTime(time)
  }

  badInput(message: string): void {
    this.#inputs.bad(message)
  }

  warn(code: string, message: string): void {
    this.#inputs.warnings.relay(code, message)
  }

  stats(): Stats {
    const stats = this.#ledger.stats()
    const stores = this.#recorder.stores?.()
    return stores === undefined ? stats : { ...stats, stores }
  }

  async idle(): Promise<void> {
    void this.flush()
    await this.#ledger.idle()
    await this.#recorder.flush?.(NO_DEADLINE)
  }

  flush(options?: FlushOptions): Promise<FlushResult> {
    return this.#queue.flush(this.#inputs.timeout(options, this.#flushTimeout))
  }

  close(options?: FlushOptions): Promise<FlushResult> {
    this.#closing ??= this.#queue.close(this.#inputs.timeout(options, this.#flushTimeout))
    return this.#closing
  }
}

function mainScript(): string {
  const script = process.argv[1] ?? ''
  return basename(script, extname(script)) || 'node'
}
