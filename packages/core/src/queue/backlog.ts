import type { Span } from '../contract/span.js'

/** About how much memory a record takes besides its texts and data, in bytes: the object, its bigints, its place in the queue. */
const SPAN_BYTES = 256

/** About how much memory a record takes, in bytes. @param size what its data take */
export function bytesOf(kind: string, name: string, size: number): number {
  return SPAN_BYTES + kind.length + name.length + size
}

/** How much a backlog may hold. */
export interface BacklogLimits {
  readonly spans: number
  /** Memory, estimated. */
  readonly bytes: number
  /** Spans of one batch: when so many wait, they are ready. */
  readonly batch: number
  /** Spans of one batch while more wait, so that the recorder catches up. */
  readonly mostBatch: number
}

/** Those of a tracer that is given none. */
export const DEFAULT_LIMITS: BacklogLimits = { spans: 4_096, bytes: 8_388_608, batch: 512, mostBatch: 2_048 }

/** A finished span whose record is made with those of others: for many at once that takes less time than for each as it finishes. */
export abstract class Unmade {
  abstract make(): Span
}

function madeOf(span: Span | Unmade): Span {
  return span instanceof Unmade ? span.make() : span
}

/** How many are made at once: so few that no request waits for all of a batch. */
const MADE_AT_ONCE = 64

/** Spans that the recorder gets in one call. */
export interface WaitingBatch {
  readonly spans: readonly Span[]
  /** About how much memory they take. */
  readonly bytes: number
}

/**
 * A class, and lists that no literal makes: V8 would find that what a literal here makes lives long, and allocate it among the old objects.
 * There a list keeps its spans long after it is dead itself, until all garbage is collected.
 */
class Batch implements WaitingBatch {
  readonly #made: Span[]
  #unmade: (Span | Unmade)[] = NO_SPANS.slice()
  bytes: number
  /** Whether no later span may be in one call with these. */
  isSealed: boolean

  constructor(spans: readonly Span[] = NO_SPANS, bytes = 0, isSealed = false) {
    this.#made = spans.slice()
    this.bytes = bytes
    this.isSealed = isSealed
  }

  get count(): number {
    return this.#made.length + this.#unmade.length
  }

  get spans(): readonly Span[] {
    this.#make()
    return this.#made
  }

  push(span: Span | Unmade): void {
    const unmade = this.#unmade
    // V8 calls `push`, which takes longer.
    unmade[unmade.length] = span
    if (unmade.length === MADE_AT_ONCE) this.#make()
  }

  add({ spans, bytes }: Batch): void {
    this.#make()
    for (const span of spans) this.#made.push(span)
    this.bytes += bytes
  }

  #make(): void {
    if (this.#unmade.length === 0) return
    for (const span of this.#unmade) this.#made.push(madeOf(span))
    this.#unmade = NO_SPANS.slice()
  }
}

const NO_SPANS: readonly Span[] = []

/** The finished spans that wait for the recorder, in batches. */
export class Backlog {
  readonly #limits: BacklogLimits
  /** Oldest first. */
  #batches: Batch[] = []
  /** The last of them, if the next span goes there. */
  #growing: Batch | undefined
  /** Whether that one is ready though it is not full. */
  #isDue = false
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
  push(span: Span | Unmade, bytes: number): boolean {
    const batch = this.#growing ?? this.#begin()
    batch.push(span)
    batch.bytes += bytes
    this.#spans++
    this.#bytes += bytes
    if (batch.count < this.#limits.batch) return false
    this.#growing = undefined
    return true
  }

  #begin(): Batch {
    const batch = new Batch()
    this.#growing = batch
    this.#isDue = false
    this.#batches.push(batch)
    return batch
  }

  /** Keeps the spans that are waiting apart from later ones: no batch has both. */
  seal(): void {
    this.#growing = undefined
    const last = this.#batches.at(-1)
    if (last !== undefined) last.isSealed = true
  }

  /** All that waits is ready, though the last batch is not full. */
  due(): void {
    this.#isDue = true
  }

  /** Takes out the oldest spans, as many as the recorder may get in one call; undefined if none are ready. */
  takeBatch(): WaitingBatch | undefined {
    const batch = this.#takeReady(this.#limits.mostBatch)
    if (batch === undefined) return undefined
    for (let last = batch; !last.isSealed; ) {
      const more = this.#takeReady(this.#limits.mostBatch - batch.count)
      if (more === undefined) break
      batch.add(more)
      last = more
    }
    return batch
  }

  /** @param most of so many spans, or of fewer */
  #takeReady(most: number): Batch | undefined {
    const [batch] = this.#batches
    if (batch === undefined || batch.count > most) return undefined
    const isGrowing = batch === this.#growing
    if (isGrowing && !this.#isDue) return undefined
    if (isGrowing) this.#growing = undefined
    this.#batches.shift()
    this.#spans -= batch.count
    this.#bytes -= batch.bytes
    return batch
  }

  /** Puts back the spans of a batch that are to be tried again, before all others. They may be more than there is room for. */
  putBack(spans: readonly Span[], batch: WaitingBatch): void {
    const bytes = Math.round((batch.bytes * spans.length) / batch.spans.length)
    this.#batches.unshift(new Batch(spans, bytes, true))
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
