import { type ContextSpan, context, type LateDecision } from '../context/context.js'
import type { ActiveSpan, Run, SpanIds } from '../contract/active-span.js'
import type { RemoteContext } from '../contract/remote.js'
import type { Stacks, Tracer } from '../contract/tracer.js'
import type { OpenPlace, OpenSpan, Recorded } from '../queue/open-spans.js'
import { describe } from '../values/errors.js'
import type { Plain } from '../values/plain.js'
import { formatTime } from '../values/time.js'
import { nothingToRun } from './inputs.js'
import { addData, addError, addToList, dataOf, EVENT_KEYS, idsOf, LINK_KEYS, writableData } from './live-data.js'

/** The tracer of a span, as far as the span needs it. */
export interface SpanOwner extends Tracer {
  /** Whether stacks of errors are recorded. */
  readonly stacks: Stacks
  readonly states: SpanChanges
  /** Whether the program makes the ids. */
  readonly hasOwnIds: boolean
  /** The next id of a trace or span. */
  newId(): bigint
  /** The monotonic clock, in nanoseconds; with the `clockOffset` of a trace added, since the Unix epoch. */
  now(): bigint
  /** The `clockOffset` for a trace that begins. @param now the monotonic clock, if it has just been read */
  freshOffset(now?: bigint): bigint
  /** A time that the program gives for a span or an event; undefined for now. */
  givenTime(time: bigint | undefined): bigint | undefined
  /** Called when a span is given something that it cannot use. */
  badInput(message: string): void
}

/** Is told of each change of a span's state. */
export interface SpanChanges {
  /** Called once, when a span finishes that is to be recorded. @param finish nanoseconds since the Unix epoch */
  finished(span: TracedSpan, finish: bigint): void
  /** A span finishes while it is undecided whether its trace is kept. @returns its data */
  hold(span: TracedSpan): Plain
  /** The trace of a held span is kept. */
  recordHeld(span: TracedSpan, finish: bigint, plain: Plain): void
  /** The trace of a span is not kept. @param isHeld whether the span is held; otherwise it finishes */
  letGo(isHeld: boolean): void
  /** The trace of an open span is kept. */
  keepOpen(span: TracedSpan): void
  /** What is to be recorded of an open span. */
  openRecord(span: TracedSpan): Recorded
}

/** A trace, or the part of it that runs in this process: what all its spans share. */
export interface LocalTrace {
  readonly traceId: bigint
  readonly remote: RemoteContext | undefined
  /** See `freshOffset`. */
  readonly clockOffset: bigint
  /** Undefined where the trace is sampled. */
  readonly late: LateKeeper | undefined
}

/** Decides whether a trace is kept that is not sampled. Times are those of the monotonic clock, in nanoseconds. */
export interface LateKeeper extends LateDecision {
  /** A span of the trace has failed. */
  failed(span: TracedSpan): void
  /** A span of the trace finishes. @param time when; undefined for now */
  finished(span: TracedSpan, time: bigint | undefined): void
}

/**
 * A span that is recorded, or may be. Of the traces that are held until it is known whether they are kept, most are not. So a random id
 * of a span is made when somebody asks for it, and its times stay on the monotonic clock until then.
 */
export class TracedSpan implements ContextSpan, OpenSpan<TracedSpan> {
  // With `declare`, since a class sets all other fields to undefined before the constructor runs, which takes time for each span.
  declare readonly tracer: SpanOwner
  declare readonly trace: LocalTrace
  declare process: string
  declare readonly kind: string
  declare name: string
  declare lazyData: Record<string, unknown> | undefined
  declare isDataShown: boolean
  // Private, since these can be written where the program has frozen the span.
  #spanId: bigint | undefined = undefined
  #parent: bigint | TracedSpan = 0n
  #begun: bigint
  #isFinished = false
  #place: OpenPlace<TracedSpan> = 0

  constructor(tracer: SpanOwner, trace: LocalTrace, kind: string, name: string) {
    this.tracer = tracer
    this.trace = trace
    this.process = tracer.process
    this.kind = kind
    this.name = name
    this.lazyData = undefined
    this.isDataShown = false
    // What is recorded needs one in any case. Ids that the program makes are asked for in the order in which spans start, held or not.
    if (trace.late === undefined || tracer.hasOwnIds) this.#spanId = tracer.newId()
    this.#begun = tracer.now()
  }

  /** @param parent its id; in a trace that is held, the span itself */
  setParent(parent: bigint | TracedSpan): void {
    this.#parent = parent
  }

  get spanId(): bigint {
    this.#spanId ??= this.tracer.newId()
    return this.#spanId
  }

  get traceId(): bigint {
    return this.trace.traceId
  }

  get parentId(): bigint {
    return typeof this.#parent === 'bigint' ? this.#parent : this.#parent.spanId
  }

  /** The span that it is below, in a trace that is held; undefined for the first one in this process. */
  get parent(): TracedSpan | undefined {
    return typeof this.#parent === 'bigint' ? undefined : this.#parent
  }

  get remote(): RemoteContext | undefined {
    return this.trace.remote
  }

  get clockOffset(): bigint {
    return this.trace.clockOffset
  }

  get late(): ContextSpan['late'] {
    return this.trace.late
  }

  /** When it started, by the monotonic clock. */
  get begun(): bigint {
    return this.#begun
  }

  get start(): bigint {
    return this.#begun + this.trace.clockOffset
  }

  set start(time: bigint) {
    this.#begun = time - this.trace.clockOffset
  }

  get sampled(): boolean {
    const { late } = this.trace
    return late === undefined || late.state === 'kept'
  }

  get recording(): true {
    return true
  }

  get isFinished(): boolean {
    return this.#isFinished
  }

  get place(): OpenPlace<TracedSpan> {
    return this.#place
  }

  set place(place: OpenPlace<TracedSpan>) {
    this.#place = place
  }

  get elapsed(): bigint {
    return this.clockTime() - this.start
  }

  get data(): Record<string, unknown> {
    return dataOf(this)
  }

  set data(entries: Readonly<Record<string, unknown>>) {
    if (!addData(this, entries)) this.badInput(`data of a span: expected an object, got ${describe(entries)}`)
  }

  run<T>(fn: (span: ActiveSpan) => T): T
  run(fn: Run): unknown {
    if (typeof fn === 'function') return context.run(this, fn, this)
    this.badInput(nothingToRun(fn))
    return undefined
  }

  fail(error: unknown): void {
    if (this.#isFinished) return
    addError(this, error, this.tracer.stacks)
    this.trace.late?.failed(this)
  }

  event(name: string, data?: Readonly<Record<string, unknown>>, time?: bigint): void {
    if (this.#isFinished) return
    if (typeof name !== 'string') this.badInput(`name of an event: expected a text, got ${describe(name)}`)
    const own = (): Record<string, string> => ({
      time: formatTime(this.tracer.givenTime(time) ?? this.clockTime()),
      name: typeof name === 'string' ? name : '',
    })
    addToList(this, EVENT_KEYS, own, data)
  }

  link(to: SpanIds, data?: Readonly<Record<string, unknown>>): void {
    if (this.#isFinished) return
    const ids = idsOf(to)
    if (ids === undefined)
      this.badInput(`link: expected a span, or { traceId, spanId } as bigints, got ${describe(to)}`)
    else addToList(this, LINK_KEYS, () => ids, data)
  }

  finish(time?: bigint): void {
    if (this.#isFinished) return
    this.#isFinished = true
    const { late } = this.trace
    // Short, since V8 inlines short functions.
    if (time !== undefined) this.#finishAt(this.tracer.givenTime(time))
    else if (late === undefined) this.tracer.states.finished(this, this.clockTime())
    else late.finished(this, undefined)
  }

  #finishAt(time: bigint | undefined): void {
    const { late, clockOffset } = this.trace
    if (late === undefined) this.tracer.states.finished(this, time ?? this.clockTime())
    else late.finished(this, time === undefined ? undefined : time - clockOffset)
  }

  /** The time on the clock of its trace, in nanoseconds since the Unix epoch. */
  clockTime(): bigint {
    return this.tracer.now() + this.trace.clockOffset
  }

  record(): Recorded {
    return this.tracer.states.openRecord(this)
  }

  badInput(message: string): void {
    this.tracer.badInput(message)
  }

  [Symbol.dispose](): void {
    this.finish()
  }
}

/**
 * For adapters: where to write a span's data. Unlike `span.data`, it is recorded without a copy, unless the program asks for `span.data`.
 * So write at once, plain values under keys of your own, and ask again after anything else has run.
 */
export function dataToWrite(span: ActiveSpan): Record<string, unknown> {
  return span instanceof TracedSpan ? writableData(span) : span.data
}
