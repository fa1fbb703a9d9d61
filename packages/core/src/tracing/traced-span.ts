import { type ContextSpan, context } from '../context/context.js'
import type { ActiveSpan, Run } from '../contract/active-span.js'
import type { RemoteContext } from '../contract/remote.js'
import type { Tracer } from '../contract/tracer.js'
import type { OpenSpan, OpenSpanList, Recorded } from '../queue/open-spans.js'
import { describe } from '../values/errors.js'
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
  /** Called once, when a span finishes. @param finish nanoseconds since the Unix epoch */
  finished(span: TracedSpan, finish: bigint): void
  /** What is to be recorded of an open span. */
  openRecord(span: TracedSpan): Recorded
  /** Called when a span is given something that it cannot use. */
  badInput(message: string): void
}

/** What a new span takes from its parent, or from the trace that it begins. */
export interface Parent extends Pick<ContextSpan, 'traceId' | 'spanId' | 'clockOffset' | 'remote'> {
  /** The monotonic clock, if it has just been read. */
  readonly now?: bigint
}

/** A span that will be recorded. */
export class TracedSpan implements ContextSpan, OpenSpan<TracedSpan> {
  readonly spanId: bigint
  readonly traceId: bigint
  readonly parentId: bigint
  process: string
  readonly kind: string
  name: string
  readonly start: bigint
  readonly clockOffset: bigint
  readonly sampled = true
  readonly remote: RemoteContext | undefined
  readonly tracer: SpanOwner
  lazyData: Record<string, unknown> | undefined = undefined
  isFinished = false
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
  }

  get elapsed(): bigint {
    return this.tracer.now() + this.clockOffset - this.start
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
    if (!this.isFinished) addError(this, error, this.tracer.stacks ? this.traceId : undefined)
  }

  finish(): void {
    if (this.isFinished || !markFinished(this)) return
    this.tracer.finished(this, this.tracer.now() + this.clockOffset)
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
