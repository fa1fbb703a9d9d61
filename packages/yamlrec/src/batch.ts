import { RecordError, type Span } from '@trace/core'
import { spanToYaml } from './document.js'

/** Characters that a write should have: enough that its cost is spread, small enough that memory stays bounded. */
const WRITE_SIZE = 65_536

/** One batch on its way to a file: what to write next, and which spans are not stored yet. */
export class Batch {
  readonly #name: string
  readonly #spans: readonly Span[]
  /** How many spans are behind us: stored, or impossible to format. */
  #done = 0
  /** Documents of the write that is under way; an impossible span's is empty. */
  #documents: string[] = []
  readonly #impossible: Span[] = []
  #cause: unknown

  constructor(name: string, spans: readonly Span[]) {
    this.#name = name
    this.#spans = spans
  }

  /** The bytes to write next: whole documents. Undefined where nothing is left to write. */
  next(): Buffer | undefined {
    let text = ''
    this.#documents = []
    for (let at = this.#done; at < this.#spans.length && text.length < WRITE_SIZE; at++) {
      const document = this.#format(this.#spans[at])
      this.#documents.push(document)
      text += document
    }
    if (text !== '') return Buffer.from(`\n${text}`)
    // Nothing but impossible spans was left.
    this.#done = this.#spans.length
    return undefined
  }

  /**
   * Tells how much of it was written.
   *
   * @returns false where no document is whole in the file: the store takes no more
   */
  wrote(bytes: number): boolean {
    const before = this.#done
    let end = 1
    for (const document of this.#documents) {
      end += Buffer.byteLength(document)
      if (end > bytes) break
      this.#done++
    }
    return this.#done > before
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
    const text = `${this.#name}: ${unstored.length} spans cannot be written as YAML and are left out: ${why}`
    throw new RecordError(text, unstored, { cause: this.#cause })
  }

  #format(span: Span | undefined): string {
    if (span === undefined) return ''
    try {
      return spanToYaml(span)
    } catch (error) {
      this.#cause ??= error
      if (!this.#impossible.includes(span)) this.#impossible.push(span)
      return ''
    }
  }
}
