import type { Span } from '../contract/span.js'

/** How much a backlog may hold. */
export interface BacklogLimits {
  readonly spans: number
  /** Memory, estimated. */
  readonly bytes: number
  /** Spans of one batch. */
  readonly batch: number
}

/** Spans that the recorder gets in one call. */
export interface WaitingBatch {
  readonly spans: readonly Span[]
  /** About how much memory they take. */
  readonly bytes: number
}

interface Batch extends WaitingBatch {
  readonly spans: Span[]
  bytes: number
}

/** The finished spans that wait for the recorder, in batches. */
export class Backlog {
  readonly #limits: BacklogLimits
  /** Oldest first. */
  #batches: Batch[] = []
  /** The last of them, if the next span goes there. */
  #growing: Batch | undefined
  #spans = 0
  #bytes = 0

  constructor(limits: BacklogLimits) {
    this.#limits = limits
  }

  get count(): number {
    return this.#spans
  }

  hasRoom(): boolean {
    return this.#spans < this.#limits.spans && this.#bytes < this.#limits.bytes
  }

  /** Whether what waits takes more than half of the room. */
  get isCrowded(): boolean {
    return this.#spans * 2 > this.#limits.spans || this.#bytes * 2 > this.#limits.bytes
  }

  /**
   * @param bytes about how much memory the span takes
   * @returns whether a batch is full
   */
  push(span: Span, bytes: number): boolean {
    const batch = this.#growing ?? this.#begin()
    batch.spans.push(span)
    batch.bytes += bytes
    this.#spans++
    this.#bytes += bytes
    if (batch.spans.length < this.#limits.batch) return false
    this.#growing = undefined
    return true
  }

  #begin(): Batch {
    const batch = { spans: [], bytes: 0 }
    this.#growing = batch
    this.#batches.push(batch)
    return batch
  }

  /** Keeps the spans that are waiting apart from later ones: no batch has both. */
  seal(): void {
    this.#growing = undefined
  }

  /** Takes out the oldest batch; undefined if there is none. */
  takeBatch(): WaitingBatch | undefined {
    const batch = this.#batches.shift()
    if (batch === undefined) return undefined
    if (batch === this.#growing) this.#growing = undefined
    this.#spans -= batch.spans.length
    this.#bytes -= batch.bytes
    return batch
  }

  /** Puts back the spans of a batch that are to be tried again, before all others. They may be more than there is room for. */
  putBack(spans: readonly Span[], batch: WaitingBatch): void {
    const bytes = Math.round((batch.bytes * spans.length) / batch.spans.length)
    this.#batches.unshift({ spans: [...spans], bytes })
    this.#spans += spans.length
    this.#bytes += bytes
  }

  takeAll(): readonly Span[] {
    const spans = this.#batches.flatMap((batch) => batch.spans)
    this.#batches = []
    this.#growing = undefined
    this.#spans = 0
    this.#bytes = 0
    return spans
  }
}
