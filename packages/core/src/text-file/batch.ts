import type { Span } from '../contract/span.js'
import { RecordError } from '../values/errors.js'

/** About how many characters to write at once: most batches whole, but never much memory. */
const WRITE_SIZE = 262_144
/** About how many characters to format at once. It takes a tenth of a millisecond: a request that comes meanwhile waits for it. */
const SLICE = 16_384
/**
 * Into how many slices to part a batch at most: each is a turn of the event loop, in which a busy server gets more spans. Batches of a queue
 * that has fallen behind are larger, so that their slices are, too.
 */
const MOST_SLICES = 4

/** A batch while it is written: the bytes to write next, and the spans that are not stored yet. */
export class Batch {
  readonly #name: string
  readonly #spans: readonly Span[]
  readonly #textOf: (span: Span) => string
  /** How many spans are done: stored, or impossible to format. */
  #done = 0
  /** How many spans the current write has, including those that are impossible to format; their texts; and how many bytes that is. */
  #count = 0
  #text = ''
  #bytes = 0
  readonly #impossible: Span[] = []
  #cause: unknown

  /** @param textOf formats a span as text that ends with a line break. It may throw */
  constructor(name: string, spans: readonly Span[], textOf: (span: Span) => string) {
    this.#name = name
    this.#spans = spans
    this.#textOf = textOf
  }

  /** Formats some of the spans to write next. @returns whether there are more for the same write */
  format(): boolean {
    const end = this.#text.length + SLICE
    let at = this.#done + this.#count
    const least = at + this.#spans.length / MOST_SLICES
    while (at < this.#spans.length && this.#text.length < WRITE_SIZE && (at < least || this.#text.length < end))
      this.#text += this.#format(this.#spans[at++])
    this.#count = at - this.#done
    return at < this.#spans.length && this.#text.length < WRITE_SIZE
  }

  /**
   * The bytes to write next: a line break, since another writer may have left a torn line, and the texts of whole spans. Formats what
   * is not formatted yet. Undefined if nothing is left to write.
   */
  next(): Buffer | undefined {
    while (this.format());
    if (this.#text !== '') {
      const bytes = Buffer.from(`\n${this.#text}`)
      this.#bytes = bytes.length
      return bytes
    }
    // All that was left is impossible to format.
    this.#done = this.#spans.length
    return undefined
  }

  /** Call it after a write. If fewer bytes were written than asked for, the batch ends. */
  wrote(bytes: number): void {
    const last = this.#done + this.#count
    const isWhole = bytes === this.#bytes
    this.#forget()
    if (isWhole) {
      this.#done = last
      return
    }
    // This is rare, so the texts are formatted again instead of being kept.
    let end = 1
    for (; this.#done < last; this.#done++) {
      end += Buffer.byteLength(this.#format(this.#spans[this.#done]))
      if (end > bytes) break
    }
  }

  /** Whether all spans are stored, or impossible to format. */
  get isDone(): boolean {
    return this.#done === this.#spans.length
  }

  /** What was written is gone: all of it is to be written again. */
  restart(): void {
    this.#done = 0
    this.#forget()
  }

  #forget(): void {
    this.#count = 0
    this.#bytes = 0
    this.#text = ''
  }

  /**
   * Ends the batch.
   *
   * @param message what went wrong with the current write, if something did
   * @param options `cause`: the error; `retry`: whether another try may succeed, default false
   * @throws {RecordError} if spans are not stored
   */
  throwIfNotStored(message?: string, options: ErrorOptions & { readonly retry?: boolean } = {}): void {
    const rest = this.#spans.slice(this.#done).filter((span) => !this.#impossible.includes(span))
    const unstored = [...this.#impossible, ...rest]
    if (message !== undefined) {
      // If only closing the file failed, no span is sure to be stored.
      const spans = unstored.length === 0 ? this.#spans : unstored
      throw new RecordError(`${this.#name}: ${message}`, spans, options)
    }
    if (unstored.length === 0) return
    const why = this.#cause instanceof Error ? this.#cause.message : String(this.#cause)
    const text = `${this.#name}: ${unstored.length} spans cannot be written, and are left out: ${why}`
    throw new RecordError(text, unstored, { cause: this.#cause })
  }

  #format(span: Span | undefined): string {
    if (span === undefined) return ''
    try {
      return this.#textOf(span)
    } catch (error) {
      this.#cause ??= error
      if (!this.#impossible.includes(span)) this.#impossible.push(span)
      return ''
    }
  }
}
