import { executionAsyncResource } from 'node:async_hooks'
import { hostname } from 'node:os'
import { basename, extname } from 'node:path'
import { context } from '../context/context.js'
import type { ActiveSpan, Run } from '../contract/active-span.js'
import { DATA_KEYS } from '../contract/data-keys.js'
import type { PlainData, Span } from '../contract/span.js'
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
import { checkOptions, type OptionRule, optionRules } from '../values/options.js'
import { NO_DATA, type Plain, toPlain } from '../values/plain.js'
import { processLogger } from '../values/process-logger.js'
import { aroundSnapshot } from '../values/snapshot.js'
import { END_TIME, FIRST_TIME } from '../values/time.js'
import { monotonic } from '../values/timers.js'
import { freshOffset } from './clock.js'
import { Inputs } from './inputs.js'
import { runDetached, runIn, runUnrecorded } from './run.js'
import { type Parent, type SpanOwner, TracedSpan } from './traced-span.js'
import { DetachedSpan, type UnsampledOrigin, UnsampledSpan } from './unrecorded-span.js'

/**
 * Creates a tracer. A program has one, and closes it before it ends.
 *
 * @throws {TraceError} `TRACE_BAD_OPTION` for an unknown option or one of the wrong type: says what was expected; `TRACE_NO_CRYPTO`
 * if the program runs without the global `crypto`
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
  stacks: optionRules.boolean,
  buffer: optionRules.count,
  bufferBytes: optionRules.count,
  batch: optionRules.count,
  flushTimeout: optionRules.duration,
  openAfter: {
    expected: 'milliseconds, from 1 to 2147483647, or false',
    test: (value) => value === false || optionRules.duration.test(value),
  },
  ledger: optionRules.boolean,
  logger: {
    expected: 'a logger, with a method warn, such as console',
    test: (value) => typeof value === 'object' && value !== null && typeof Reflect.get(value, 'warn') === 'function',
  },
  warningInterval: optionRules.duration,
  ids: optionRules.function,
  clock: optionRules.function,
}

/** About how much memory a span takes besides its texts and data, in bytes: the object, its bigints, its place in the queue. */
const SPAN_BYTES = 256

type Started = TracedSpan | UnsampledSpan | DetachedSpan

class RecordingTracer implements SpanOwner {
  process: string
  readonly stacks: boolean
  readonly newId: () => bigint
  readonly now: () => bigint
  readonly #ledger = new Ledger()
  readonly #inputs: Inputs
  readonly #queue: Queue<TracedSpan>
  readonly #sample: Sampler | undefined
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
    this.#flushTimeout = options.flushTimeout ?? 5_000
    const warnings = new Warnings(options.logger ?? processLogger, options.warningInterval ?? 10_000)
    const inputs = new Inputs(this.#ledger, warnings)
    this.#inputs = inputs
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
    return span.sampled ? runIn(span, fn) : span.run(() => runUnrecorded(span, fn))
  }

  span<T>(kind: string, name: string, fn: (span: ActiveSpan) => PromiseLike<T>): Promise<T>
  span<T>(kind: string, name: string, fn: (span: ActiveSpan) => T): T
  span(kind: string, name: string, fn: Run): unknown {
    const parent = context.getStore()
    const span = this.#start(kind, name, undefined, false)
    if (span.sampled) return runIn(span, fn)
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
      if (!parent.sampled) return this.#startUnsampled(parent, kind, name)
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
    const isSampled = sample === undefined ? callers : this.#inputs.decision(sample, [kind, name, traceId], callers)
    if (!isSampled) return this.#startUnsampled({ traceId, spanId: this.newId(), parentId, remote }, kind, name)
    const now = this.now()
    const clockOffset = this.#hasClock ? 0n : freshOffset(now)
    const parent = { traceId, spanId: parentId, clockOffset, remote, now }
    const span = this.#startChild(parent, kind, name, options.process)
    if (remote !== undefined) {
      if (parentId !== 0n) span.data[DATA_KEYS.remoteParent] = true
      if (remote.upperTraceId !== 0n) span.data[DATA_KEYS.w3cTraceId] = w3cTraceId(traceId, remote.upperTraceId)
    }
    return span
  }

  #startChild(parent: Parent, kind: string, name: string, process?: string): TracedSpan {
    const span = new TracedSpan(this, parent, this.#inputs.text(kind, 'kind'), name)
    if (process !== undefined) span.process = this.#inputs.text(process, 'process', this.process)
    this.#queue.start(span)
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
    const { data, size } = this.#plainData(span)
    const record = this.#record(span, finish, data)
    this.#queue.push(record, bytesOf(record, size))
  }

  openRecord(span: TracedSpan): Recorded {
    const { data, size } = this.#plainData(span)
    const record = this.#record(span, undefined, data)
    return { span: record, bytes: bytesOf(record, size) }
  }

  #plainData({ lazyData }: TracedSpan): Plain {
    return lazyData === undefined ? NO_DATA : toPlain(lazyData, this.stacks)
  }

  #record(span: TracedSpan, finish: bigint | undefined, data: PlainData): Span {
    const { spanId, traceId, parentId, start } = span
    const process = this.#inputs.text(span.process, 'process', this.process)
    const kind = this.#inputs.text(span.kind, 'kind')
    const name = this.#inputs.text(span.name, 'name')
    return { spanId, traceId, parentId, process, kind, name, start, finish, data }
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

/** About how much memory a record takes, in bytes. @param size what its data take */
function bytesOf({ kind, name }: Span, size: number): number {
  return SPAN_BYTES + kind.length + name.length + size
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
