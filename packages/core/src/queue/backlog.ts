import type { Span } from '../contract/span.js'

/** How much a backlog holds at most. */
export interface BacklogLimits {
  readonly spans: number
  /** Estimated. */
  readonly bytes: number
  /** Spans that are taken out at once. */
  readonly batch: number
}

interface Batch {
  readonly spans: Span[]
  bytes: number
}

/** Finished spans that wait for the recorder: bounded, and ready in batches. */
export class Backlog {
  readonly #limits: BacklogLimits
  /** Oldest first; only the last may be short of full. */
  #batches: Batch[] = []
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

  /**
   * @param bytes about how much memory the span holds
   * @returns whether a batch is full
   */
  push(span: Span, bytes: number): boolean {
    let last = this.#batches.at(-1)
    if (last === undefined || last.spans.length >= this.#limits.batch) {
      last = { spans: [], bytes: 0 }
      this.#batches.push(last)
    }
    last.spans.push(span)
    last.bytes += bytes
    this.#spans++
    this.#bytes += bytes
    return last.spans.length >= this.#limits.batch
  }

  /** Takes out the oldest batch; undefined where nothing waits. */
  takeBatch(): readonly Span[] | undefined {
    const batch = this.#batches.shift()
    if (batch === undefined) return undefined
    this.#spans -= batch.spans.length
    this.#bytes -= batch.bytes
    return batch.spans
  }

  takeAll(): readonly Span[] {
    const spans = this.#batches.flatMap((batch) => batch.spans)
    this.#batches = []
    this.#spans = 0
    this.#bytes = 0
    return spans
  }
}
