import { DATA_KEYS } from '../contract/data-keys.js'
import type { KeepOptions } from '../contract/tracer.js'
import type { Plain } from '../values/plain.js'

/** A span of a trace that is held. */
export interface UndecidedSpan {
  readonly start: bigint
  /** How long it has run, in nanoseconds. */
  readonly elapsed: bigint
  /** The time on its clock, in nanoseconds since the Unix epoch. */
  clockTime(): bigint
  readonly isFinished: boolean
  readonly lazyData: Readonly<Record<string, unknown>> | undefined
  /** The span that it is below, in the same trace. */
  readonly parent: UndecidedSpan | undefined
  /** It finishes while nothing is decided. @returns its data */
  hold(): Plain
  /** It was held, and its trace is kept. */
  recordHeld(finish: bigint, plain: Plain): void
  /** It is open, and its trace is kept. */
  keepOpen(): void
  /** Its trace is not kept. @param isHeld whether it was held; otherwise it finishes */
  letGo(isHeld: boolean): void
}

/** A span that has finished before it is decided whether its trace is kept. */
interface HeldSpan {
  readonly span: UndecidedSpan
  readonly finish: bigint
  readonly plain: Plain
  /** The one of the same trace that finished after it. */
  next: HeldSpan | undefined
}

/** Which traces that are not sampled are kept all the same, and the spans of those that are undecided: a bounded ring. */
export class HeldTraces {
  readonly #errors: boolean
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
    this.#errors = errors
    this.slowerThan = slowerThan === undefined ? undefined : BigInt(Math.round(slowerThan * 1e6))
    this.#mostSpans = buffer
    this.#mostBytes = bufferBytes
  }

  /** A span of the trace has failed. */
  failed(trace: HeldTrace, span: UndecidedSpan): void {
    if (this.#errors && trace.state === 'held') this.#keep(trace, span)
  }

  /**
   * A span of the trace finishes.
   *
   * @param time when, in nanoseconds since the Unix epoch; undefined for now
   * @returns when, if it is to be recorded
   */
  finished(trace: HeldTrace, span: UndecidedSpan, time: bigint | undefined): bigint | undefined {
    if (trace.state === 'held' && this.#errors && hasFailed(span)) this.#keep(trace, span)
    if (trace.state === 'kept') return time ?? span.clockTime()
    if (trace.state === 'held' && !(span === trace.first && trace.slowFrom === undefined)) {
      const finish = time ?? span.clockTime()
      if (trace.slowFrom !== undefined && finish >= trace.slowFrom) {
        this.#keep(trace, span)
        return finish
      }
      if (span !== trace.first) {
        this.#hold(trace, span, finish)
        return undefined
      }
    }
    span.letGo(false)
    if (trace.state === 'held') this.#letGo(trace, 'gone')
    return undefined
  }

  /** Decides about all traces of which spans are held, since the tracer is closed or the process exits. */
  end(): void {
    for (let trace = this.#oldest; trace !== undefined; trace = this.#oldest) {
      if (this.slowerThan !== undefined && trace.first.elapsed >= this.slowerThan) this.#keep(trace, trace.first)
      else this.#letGo(trace, 'gone')
    }
  }

  /** Records what is held of a trace. @param reason the span that has decided it */
  #keep(trace: HeldTrace, reason: UndecidedSpan): void {
    trace.state = 'kept'
    for (let held = this.#take(trace); held !== undefined; held = held.next) {
      held.span.recordHeld(held.finish, held.plain)
    }
    // From now on this one and those above it may be recorded as open.
    for (let open: UndecidedSpan | undefined = reason; open !== undefined; open = open.parent) {
      if (!open.isFinished) open.keepOpen()
    }
  }

  #letGo(trace: HeldTrace, state: 'held' | 'gone'): void {
    trace.state = state
    for (let held = this.#take(trace); held !== undefined; held = held.next) held.span.letGo(true)
  }

  #hold(trace: HeldTrace, span: UndecidedSpan, finish: bigint): void {
    const plain = span.hold()
    const held: HeldSpan = { span, finish, plain, next: undefined }
    if (trace.lastHeld === undefined) {
      trace.firstHeld = held
      this.#link(trace)
    } else trace.lastHeld.next = held
    trace.lastHeld = held
    const bytes = HELD_BYTES + plain.size
    trace.spans++
    trace.bytes += bytes
    this.#bytes += bytes
    if (++this.#spans > this.#mostSpans || this.#bytes > this.#mostBytes) this.#makeRoom()
  }

  #makeRoom(): void {
    while (this.#oldest !== undefined && (this.#spans > this.#mostSpans || this.#bytes > this.#mostBytes)) {
      // What it still does may keep it, without these spans.
      this.#letGo(this.#oldest, 'held')
    }
  }

  /** Forgets what is held of a trace. @returns the first of these spans */
  #take(trace: HeldTrace): HeldSpan | undefined {
    const first = trace.firstHeld
    if (first === undefined) return undefined
    this.#unlink(trace)
    this.#spans -= trace.spans
    this.#bytes -= trace.bytes
    trace.firstHeld = undefined
    trace.lastHeld = undefined
    trace.spans = 0
    trace.bytes = 0
    return first
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

function hasFailed({ lazyData }: UndecidedSpan): boolean {
  return lazyData !== undefined && Object.hasOwn(lazyData, DATA_KEYS.errorType)
}

/** About how much memory a held span takes besides its data, in bytes. */
const HELD_BYTES = 512

/** A trace that is not sampled, or this process's part of it, of which it is undecided whether it is kept. */
export class HeldTrace {
  // With `declare` as in `TracedSpan`.
  declare readonly traces: HeldTraces
  /** Its first span in this process. */
  declare readonly first: UndecidedSpan
  /** When it has taken so long that it is kept, in nanoseconds since the Unix epoch; undefined if that does not matter. */
  declare readonly slowFrom: bigint | undefined
  declare state: 'held' | 'kept' | 'gone'
  declare firstHeld: HeldSpan | undefined
  declare lastHeld: HeldSpan | undefined
  /** How many spans are held of it, and about how much memory they take, in bytes. */
  declare spans: number
  declare bytes: number
  declare previous: HeldTrace | undefined
  declare next: HeldTrace | undefined

  constructor(traces: HeldTraces, first: UndecidedSpan) {
    this.traces = traces
    this.first = first
    this.slowFrom = traces.slowerThan === undefined ? undefined : first.start + traces.slowerThan
    this.state = 'held'
    this.firstHeld = undefined
    this.lastHeld = undefined
    this.spans = 0
    this.bytes = 0
    this.previous = undefined
    this.next = undefined
  }
}
