import { DATA_KEYS } from '../contract/data-keys.js'
import type { RemoteContext } from '../contract/remote.js'
import type { KeepOptions } from '../contract/tracer.js'
import type { Plain } from '../values/plain.js'
import type { LateKeeper, LocalTrace, SpanOwner } from './span-owner.js'
import type { TracedSpan } from './traced-span.js'

/** A span that has finished before it is decided whether its trace is kept. */
interface HeldSpan {
  readonly span: TracedSpan
  readonly finish: bigint
  readonly plain: Plain
  /** The one of the same trace that finished after it. */
  next: HeldSpan | undefined
}

/**
 * Which traces that are not sampled are kept all the same, and the spans of those that are undecided: a bounded ring. Times here
 * are those of the monotonic clock, in nanoseconds.
 */
export class HeldTraces {
  /** Whether a trace with an error is kept. */
  readonly errors: boolean
  /** In nanoseconds; undefined if no trace is kept for being slow. */
  readonly slowerThan: bigint | undefined
  readonly #mostSpans: number
  readonly #mostBytes: number
  /** The traces of which spans are held, in the order in which the first of these finished. */
  #oldest: HeldTrace | undefined
  #newest: HeldTrace | undefined
  #spans = 0
  #bytes = 0

  constructor({ errors = false, slowerThan, buffer = 4_096, bufferBytes = 8_388_608 }: KeepOptions) {
    this.errors = errors
    this.slowerThan = slowerThan === undefined ? undefined : BigInt(Math.round(slowerThan * 1e6))
    this.#mostSpans = buffer
    this.#mostBytes = bufferBytes
  }

  /** Decides about all traces of which spans are held, since the tracer is closed or the process exits. */
  end(): void {
    for (let trace = this.#oldest; trace !== undefined; trace = this.#oldest) {
      const span = trace.firstHeld?.span
      if (span !== undefined && trace.slowFrom !== undefined && span.tracer.now() >= trace.slowFrom) {
        this.keep(trace, span)
      } else this.letGo(trace, 'gone')
    }
  }

  /** Records what is held of a trace. @param reason the span that has decided it */
  keep(trace: HeldTrace, reason: TracedSpan): void {
    trace.state = 'kept'
    for (let held = this.#take(trace); held !== undefined; held = this.#after(held)) {
      const { span, finish, plain } = held
      span.tracer.states.recordHeld(span, finish, plain)
    }
    // From now on this one and those above it may be recorded as open.
    for (let open: TracedSpan | undefined = reason; open !== undefined; open = open.parent) {
      if (!open.isFinished) open.tracer.states.keepOpen(open)
    }
  }

  /** What is held of a trace is not recorded. */
  letGo(trace: HeldTrace, state: 'held' | 'gone'): void {
    trace.state = state
    for (let held = this.#take(trace); held !== undefined; held = this.#after(held)) {
      held.span.tracer.states.letGo(true)
    }
  }

  /** A span finishes while nothing is decided. */
  hold(trace: HeldTrace, span: TracedSpan, finish: bigint): void {
    const plain = span.tracer.states.hold(span)
    const held: HeldSpan = { span, finish, plain, next: undefined }
    if (trace.lastHeld === undefined) {
      trace.firstHeld = held
      this.#link(trace)
    } else trace.lastHeld.next = held
    trace.lastHeld = held
    this.#bytes += HELD_BYTES + plain.size
    if (++this.#spans > this.#mostSpans || this.#bytes > this.#mostBytes) this.#makeRoom()
  }

  #makeRoom(): void {
    while (this.#oldest !== undefined && (this.#spans > this.#mostSpans || this.#bytes > this.#mostBytes)) {
      // What it still does may keep it, without these spans.
      this.letGo(this.#oldest, 'held')
    }
  }

  /** Takes out what is held of a trace. @returns the first of these spans, to be followed by `#after` */
  #take(trace: HeldTrace): HeldSpan | undefined {
    const first = trace.firstHeld
    if (first === undefined) return undefined
    this.#unlink(trace)
    trace.firstHeld = undefined
    trace.lastHeld = undefined
    return first
  }

  /** Forgets a span that was taken out. @returns the next one */
  #after({ plain, next }: HeldSpan): HeldSpan | undefined {
    this.#spans--
    this.#bytes -= HELD_BYTES + plain.size
    return next
  }

  #link(trace: HeldTrace): void {
    const newest = this.#newest
    if (newest === undefined) this.#oldest = trace
    else newest.next = trace
    trace.previous = newest
    this.#newest = trace
  }

  #unlink(trace: HeldTrace): void {
    const { previous, next } = trace
    if (previous === undefined) this.#oldest = next
    else previous.next = next
    if (next === undefined) this.#newest = previous
    else next.previous = previous
    trace.previous = undefined
    trace.next = undefined
  }
}

function hasFailed(data: Readonly<Record<string, unknown>>): boolean {
  return Object.hasOwn(data, DATA_KEYS.errorType)
}

/** About how much memory a held span takes besides its data, in bytes. */
const HELD_BYTES = 512

/** A trace that is not sampled, or this process's part of it, of which it is undecided whether it is kept. */
export class HeldTrace implements LocalTrace<TracedSpan>, LateKeeper<TracedSpan> {
  // With `declare` as in `TracedSpan`.
  declare readonly traceId: bigint
  declare readonly remote: RemoteContext | undefined
  declare readonly tracer: SpanOwner<TracedSpan>
  declare readonly traces: HeldTraces
  declare state: 'held' | 'kept' | 'gone'
  /** When it has taken so long that it is kept, by the monotonic clock; undefined if that does not matter. */
  declare slowFrom: bigint | undefined
  declare firstHeld: HeldSpan | undefined
  declare lastHeld: HeldSpan | undefined
  declare previous: HeldTrace | undefined
  declare next: HeldTrace | undefined
  declare lazyOffset: bigint | undefined

  constructor(traces: HeldTraces, tracer: SpanOwner<TracedSpan>, traceId: bigint, remote: RemoteContext | undefined) {
    this.traces = traces
    this.tracer = tracer
    this.traceId = traceId
    this.remote = remote
    this.state = 'held'
    this.slowFrom = undefined
    this.firstHeld = undefined
    this.lastHeld = undefined
    this.previous = undefined
    this.next = undefined
    this.lazyOffset = undefined
  }

  get late(): this {
    return this
  }

  /** Asked for where it is kept, or somebody wants to know a time: most traces are not, and their times are not looked at. */
  get clockOffset(): bigint {
    this.lazyOffset ??= this.tracer.freshOffset()
    return this.lazyOffset
  }

  begins(first: TracedSpan): void {
    if (this.traces.slowerThan !== undefined) this.slowFrom = first.begun + this.traces.slowerThan
  }

  failed(span: TracedSpan): void {
    if (this.state === 'held' && this.traces.errors) this.traces.keep(this, span)
  }

  finished(span: TracedSpan, time: bigint | undefined): void {
    if (this.state !== 'held') this.#finishedLate(span, time)
    else if (span.lazyData !== undefined && this.traces.errors && hasFailed(span.lazyData)) {
      this.#record(span, time ?? span.tracer.now())
    } else if (this.slowFrom === undefined) this.#finishedInTime(span, time)
    else {
      const finish = time ?? span.tracer.now()
      if (finish >= this.slowFrom) this.#record(span, finish)
      else this.#finishedInTime(span, finish)
    }
  }

  /** A span finishes once it is decided whether the trace is kept. */
  #finishedLate(span: TracedSpan, time: bigint | undefined): void {
    if (this.state === 'gone') span.tracer.states.letGo(false)
    else span.tracer.states.finished(span, time ?? span.tracer.now())
  }

  /** A span finishes, and need not keep the trace. */
  #finishedInTime(span: TracedSpan, time: bigint | undefined): void {
    if (span.parent !== undefined) this.traces.hold(this, span, time ?? span.tracer.now())
    else {
      span.tracer.states.letGo(false)
      this.traces.letGo(this, 'gone')
    }
  }

  /** A span finishes, and keeps the trace. */
  #record(span: TracedSpan, finish: bigint): void {
    this.traces.keep(this, span)
    span.tracer.states.finished(span, finish)
  }
}
