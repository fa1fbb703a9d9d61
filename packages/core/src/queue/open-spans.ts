import type { Span } from '../contract/span.js'
import { clearTimeout, setTimeout } from '../values/timers.js'

/** How exactly `openAfter` is kept: a span is recorded as open a quarter of it late at most. */
const TICKS = 4
/** How many spans may start until those of them that are still open get a place in the list. */
const RECENT = 256
/** How many open spans are recorded in one go, at most, so that the event loop does not stand still for many. */
const SLICE = 256
/** How long that may take, in ms. */
const SLICE_MS = 2
/** How much memory their records may take, in bytes, estimated. */
const SLICE_BYTES = 1_000_000

/** A span of the program, as far as the watch for open ones needs it. */
export interface OpenSpan<Self> {
  /** Belongs to {@link OpenSpans}. At first 0. */
  place: OpenPlace<Self>
  /** What is known of it now, to be recorded as open. */
  record(): Recorded
}

/** Where a span is: its index among the recent ones, its entry in the list of those that have been open for a while, or `TAKEN`. */
export type OpenPlace<S> = number | OpenEntry<S>

/** A span that has been open for a while. */
interface OpenEntry<S> {
  readonly span: S
  /** It started before this tick ended. */
  readonly tick: number
  previous: OpenEntry<S> | undefined
  next: OpenEntry<S> | undefined
}

/** A span to be recorded, and about how much memory it takes, in bytes. */
export interface Recorded {
  readonly span: Span
  readonly bytes: number
}

/** What is to be recorded of spans that are open. */
export interface OpenBatch {
  readonly spans: readonly Span[]
  /** They could not be stored: those that are still open are to be recorded later. */
  putBack(): void
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
   */
  take(before?: number): OpenBatch
  /** Takes no more spans, and forgets those it has. */
  close(): void
}

/**
 * The spans that are open and not recorded as such. Those that stay open for long are recorded once, and are forgotten then: a span
 * that nobody ever finishes would else stay in memory for good. A timer runs only while there are any.
 *
 * Most spans finish soon. So one that starts only goes into a short list of recent ones, from which it is struck out when it finishes:
 * it may hold much. When that list is full, and at each tick, the few that are still open get a place in the list of those open for
 * a while.
 */
export class OpenSpans<S extends OpenSpan<S>> implements OpenRecords {
  /** Those that started since it was last looked at, in order; of them, as many as `#recents` says. */
  #recent: (S | undefined)[] = NO_ROOM
  #recents = RECENT
  #first: OpenEntry<S> | undefined = undefined
  #last: OpenEntry<S> | undefined = undefined
  #tick = 0
  readonly #tickMs: number
  readonly #changed: (event: 'some' | 'none' | 'due') => void
  #timer: NodeJS.Timeout | undefined
  #isRunning = false
  #isClosed = false

  /**
   * @param after how long spans are open before they are recorded, in ms
   * @param changed called when there may be `some` after none, when there have been `none` for a while, and when some are `due`
   */
  constructor(after: number, changed: (event: 'some' | 'none' | 'due') => void) {
    this.#tickMs = Math.max(1, after / TICKS)
    this.#changed = changed
  }

  add(span: S): void {
    if (this.#recents === RECENT && !this.#makeRoom()) return
    span.place = this.#recents
    this.#recent[this.#recents++] = span
  }

  /** A span finishes. */
  remove(span: S): void {
    const { place } = span
    if (typeof place !== 'number') this.#leave(place)
    else if (this.#recent[place] === span) {
      this.#recent[place] = undefined
      // Spans that run one within the other leave the list as short as it was.
      if (place === this.#recents - 1) this.#recents = place
    } else if (place === TAKEN) span.place = 0
  }

  get isEmpty(): boolean {
    this.#look()
    return this.#first === undefined
  }

  get isDue(): boolean {
    return this.#oldest(this.#tick - TICKS) !== undefined
  }

  mark(): number {
    this.#look()
    return ++this.#tick
  }

  take(before: number = this.#tick - TICKS): OpenBatch {
    const taken: OpenEntry<S>[] = []
    const spans: Span[] = []
    const begun = performance.now()
    let bytes = 0
    for (let place = this.#oldest(before); place !== undefined; place = this.#oldest(before)) {
      const record = place.span.record()
      this.#leave(place)
      place.span.place = TAKEN
      taken.push(place)
      spans.push(record.span)
      bytes += record.bytes
      if (spans.length === SLICE || bytes >= SLICE_BYTES) break
      if (spans.length % 16 === 0 && performance.now() - begun > SLICE_MS) break
    }
    return { spans, putBack: () => this.#putBack(taken) }
  }

  #putBack(taken: readonly OpenEntry<S>[]): void {
    if (this.#isClosed) return
    for (const entry of taken.toReversed()) if (entry.span.place === TAKEN) this.#enterFirst(entry)
    if (!this.#isRunning) this.#run()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#isRunning = false
    this.#look()
  }

  close(): void {
    this.stop()
    this.#isClosed = true
    this.#forget(Infinity)
  }

  /** The one that has been open longest, if it started before a tick. */
  #oldest(before: number): OpenEntry<S> | undefined {
    return this.#first !== undefined && this.#first.tick < before ? this.#first : undefined
  }

  /** Gives those of the recent ones that are still open a place in the list. The next span that starts calls `#makeRoom`. */
  #look(): void {
    if (this.#recent === NO_ROOM) return
    const count = this.#recents
    for (let at = 0; at < count; at++) {
      const span = this.#recent[at]
      if (span !== undefined) this.#enter(span)
    }
    // Once it is among the old objects, it would keep its spans long after it is dead.
    this.#recent.fill(undefined)
    this.#recent = NO_ROOM
    this.#recents = RECENT
  }

  #makeRoom(): boolean {
    if (this.#isClosed) return false
    this.#look()
    this.#recent = new Array<S | undefined>(RECENT).fill(undefined)
    this.#recents = 0
    if (!this.#isRunning) this.#run()
    this.#changed('some')
    return true
  }

  #enter(span: S): void {
    const previous = this.#last
    const place: OpenEntry<S> = { span, tick: this.#tick, previous, next: undefined }
    if (previous === undefined) this.#first = place
    else previous.next = place
    this.#last = place
    span.place = place
  }

  #enterFirst(entry: OpenEntry<S>): void {
    const next = this.#first
    if (next === undefined) this.#last = entry
    else next.previous = entry
    entry.previous = undefined
    entry.next = next
    this.#first = entry
    entry.span.place = entry
  }

  #leave(place: OpenEntry<S>): void {
    const { previous, next } = place
    if (previous === undefined) this.#first = next
    else previous.next = next
    if (next === undefined) this.#last = previous
    else next.previous = previous
    place.span.place = 0
  }

  #forget(before: number): void {
    for (let place = this.#oldest(before); place !== undefined; place = this.#oldest(before)) this.#leave(place)
  }

  #run(): void {
    this.#isRunning = true
    this.#timer = setTimeout(() => this.#passTick(), this.#tickMs)
    this.#timer.unref()
  }

  #passTick(): void {
    this.#look()
    this.#tick++
    // Those that the recorder has had no time for go, since a program may leave any number of spans unfinished.
    this.#forget(this.#tick - 4 * TICKS)
    if (this.#first === undefined) {
      this.#isRunning = false
      this.#changed('none')
      return
    }
    this.#run()
    if (this.isDue) this.#changed('due')
  }
}

/** The place of a span that was taken, to be recorded, and has not finished since. */
const TAKEN = -1

/** What `OpenSpans` has where the next span that starts makes room. */
const NO_ROOM: [] = []
