import { type ContextSpan, context } from '../context/context.js'
import { DATA_KEYS } from '../contract/data-keys.js'
import type { Sampler, StartOptions } from '../contract/tracer.js'
import { printableError } from '../queue/warnings.js'
import { w3cTraceId } from '../values/ids.js'
import { HeldTrace, type HeldTraces } from './held-traces.js'
import { type Inputs, NO_ORIGIN, type TraceOrigin } from './inputs.js'
import { writableData } from './live-data.js'
import type { LocalTrace, SpanOwner } from './span-owner.js'
import type { SpanStates } from './span-states.js'
import { TracedSpan } from './traced-span.js'
import { type UnsampledOrigin, UnsampledSpan } from './unrecorded-span.js'

export type Started = TracedSpan | UnsampledSpan

/** Starts the spans of a tracer: finds where a span belongs, and whether it is recorded. */
export class SpanStarts {
  readonly #tracer: SpanOwner<TracedSpan>
  readonly #states: SpanStates
  readonly #inputs: Inputs
  readonly #sample: Sampler | undefined
  /** Undefined where what is not sampled is never kept. */
  readonly #held: HeldTraces | undefined

  constructor(
    tracer: SpanOwner<TracedSpan>,
    parts: {
      readonly states: SpanStates
      readonly inputs: Inputs
      readonly sample: Sampler | undefined
      readonly held: HeldTraces | undefined
    },
  ) {
    this.#tracer = tracer
    this.#states = parts.states
    this.#inputs = parts.inputs
    this.#sample = parts.sample
    this.#held = parts.held
  }

  /** Returns a span whatever it is given, and whatever goes wrong. @param isNew whether it begins a trace in any case */
  asTold(kind: string, name: string, options: StartOptions, isNew: boolean): Started {
    try {
      const given = this.#inputs.options(options)
      const isRoot = isNew || given.root === true || given.traceId !== undefined
      return isRoot ? this.trace(kind, name, this.#inputs.origin(given)) : this.#belowAsTold(kind, name, given)
    } catch (error) {
      this.#inputs.bad(`a span could not be started as wanted: ${printableError(error)}`)
      return isNew ? this.trace(kind, name, NO_ORIGIN) : this.here(kind, name)
    }
  }

  #belowAsTold(kind: string, name: string, given: StartOptions): Started {
    const parent = context.getStore()
    if (parent === undefined) return this.trace(kind, name, this.#inputs.origin(given))
    if (parent.origin !== undefined) return this.#startApart(parent, kind, name, given)
    const span = this.below(parent, kind, name)
    if (span.recording) this.#setGiven(span, given.process, this.#inputs.givenTime(given.start))
    return span
  }

  /** Below the current span; outside a trace, one that begins a trace. */
  here(kind: string, name: string): Started {
    const parent = context.getStore()
    return parent === undefined ? this.trace(kind, name, NO_ORIGIN) : this.below(parent, kind, name)
  }

  /** The first one of a trace. */
  trace(kind: string, name: string, origin: TraceOrigin): Started {
    const traceId = origin.traceId ?? this.#tracer.newId()
    if (this.#isSampled(origin, traceId, kind, name)) return this.#startSampledTrace(origin, traceId, kind, name)
    return this.#held === undefined
      ? this.#startUnsampledTrace(origin, traceId, kind, name)
      : this.#startHeldTrace(new HeldTrace(this.#held, this.#tracer, traceId, origin.remote), origin, kind, name)
  }

  #startSampledTrace(origin: TraceOrigin, traceId: bigint, kind: string, name: string): TracedSpan {
    const trace = { traceId, remote: origin.remote, clockOffset: 0n, late: undefined }
    const span = new TracedSpan(this.#tracer, trace, this.#inputs.text(kind, 'kind'), name)
    trace.clockOffset = this.#tracer.freshOffset(span.begun)
    if (origin !== NO_ORIGIN) this.#addOrigin(span, origin)
    this.#states.started(span)
    return span
  }

  #startHeldTrace(trace: HeldTrace, origin: TraceOrigin, kind: string, name: string): TracedSpan {
    const span = new TracedSpan(this.#tracer, trace, this.#inputs.text(kind, 'kind'), name)
    if (origin !== NO_ORIGIN) this.#addOrigin(span, origin)
    trace.begins(span)
    this.#states.startedUndecided()
    return span
  }

  below(parent: ContextSpan, kind: string, name: string): Started {
    const state = parent.late?.state
    if (!parent.recording || state === 'gone') return this.#startApart(parent, kind, name)
    if (state === 'held' && parent instanceof TracedSpan) return this.#startBelowHeld(parent, kind, name)
    // A span of another copy of this package decides for itself.
    const trace = parent instanceof TracedSpan ? parent.trace : sampledTraceOf(parent)
    const span = new TracedSpan(this.#tracer, trace, this.#inputs.text(kind, 'kind'), name)
    span.setParent(parent.spanId)
    this.#states.started(span)
    return span
  }

  /** Below a span that is not recorded: as the first one of this process's part of the trace, if that other is not of this process. */
  #startApart(parent: ContextSpan, kind: string, name: string, given?: StartOptions): Started {
    const { origin } = parent
    if (origin === undefined) return this.#startUnsampled(parent, kind, name)
    const { process = origin.process, start } = given ?? {}
    return this.trace(
      kind,
      name,
      this.#inputs.origin({ ...origin, ...(process === undefined ? undefined : { process }), start }),
    )
  }

  #startBelowHeld(parent: TracedSpan, kind: string, name: string): TracedSpan {
    const span = new TracedSpan(this.#tracer, parent.trace, this.#inputs.text(kind, 'kind'), name)
    span.setParent(parent)
    this.#states.startedUndecided()
    return span
  }

  #isSampled({ sampled }: TraceOrigin, traceId: bigint, kind: string, name: string): boolean {
    if (this.#sample === undefined) return sampled ?? true
    try {
      const decision: unknown = this.#sample(kind, name, traceId, sampled)
      return typeof decision === 'boolean' ? decision : this.#inputs.decision(decision, sampled)
    } catch (error) {
      return this.#inputs.noDecision(error)
    }
  }

  #addOrigin(span: TracedSpan, { parentId, remote, process, start }: TraceOrigin): void {
    if (parentId !== 0n) span.setParent(parentId)
    this.#setGiven(span, process, start)
    if (remote === undefined) return
    if (parentId !== 0n) writableData(span)[DATA_KEYS.remoteParent] = true
    if (remote.upperTraceId !== 0n)
      writableData(span)[DATA_KEYS.w3cTraceId] = w3cTraceId(span.traceId, remote.upperTraceId)
  }

  #setGiven(span: TracedSpan, process: string | undefined, start: bigint | undefined): void {
    if (process !== undefined) span.process = this.#inputs.text(process, 'process', this.#tracer.process)
    if (start !== undefined) span.start = start
  }

  #startUnsampledTrace({ parentId, remote }: TraceOrigin, traceId: bigint, kind: string, name: string): UnsampledSpan {
    return this.#startUnsampled({ traceId, spanId: this.#tracer.newId(), parentId, remote }, kind, name)
  }

  #startUnsampled(origin: UnsampledOrigin, kind: string, name: string): UnsampledSpan {
    this.#states.startedUnsampled()
    return new UnsampledSpan(this.#tracer, origin, kind, name)
  }
}

/** The trace of a span of another copy of this package. */
function sampledTraceOf({ traceId, remote, clockOffset }: ContextSpan): LocalTrace<TracedSpan> {
  return { traceId, remote, clockOffset, late: undefined }
}
