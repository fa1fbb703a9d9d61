import type { Span } from '../contract/span.js'
import { RecordError } from '../values/errors.js'
import { Utf8Piece, Utf8Text } from './utf8-text.js'

/** About how many bytes to write at once: most batches whole, but never much memory. */
const WRITE_SIZE = 262_144
/**
 * In how many slices a batch is formatted, with a turn of the event loop in between, which then formats for 0.1 to 0.2 ms and not for four times that. With
 * more, a server that answers 50 requests a turn would finish spans faster than it formats them.
 */
const SLICES = 4
/** Smaller ones would cost more turns than they are worth. In spans. */
const MIN_SLICE = 64
/** A larger batch is that of a recorder that has fallen behind: it is formatted in one go. */
const MOST_SLICED = 512

/** What most spans need at most, in bytes. */
const SPAN_SIZE = 512
const LINE_BREAK = new Utf8Piece('\n')

/** Adds a span's text, which ends with a line break. It may throw, and leave a part of it. */
export type WriteSpan = (span: Span, text: Utf8Text) => void

/** A batch while it is written: the bytes to write next, and the spans that are not stored yet. */
export class Batch {
  readonly #name: string
  readonly #spans: readonly Span[]
  readonly #writeSpan: WriteSpan
  /** How many spans are formatted in one go. */
  readonly #slice: number
  /** How many spans are done: stored, or impossible to format. */
  #done = 0
  /** How many spans the current write has, including those that are impossible to format; and their text. */
  #count = 0
  #text: Utf8Text | undefined
  readonly #impossible: Span[] = []
  #cause: unknown

  constructor(name: string, spans: readonly Span[], writeSpan: WriteSpan) {
    this.#name = name
    this.#spans = spans
    this.#writeSpan = writeSpan
    this.#slice = spans.length > MOST_SLICED ? spans.length : Math.max(MIN_SLICE, Math.ceil(spans.length / SLICES))
  }

  /** Formats some of the spans to write next. @returns whether there are more for the same write */
  format(): boolean {
    // Never the same memory twice: a stream may keep what it was given.
    this.#text ??= new Utf8Text(Math.min(WRITE_SIZE, (this.#spans.length - this.#done) * SPAN_SIZE))
    const text = this.#text
    let at = this.#done + this.#count
    const end = Math.min(this.#spans.length, at + this.#slice)
    while (at < end && text.length < WRITE_SIZE) this.#add(this.#spans[at++], text)
    this.#count = at - this.#done
    return at < this.#spans.length && text.length < WRITE_SIZE
  }

  /**
   * The bytes to write next: a line break, and the texts of whole spans. Formats what is not formatted yet. Undefined if nothing is
   * left to write.
   */
  next(): Buffer | undefined {
    while (this.format());
    if (this.#text !== undefined && this.#text.length > 0) return this.#text.bytes()
    // All that was left is impossible to format.
    this.#done = this.#spans.length
    return undefined
  }

  /** Call it after a write. If fewer bytes were written than asked for, the batch ends. */
  wrote(bytes: number): void {
    const last = this.#done + this.#count
    const isWhole = bytes === this.#text?.length
    this.#forget()
    if (isWhole) {
      this.#done = last
      return
    }
    // This is rare, so the texts are formatted again instead of being kept.
    const text = new Utf8Text()
    for (; this.#done < last; this.#done++) {
      this.#add(this.#spans[this.#done], text)
      if (text.length > bytes) break
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
    this.#text = undefined
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

  #add(span: Span | undefined, text: Utf8Text): void {
    if (span === undefined) return
    const { length } = text
    try {
      // Another writer may have left a torn line.
      if (length === 0) text.add(LINE_BREAK)
      this.#writeSpan(span, text)
    } catch (error) {
      text.cutTo(length)
      this.#cause ??= error
      if (!this.#impossible.includes(span)) this.#impossible.push(span)
    }
  }
}
