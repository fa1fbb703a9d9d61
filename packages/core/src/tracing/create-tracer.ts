import { hostname } from 'node:os'
import { basename, extname } from 'node:path'
import { type ContextSpan, context } from '../context/context.js'
import type { ActiveSpan, Run } from '../contract/active-span.js'
import { DATA_KEYS } from '../contract/data-keys.js'
import type { Stats } from '../contract/stats.js'
import type {
  FlushOptions,
  FlushResult,
  Sampler,
  StartOptions,
  TraceOptions,
  Tracer,
  TracerOptions,
} from '../contract/tracer.js'
import { Ledger } from '../queue/ledger.js'
import type { Recorded } from '../queue/open-spans.js'
import { Queue } from '../queue/queue.js'
import { printableError, Warnings } from '../queue/warnings.js'
import { generateId, MAX_ID, prepareIds, w3cTraceId } from '../values/ids.js'
import type { Plain } from '../values/plain.js'
import { processLogger } from '../values/process-logger.js'
import { aroundSnapshot } from '../values/snapshot.js'
import { END_TIME, FIRST_TIME } from '../values/time.js'
import { monotonic } from '../values/timers.js'
import { freshOffset } from './clock.js'
import { HeldTrace, HeldTraces } from './held-traces.js'
import { Inputs } from './inputs.js'
import { runDetached, runIn, runUnrecorded } from './run.js'
import { bytesOf, SpanRecords } from './span-records.js'
import { keepTicksFast } from './ticks.js'
import { type Parent, type SpanOwner, TracedSpan } from './traced-span.js'
import { checkTracerOptions } from './tracer-options.js'
import { DetachedSpan, type UnsampledOrigin, UnsampledSpan } from './unrecorded-span.js'

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

type Started = TracedSpan | UnsampledSpan | DetachedSpan

class RecordingTracer implements SpanOwner {
  process: string
  readonly stacks: boolean
  readonly newId: () => bigint
  readonly now: () => bigint
  readonly #ledger = new Ledger()
  readonly #inputs: Inputs
  readonly #records: SpanRecords
  readonly #queue: Queue<TracedSpan>
  readonly #sample: Sampler | undefined
  /** Undefined where what is not sampled is never kept. */
  readonly #held: HeldTraces | undefined
  readonly #flushTimeout: number
  /** Whether `now` is the time already. */
  readonly #hasClock: boolean
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
    this.#records = new SpanRecords(this, inputs)
    const { ids, clock } = options
    this.#hasClock = clock !== undefined
    this.newId = ids === undefined ? generateId : () => inputs.bigint('ids', [1n, MAX_ID], ids, generateId)
    this.now = clock === undefined ? monotonic : () => inputs.bigint('clock', TIMES, clock, hostTime)
    this.#queue = new Queue<TracedSpan>({
      recorder: options.recorder,
      ledger: this.#ledger,
      warnings,
      limits: {
        spans: options.buffer ?? 4_096,
        bytes: options.bufferBytes ?? 8_388_608,
        batch: options.batch ?? 512,
      },
      openAfter: options.openAfter ?? 5_000,
      beforeEnd: () => this.#held?.end(),
      ledgerSource:
        (options.ledger ?? options.recorder.durable === true)
          ? { process: () => this.process, now: clock === undefined ? hostTime : this.now, newId: this.newId }
          : undefined,
    })
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
    const span = this.#start(kind, name, options, true)
    return span.recording ? runIn(span, fn) : span.run(() => runUnrecorded(span, fn))
  }

  span<T>(kind: string, name: string, fn: (span: ActiveSpan) => PromiseLike<T>): Promise<T>
  span<T>(kind: string, name: string, fn: (span: ActiveSpan) => T): T
  span(kind: string, name: string, fn: Run): unknown {
    const parent = context.getStore()
    const span = this.#start(kind, name, undefined, false)
    if (span.recording) return runIn(span, fn)
    // Below an unsampled span, that is the current span already.
    return parent === undefined ? span.run(() => runUnrecorded(span, fn)) : runUnrecorded(span, fn)
  }

  go(kind: string, name: string, fn: Run): void {
    runDetached(kind, name, () => this.span(kind, name, fn), this.#inputs.warnings)
  }

  start(kind: string, name: string, options?: StartOptions): ActiveSpan {
    return this.#start(kind, name, options, false)
  }

  /** Returns a span whatever it is given and whatever goes wrong: if need be, one that records nothing. */
  #start(kind: string, name: string, options: StartOptions | undefined, isNew: boolean): Started {
    try {
      const given = this.#inputs.options(options)
      const isRoot = isNew || given.root === true || given.traceId !== undefined
      const parent = isRoot ? undefined : context.getStore()
      if (parent === undefined) return this.#startTrace(kind, name, given)
      if (!parent.recording || parent.late?.state === 'gone') return this.#startUnsampled(parent, kind, name)
      return this.#startChild(parent, kind, name, given.process)
    } catch (error) {
      this.#inputs.bad(`a span could not be started as wanted: ${printableError(error)}`)
      return options === undefined ? new DetachedSpan(kind, name) : this.#start(kind, name, undefined, isNew)
    }
  }

  #startTrace(kind: string, name: string, options: TraceOptions): TracedSpan | UnsampledSpan {
    const traceId = this.#inputs.traceId(options.traceId, this.newId)
    const parentId = this.#inputs.parentId(options.parentId)
    const remote = this.#inputs.remote(options.remote)
    const callers = this.#inputs.callersDecision(options.sampled)
    const sample = this.#sample
    const isSampled =
      sample === undefined ? callers : this.#inputs.decision(sample, [kind, name, traceId, options.sampled], callers)
    const held = isSampled ? undefined : this.#held
    if (!isSampled && held === undefined)
      return this.#startUnsampled({ traceId, spanId: this.newId(), parentId, remote }, kind, name)
    const now = this.now()
    const clockOffset = this.#hasClock ? 0n : freshOffset(now)
    const parent = { traceId, spanId: parentId, clockOffset, remote, now, late: undefined }
    const span = this.#startSpan(parent, kind, name, options.process)
    if (held === undefined) this.#queue.start(span)
    else {
      span.late = new HeldTrace(held, span)
      this.#ledger.start()
    }
    if (remote !== undefined) {
      if (parentId !== 0n) span.data[DATA_KEYS.remoteParent] = true
      if (remote.upperTraceId !== 0n) span.data[DATA_KEYS.w3cTraceId] = w3cTraceId(traceId, remote.upperTraceId)
    }
    return span
  }

  #startChild(parent: ContextSpan, kind: string, name: string, process?: string): TracedSpan {
    const span = this.#startSpan(parent, kind, name, process)
    if (span.late === undefined || span.late.state === 'kept') this.#queue.start(span)
    else this.#ledger.start()
    return span
  }

  #startSpan(parent: Parent, kind: string, name: string, process?: string): TracedSpan {
    const span = new TracedSpan(this, parent, this.#inputs.text(kind, 'kind'), name)
    if (process !== undefined) span.process = this.#inputs.text(process, 'process', this.process)
    return span
  }

  #startUnsampled(origin: UnsampledOrigin, kind: string, name: string): UnsampledSpan {
    this.#ledger.startUnsampled()
    return new UnsampledSpan(this, origin, kind, name)
  }

  badInput(message: string): void {
    this.#inputs.bad(message)
  }

  finished(span: TracedSpan, finish: bigint): void {
    this.#queue.finish(span)
    if (!this.#queue.hasRoom()) {
      this.#queue.drop()
      return
    }
    this.#push(span, finish, this.#records.dataOf(span))
  }

  #push(span: TracedSpan, finish: bigint, { data, size }: Plain): void {
    const record = this.#records.of(span, finish, data)
    this.#queue.push(record, bytesOf(record, size))
  }

  hold(span: TracedSpan): Plain {
    this.#ledger.hold()
    return this.#records.dataOf(span)
  }

  recordHeld(span: TracedSpan, finish: bigint, plain: Plain): void {
    this.#ledger.recall()
    if (this.#queue.hasRoom()) this.#push(span, finish, plain)
    else this.#queue.drop()
  }

  letGo(isHeld: boolean): void {
    this.#ledger.letGo(isHeld)
  }

  keepOpen(span: TracedSpan): void {
    this.#queue.keepOpen(span)
  }

  openRecord(span: TracedSpan): Recorded {
    return this.#records.ofOpen(span)
  }

  warn(code: string, message: string): void {
    this.#inputs.warnings.relay(code, message)
  }

  stats(): Stats {
    return this.#ledger.stats()
  }

  idle(): Promise<void> {
    void this.flush()
    return this.#ledger.idle()
  }

  flush(options?: FlushOptions): Promise<FlushResult> {
    return this.#queue.flush(this.#inputs.timeout(options, this.#flushTimeout))
  }

  close(options?: FlushOptions): Promise<FlushResult> {
    this.#closing ??= this.#queue.close(this.#inputs.timeout(options, this.#flushTimeout))
    return this.#closing
  }
}

/** What formatTime takes. */
const TIMES = [FIRST_TIME, END_TIME - 1n] as const

function hostTime(): bigint {
  const now = monotonic()
  return now + freshOffset(now)
}

function mainScript(): string {
  const script = process.argv[1] ?? ''
  return basename(script, extname(script)) || 'node'
}
