import type { LateDecision } from '../context/context.js'
import type { RemoteContext } from '../contract/remote.js'
import type { Span } from '../contract/span.js'
import type { Stacks, Tracer } from '../contract/tracer.js'
import type { Recorded } from '../queue/open-spans.js'
import type { Plain } from '../values/plain.js'

/** The tracer of a span, as far as the span needs it. */
export interface SpanOwner<S> extends Tracer {
  /** Whether stacks of errors are recorded. */
  readonly stacks: Stacks
  readonly states: SpanChanges<S>
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

/** Is told of each change of a span's state. Times are those of the monotonic clock, in nanoseconds. */
export interface SpanChanges<S> {
  /** Called once, when a span finishes that is to be recorded. */
  finished(span: S, finish: bigint): void
  /** A span finishes while it is undecided whether its trace is kept. @returns its data */
  hold(span: S): Plain
  /** The trace of a held span is kept. */
  recordHeld(span: S, finish: bigint, plain: Plain): void
  /** The record of a span that has finished before, when it was called so. */
  recordOf(span: S, name: string, finish: bigint): Span
  /** The trace of a span is not kept. @param isHeld whether the span is held; otherwise it finishes */
  letGo(isHeld: boolean): void
  /** The trace of an open span is kept. */
  keepOpen(span: S): void
  /** What is to be recorded of an open span. */
  openRecord(span: S): Recorded
}

/** A trace, or the part of it that runs in this process: what all its spans share. */
export interface LocalTrace<S> {
  readonly traceId: bigint
  readonly remote: RemoteContext | undefined
  /** See `freshOffset`. */
  readonly clockOffset: bigint
  /** Undefined where the trace is sampled. */
  readonly late: LateKeeper<S> | undefined
}

/** Decides whether a trace is kept that is not sampled. Times are those of the monotonic clock, in nanoseconds. */
export interface LateKeeper<S> extends LateDecision {
  /** A span of the trace has failed. */
  failed(span: S): void
  /** A span of the trace finishes. @param time when; undefined for now */
  finished(span: S, time: bigint | undefined): void
}
