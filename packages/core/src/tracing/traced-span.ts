import { type ContextSpan, context } from '../context/context.js'
import type { ActiveSpan, Run, SpanIds } from '../contract/active-span.js'
import { DATA_KEYS } from '../contract/data-keys.js'
import type { RemoteContext } from '../contract/remote.js'
import type { Stacks, Tracer } from '../contract/tracer.js'
import type { OpenPlace, OpenSpan, Recorded } from '../queue/open-spans.js'
import { describe } from '../values/errors.js'
import { isId, w3cTraceId } from '../values/ids.js'
import type { Plain } from '../values/plain.js'
import { formatTime } from '../values/time.js'
import { HeldTrace, type UndecidedSpan } from './held-traces.js'
import { nothingToRun } from './inputs.js'
import { addData, addError, addToList, dataOf, EVENT_KEYS, LINK_KEYS } from './live-data.js'

/** The tracer of a span, as far as the span needs it. */
export interface SpanOwner extends Tracer {
  /** Whether stacks of errors are recorded. */
  readonly stacks: Stacks
  readonly states: SpanChanges
  /** The next id of a trace or span. */
  newId(): bigint
  /** The monotonic clock, in nanoseconds; with the `clockOffset` of a trace added, since the Unix epoch. */
  now(): bigint
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

/** What a new span takes from its parent, or from the trace that it begins. */
export interface Parent extends Pick<ContextSpan, 'traceId' | 'spanId' | 'clockOffset' | 'remote' | 'late'> {
  /** The monotonic clock, if it has just been read. */
  readonly now?: bigint
}

/** A span that will be recorded. */
export class TracedSpan implements ContextSpan, OpenSpan<TracedSpan>, UndecidedSpan {
  // With `declare`, since a class sets all other fields to undefined before the constructor runs, which takes time for each span.
  declare readonly spanId: bigint
  declare readonly traceId: bigint
  declare readonly parentId: bigint
  declare process: string
  declare readonly kind: string
  declare name: string
  declare start: bigint
  declare readonly clockOffset: bigint
  declare readonly remote: RemoteContext | undefined
  declare readonly tracer: SpanOwner
  /** Undefined where the trace is sampled. */
  declare late: HeldTrace | undefined
  declare lazyData: Record<string, unknown> | undefined
  /** In a trace that is held, the span that this one is below. */
  declare parent: TracedSpan | undefined
  // Private, since these can be written where the program has frozen the span.
  #isFinished = false
  #slot = 0
  #place: OpenPlace<TracedSpan> | undefined = undefined

  constructor(tracer: SpanOwner, parent: Parent, kind: string, name: string) {
    this.spanId = tracer.newId()
    this.traceId = parent.traceId
    this.parentId = parent.spanId
    this.process = tracer.process
    this.kind = kind
    this.name = name
    this.clockOffset = parent.clockOffset
    this.remote = parent.remote
    this.start = (parent.now ?? tracer.now()) + parent.clockOffset
    this.tracer = tracer
    this.late = undefined
    this.lazyData = undefined
    this.parent = undefined
    if (parent.late !== undefined) this.#joinHeld(parent)
  }

  get sampled(): boolean {
    return !this.isUndecided
  }

  #joinHeld(parent: Parent): void {
    // A span of another copy of this package decides for itself.
    if (!(parent.late instanceof HeldTrace && parent instanceof TracedSpan)) return
    this.late = parent.late
    this.parent = parent
  }

  /** Whether it is open or held until it is known whether its trace is kept. */
  get isUndecided(): boolean {
    return this.late !== undefined && this.late.state !== 'kept'
  }

  get recording(): true {
    return true
  }

  get isFinished(): boolean {
    return this.#isFinished
  }

  get slot(): number {
    return this.#slot
  }

  set slot(slot: number) {
    this.#slot = slot
  }

  get place(): OpenPlace<TracedSpan> | undefined {
    return this.#place
  }

  set place(place: OpenPlace<TracedSpan> | undefined) {
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
    this.late?.traces.failed(this.late, this)
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
    // Apart, since V8 inlines short functions: this one runs for most spans.
    const finish = this.late === undefined && time === undefined ? this.clockTime() : this.#finishTime(time)
    if (finish !== undefined) this.tracer.states.finished(this, finish)
  }

  /** @returns undefined if it is not to be recorded, or not yet */
  #finishTime(time: bigint | undefined): bigint | undefined {
    const given = time === undefined ? undefined : this.tracer.givenTime(time)
    return this.late === undefined ? (given ?? this.clockTime()) : this.late.traces.finished(this.late, this, given)
  }

  clockTime(): bigint {
    return this.tracer.now() + this.clockOffset
  }

  hold(): Plain {
    return this.tracer.states.hold(this)
  }

  recordHeld(finish: bigint, plain: Plain): void {
    this.tracer.states.recordHeld(this, finish, plain)
  }

  keepOpen(): void {
    this.tracer.states.keepOpen(this)
  }

  letGo(isHeld: boolean): void {
    this.tracer.states.letGo(isHeld)
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

/** As they are written; undefined if they are none. */
function idsOf(to: unknown): Readonly<Record<string, string>> | undefined {
  try {
    const { traceId, spanId, remote } = Object(to)
    if (!isId(traceId) || !isId(spanId)) return undefined
    const ids = { trace_id: `${traceId}`, span_id: `${spanId}` }
    const upper: unknown = remote?.upperTraceId
    return isId(upper) ? { ...ids, [DATA_KEYS.w3cTraceId]: w3cTraceId(traceId, upper) } : ids
  } catch {
    return undefined
  }
}
