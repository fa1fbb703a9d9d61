import type { Span } from '../contract/span.js'
import { RecordError } from '../values/errors.js'

/** Characters that a write should have: enough for most batches whole, small enough that memory stays bounded. */
const WRITE_SIZE = 262_144

/** One batch on its way to a file: what to write next, and which spans are not stored yet. */
export class Batch {
  readonly #name: string
  readonly #spans: readonly Span[]
  readonly #textOf: (span: Span) => string
  /** How many spans are behind us: stored, or impossible to format. */
  #done = 0
  /** How many spans the write that is under way is of, those that are impossible among them; and how long it is. */
  #count = 0
  #bytes = 0
  readonly #impossible: Span[] = []
  #cause: unknown

  /** @param textOf gives a span's text, which ends with a line break; it may throw */
  constructor(name: string, spans: readonly Span[], textOf: (span: Span) => string) {
    this.#name = name
    this.#spans = spans
    this.#textOf = textOf
  }

  /**
   * The bytes to write next: a line break, which ends what another writer may have torn, and the texts of whole spans.
   * Undefined where nothing is left to write.
   */
  next(): Buffer | undefined {
    let text = ''
    let at = this.#done
    for (; at < this.#spans.length && text.length < WRITE_SIZE; at++) text += this.#format(this.#spans[at])
    this.#count = at - this.#done
    if (text !== '') {
      const bytes = Buffer.from(`\n${text}`)
      this.#bytes = bytes.length
      return bytes
    }
    // Nothing but impossible spans was left.
    this.#done = this.#spans.length
    return undefined
  }

  /** Tells how many bytes of it were written. Where those are not all, the batch ends. */
  wrote(bytes: number): void {
    const last = this.#done + this.#count
    if (bytes === this.#bytes) {
      this.#done = last
      return
    }
    // So rare that the texts are made again, rather than kept while they are written.
    let end = 1
    for (; this.#done < last; this.#done++) {
      end += Buffer.byteLength(this.#format(this.#spans[this.#done]))
      if (end > bytes) break
    }
  }

  /**
   * Ends the batch.
   *
   * @param message what went wrong with the write under way, where something did
   * @throws {RecordError} where spans are not stored
   */
  end(message?: string, cause?: unknown): void {
    const rest = this.#spans.slice(this.#done).filter((span) => !this.#impossible.includes(span))
    const unstored = [...this.#impossible, ...rest]
    if (message !== undefined) {
      // Where the file could not be closed after the last write, none of it is sure to be stored.
      const spans = unstored.length === 0 ? this.#spans : unstored
      throw new RecordError(`${this.#name}: ${message}`, spans, { cause })
    }
    if (unstored.length === 0) return
    const why = this.#cause instanceof Error ? this.#cause.message : String(this.#cause)
    const text = `${this.#name}: ${unstored.length} spans cannot be written and are left out: ${why}`
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
