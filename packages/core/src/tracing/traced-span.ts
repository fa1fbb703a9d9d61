import { type ContextSpan, context } from '../context/context.js'
import type { ActiveSpan, Run } from '../contract/active-span.js'
import type { RemoteContext } from '../contract/remote.js'
import type { Tracer } from '../contract/tracer.js'
import type { OpenSpan, OpenSpanList, Recorded } from '../queue/open-spans.js'
import { describe } from '../values/errors.js'
import type { Plain } from '../values/plain.js'
import { HeldTrace, type UndecidedSpan } from './held-traces.js'
import { nothingToRun } from './inputs.js'
import { addData, addError, dataOf } from './live-data.js'

/** The tracer of a span, as far as the span needs it. */
export interface SpanOwner extends Tracer {
  /** Whether stacks of errors are recorded. */
  readonly stacks: boolean
  /** The next id of a trace or span. */
  readonly newId: () => bigint
  /** The monotonic clock, in nanoseconds; with the `clockOffset` of a trace added, since the Unix epoch. */
  readonly now: () => bigint
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
  /** Called when a span is given something that it cannot use. */
  badInput(message: string): void
}

/** What a new span takes from its parent, or from the trace that it begins. */
export interface Parent extends Pick<ContextSpan, 'traceId' | 'spanId' | 'clockOffset' | 'remote' | 'late'> {
  /** The monotonic clock, if it has just been read. */
  readonly now?: bigint
}

/** A span that will be recorded. */
export class TracedSpan implements ContextSpan, OpenSpan<TracedSpan>, UndecidedSpan {
  readonly spanId: bigint
  readonly traceId: bigint
  readonly parentId: bigint
  process: string
  readonly kind: string
  name: string
  readonly start: bigint
  readonly clockOffset: bigint
  readonly remote: RemoteContext | undefined
  readonly tracer: SpanOwner
  /** Undefined where the trace is sampled. */
  late: HeldTrace | undefined
  lazyData: Record<string, unknown> | undefined = undefined
  isFinished = false
  /** In a trace that is held, the span that this one is below. */
  readonly parent: TracedSpan | undefined
  // Its place among the open spans. Private, since these can be written where the program has frozen the span.
  #previous: TracedSpan | undefined = undefined
  #next: TracedSpan | undefined = undefined
  #tick = 0

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
    this.late = parent.late instanceof HeldTrace ? parent.late : undefined
    this.parent = this.late !== undefined && parent instanceof TracedSpan ? parent : undefined
  }

  get sampled(): boolean {
    return this.late === undefined || this.late.state === 'kept'
  }

  get recording(): true {
    return true
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
    if (this.isFinished) return
    addError(this, error, this.tracer.stacks ? this.traceId : undefined)
    this.late?.traces.failed(this.late, this)
  }

  finish(): void {
    if (this.isFinished || !markFinished(this)) return
    const finish = this.late === undefined ? this.clockTime() : this.late.traces.finished(this.late, this)
    if (finish !== undefined) this.tracer.finished(this, finish)
  }

  clockTime(): bigint {
    return this.tracer.now() + this.clockOffset
  }

  hold(): Plain {
    return this.tracer.hold(this)
  }

  recordHeld(finish: bigint, plain: Plain): void {
    this.tracer.recordHeld(this, finish, plain)
  }

  keepOpen(): void {
    this.tracer.keepOpen(this)
  }

  letGo(isHeld: boolean): void {
    this.tracer.letGo(isHeld)
  }

  record(): Recorded {
    return this.tracer.openRecord(this)
  }

  enter(list: OpenSpanList<TracedSpan>): void {
    const { last } = list
    if (last === undefined) list.first = this
    else {
      last.#next = this
      this.#previous = last
    }
    list.last = this
    this.#tick = list.tick
  }

  leave(list: OpenSpanList<TracedSpan>): void {
    const previous = this.#previous
    const next = this.#next
    if (previous !== undefined) previous.#next = next
    else if (list.first === this) list.first = next
    else return
    if (next !== undefined) next.#previous = previous
    else list.last = previous
    // A span that has finished must not keep others in memory.
    this.#previous = undefined
    this.#next = undefined
  }

  isBefore(tick: number): boolean {
    return this.#tick < tick
  }

  badInput(message: string): void {
    this.tracer.badInput(message)
  }

  [Symbol.dispose](): void {
    this.finish()
  }
}

/** Spans that have finished although a program had frozen them. */
const frozen = new WeakSet<TracedSpan>()

/** @returns whether it was not marked before */
function markFinished(span: TracedSpan): boolean {
  try {
    span.isFinished = true
    return true
  } catch {
    if (frozen.has(span)) return false
    frozen.add(span)
    return true
  }
}
