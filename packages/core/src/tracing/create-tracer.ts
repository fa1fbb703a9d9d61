import { executionAsyncResource } from 'node:async_hooks'
import { hostname } from 'node:os'
import { basename, extname } from 'node:path'
import { context } from '../context/context.js'
import type { ActiveSpan, Run } from '../contract/active-span.js'
import type { Recorder } from '../contract/recorder.js'
import type { Stats } from '../contract/stats.js'
import type {
  FlushOptions,
  FlushResult,
  Stacks,
  StartOptions,
  TraceOptions,
  Tracer,
  TracerOptions,
} from '../contract/tracer.js'
import { DEFAULT_LIMITS } from '../queue/backlog.js'
import { Ledger } from '../queue/ledger.js'
import { Queue } from '../queue/queue.js'
import { Warnings } from '../queue/warnings.js'
import { processLogger } from '../values/process-logger.js'
import { generateId, prepareIds } from '../values/random-ids.js'
import { aroundSnapshot } from '../values/snapshot.js'
import { monotonic } from '../values/timers.js'
import { freshOffset, hostTime } from './clock.js'
import { HeldTraces } from './held-traces.js'
import { Inputs, NO_ORIGIN } from './inputs.js'
import { runDetached, runIn, runInUnrecorded, runUnrecorded } from './run.js'
import type { SpanOwner } from './span-owner.js'
import { SpanStarts } from './span-starts.js'
import { SpanStates } from './span-states.js'
import type { TracedSpan } from './traced-span.js'
import { checkTracerOptions } from './tracer-options.js'

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
  // No request waits for it.
  if (options.clock === undefined) freshOffset()
  return new RecordingTracer(options)
}

/** As long as a timer can wait, in ms. */
const NO_DEADLINE = 0x7fffffff

class RecordingTracer implements SpanOwner<TracedSpan> {
  process: string
  readonly stacks: Stacks
  readonly states: SpanStates
  readonly #ledger = new Ledger()
  readonly #recorder: Recorder
  readonly #inputs: Inputs
  readonly #queue: Queue<TracedSpan>
  readonly #starts: SpanStarts
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
    const held = options.keep && new HeldTraces(options.keep)
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
      beforeEnd: () => held?.end(),
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
    this.#starts = new SpanStarts(this, { states: this.states, inputs, sample: options.sample, held })
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
      options === undefined ? this.#starts.trace(kind, name, NO_ORIGIN) : this.#starts.asTold(kind, name, options, true)
    return span.recording ? runIn(span, fn) : runInUnrecorded(span, fn)
  }

  span<T>(kind: string, name: string, fn: (span: ActiveSpan) => PromiseLike<T>): Promise<T>
  span<T>(kind: string, name: string, fn: (span: ActiveSpan) => T): T
  span(kind: string, name: string, fn: Run): unknown {
    const parent = context.getStore()
    if (parent === undefined) return this.trace(kind, name, fn)
    const span = this.#starts.below(parent, kind, name)
    if (span.recording) return runIn(span, fn)
    // Below an unsampled span, that is the current span already.
    return parent.origin === undefined ? runUnrecorded(span, fn) : runInUnrecorded(span, fn)
  }

  go(kind: string, name: string, fn: Run): void {
    runDetached(kind, name, () => this.span(kind, name, fn), this.#inputs.warnings)
  }

  start(kind: string, name: string, options?: StartOptions): ActiveSpan {
    return options === undefined ? this.#starts.here(kind, name) : this.#starts.asTold(kind, name, options, false)
  }

  get hasOwnIds(): boolean {
    return this.#ids !== undefined
  }

  newId(): bigint {
    return this.#ids === undefined ? generateId() : this.#inputs.id(this.#ids)
  }

  now(): bigint {
    return this.#clock === undefined ? monotonic() : this.#inputs.time(this.#clock)
  }

  freshOffset(now?: bigint): bigint {
    return this.#clock === undefined ? freshOffset(now) : 0n
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

let keptTick: object | undefined

/**
 * Keeps `process.nextTick` as fast as it is in a young process. Node creates an object for each call. If none is alive when
 * garbage is collected, V8 forgets for good how to create it fast: a call then takes up to ten times as long (Node 20 to 26), and
 * a request makes several. So this keeps one alive.
 */
function keepTicksFast(): void {
  if (keptTick !== undefined) return
  process.nextTick(() => {
    keptTick = executionAsyncResource()
  })
}
