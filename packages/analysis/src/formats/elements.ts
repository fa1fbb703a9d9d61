import { TraceError } from '@trace/core/spans'

/** An element of the first array on the way into a JSON document, as text. */
export interface Element {
  /** The key that the array has in its object; undefined if it is the whole document. */
  readonly key: string | undefined
  readonly text: string
  /** Where it begins, in characters from the start of the text. */
  readonly at: number
}

/** One element may be a whole trace, but no text that is longer than this. */
const MOST_CHARACTERS = 256 * 1024 * 1024

/**
 * Splits JSON documents into the elements of their first arrays as it comes, so that no document has to be in memory as a whole. There
 * may be several documents, as in a file of lines.
 */
export class ElementSplitter {
  /** The brackets that are open: `{` or `[`. */
  #open = ''
  #isInString = false
  #isEscaped = false
  /** How many brackets are open where the elements are; 0 if none are. */
  #level = 0
  #key: string | undefined
  #pieces: string[] = []
  #length = 0
  /** Where the element that is being read begins; undefined between elements. */
  #begin: number | undefined
  /** The last string in an object, which may be a key, and where it begins in its chunk. */
  #string = ''
  #position = 0

  /** @returns the elements that are complete with this piece of text */
  add(chunk: string): Element[] {
    const elements: Element[] = []
    /** What of the chunk belongs to the element that is being read begins here. */
    let from = 0
    for (let at = 0; at < chunk.length; at++) {
      const code = chunk.charCodeAt(at)
      if (this.#isInString) {
        this.#inString(chunk, code, at)
        continue
      }
      if (code <= 0x20) continue
      const isEnd = this.#level > 0 && this.#open.length === this.#level && (code === COMMA || code === CLOSE_LIST)
      if (isEnd) this.#endElement(elements, chunk.slice(from, at))
      else if (this.#level > 0 && this.#begin === undefined) {
        this.#begin = this.#position + at
        from = at
      }
      this.#structure(code)
    }
    if (this.#begin !== undefined) this.#keep(chunk.slice(from))
    this.#position += chunk.length
    return elements
  }

  /** Whether the text ends within a document. */
  get isWithin(): boolean {
    return this.#open.length > 0
  }

  #inString(chunk: string, code: number, at: number): void {
    if (this.#level === 0) this.#string += chunk.charAt(at)
    if (this.#isEscaped) this.#isEscaped = false
    else if (code === BACKSLASH) this.#isEscaped = true
    else if (code === QUOTE) {
      this.#isInString = false
      if (this.#level === 0) this.#string = this.#string.slice(0, -1)
    }
    if (this.#string.length > 1_000) this.#string = this.#string.slice(0, 1_000)
  }

  #structure(code: number): void {
    if (code === QUOTE) {
      this.#isInString = true
      if (this.#level === 0) this.#string = ''
    } else if (code === OPEN_LIST || code === OPEN_MAP) {
      this.#open += code === OPEN_LIST ? '[' : '{'
      if (code !== OPEN_LIST || this.#level > 0) return
      this.#level = this.#open.length
      this.#key = this.#level === 1 ? undefined : this.#string
    } else if (code === CLOSE_LIST || code === CLOSE_MAP) {
      if (this.#open.at(-1) !== (code === CLOSE_LIST ? '[' : '{')) {
        throw new TraceError(
          'TRACE_BAD_IMPORT',
          `import: expected JSON, got a closing bracket too many by character ${this.#position}`,
        )
      }
      this.#open = this.#open.slice(0, -1)
      if (this.#open.length < this.#level) this.#level = 0
    }
  }

  #keep(piece: string): void {
    this.#pieces.push(piece)
    this.#length += piece.length
    if (this.#length <= MOST_CHARACTERS) return
    throw new TraceError(
      'TRACE_BAD_IMPORT',
      `import: expected elements of at most ${MOST_CHARACTERS} characters, got a longer one`,
    )
  }

  #endElement(elements: Element[], rest: string): void {
    if (this.#begin === undefined) return
    elements.push({ key: this.#key, text: this.#pieces.join('') + rest, at: this.#begin })
    this.#pieces = []
    this.#length = 0
    this.#begin = undefined
  }
}

const [QUOTE, COMMA, BACKSLASH] = [0x22, 0x2c, 0x5c]
const [OPEN_LIST, CLOSE_LIST, OPEN_MAP, CLOSE_MAP] = [0x5b, 0x5d, 0x7b, 0x7d]
