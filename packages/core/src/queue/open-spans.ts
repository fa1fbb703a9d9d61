import type { Span } from '../contract/span.js'
import { clearTimeout, setTimeout } from '../values/timers.js'

/** How exactly `openAfter` is kept: a span is recorded as open a quarter of it late at most. */
const TICKS = 4
/** How many open spans are recorded in one go, at most, so that the event loop does not stand still for many. */
const SLICE = 512
/** How long that may take, in ms. */
const SLICE_MS = 4
/** How much memory their records may take, in bytes, estimated. */
const SLICE_BYTES = 1_000_000

/** A span of the program, as far as the list of open ones needs it. */
export interface OpenSpan<Self> {
  /** Adds it to a list that it is not in. */
  enter(list: OpenSpanList<Self>): void
  /** Takes it out of the list, if it is in it. */
  leave(list: OpenSpanList<Self>): void
  /** Whether it entered the list before a tick. */
  isBefore(tick: number): boolean
  /** What is known of it now, to be recorded as open. */
  record(): Recorded
}

/** A span to be recorded, and about how much memory it takes, in bytes. */
export interface Recorded {
  readonly span: Span
  readonly bytes: number
}

/** A list of spans in the order in which they started: its ends, and the time in ticks. */
export interface OpenSpanList<S> {
  first: S | undefined
  last: S | undefined
  readonly tick: number
}

/** The records of open spans, as those need them who store them. */
export interface OpenRecords {
  readonly isEmpty: boolean
  /** Whether the oldest one is to be recorded. */
  readonly isDue: boolean
  /** A tick that all spans up to now are before, and no later ones. */
  mark(): number
  /**
   * Takes out the oldest ones, as many as may be recorded in one go.
   *
   * @param before a tick. Default: that before which they are due
   * @returns what to record of them
   */
  take(before?: number): Span[]
  /** Takes no more spans, and forgets those it has. */
  close(): void
}

/**
 * The spans that are open and not recorded as such. Those that stay open for long are recorded once, and leave the list then: a span
 * that nobody ever finishes would else stay in memory for good. A timer runs only while there are any.
 */
export class OpenSpans<S extends OpenSpan<S>> implements OpenSpanList<S>, OpenRecords {
  first: S | undefined = undefined
  last: S | undefined = undefined
  tick = 0
  readonly #tickMs: number
  readonly #changed: (event: 'some' | 'none' | 'due') => void
  #timer: NodeJS.Timeout | undefined
  #isRunning = false
  #isClosed = false

  /**
   * @param after how long spans are open before they are recorded, in ms
   * @param changed called when there are `some` after there were none, when there have been `none` for a while, and when some are `due`
   */
  constructor(after: number, changed: (event: 'some' | 'none' | 'due') => void) {
    this.#tickMs = Math.max(1, after / TICKS)
    this.#changed = changed
  }

  add(span: S): void {
    if (this.#isClosed) return
    span.enter(this)
    if (!this.#isRunning) this.#run()
  }

  remove(span: S): void {
    span.leave(this)
  }

  get isEmpty(): boolean {
    return this.first === undefined
  }

  get isDue(): boolean {
    return this.#has(this.tick - TICKS)
  }

  mark(): number {
    return ++this.tick
  }

  take(before: number = this.tick - TICKS): Span[] {
    const spans: Span[] = []
    const begun = performance.now()
    let bytes = 0
    while (this.first?.isBefore(before) === true && spans.length < SLICE && bytes < SLICE_BYTES) {
      const record = this.first.record()
      this.first.leave(this)
      spans.push(record.span)
      bytes += record.bytes
      if (spans.length % 16 === 0 && performance.now() - begun > SLICE_MS) break
    }
    return spans
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#isRunning = false
  }

  close(): void {
    this.stop()
    this.#isClosed = true
    while (this.first !== undefined) this.first.leave(this)
  }

  #has(before: number): boolean {
    return this.first?.isBefore(before) === true
  }

  #run(): void {
    this.#isRunning = true
    this.#timer = setTimeout(() => this.#passTick(), this.#tickMs)
    this.#timer.unref()
    this.#changed('some')
  }

  #passTick(): void {
    this.tick++
    // Those that the recorder has had no time for go, since a program may leave any number of spans unfinished.
    while (this.first?.isBefore(this.tick - 4 * TICKS) === true) this.first.leave(this)
    if (this.first === undefined) {
      this.#isRunning = false
      this.#changed('none')
      return
    }
    this.#timer = setTimeout(() => this.#passTick(), this.#tickMs)
    this.#timer.unref()
    if (this.isDue) this.#changed('due')
  }
}
