import type { PlainValue } from '@trace/core'
import { Utf8Piece, type Utf8Text } from '@trace/core/text-file'
import { stringText } from './scalar.js'

/** The longest key that may come before its colon without `?` (YAML 1.2.2, 7.4.2; 1.1, 9.3.1), quotes included. */
export const MAX_SIMPLE_KEY = 1_024

/** How many lines of one key, and of all, are remembered. */
const MOST_VALUES = 64
const MOST_LINES = 4_096
/** In bytes. */
const MOST_LENGTH = 256

let remembered = 0

const NOTHING = new Utf8Piece('')

/** Adds a value as it is written on a line. */
export type WriteValue = (value: PlainValue | undefined, text: Utf8Text) => void

/**
 * Writes the lines of one key. Programs use few values of most keys over and over, so that whole lines are remembered: to copy one takes a
 * fifth of the time.
 */
export class Line {
  /** Of a span's data. */
  readonly key: string
  /** The line that came after it last. */
  next: Line | undefined
  readonly #beginning: Utf8Piece
  #known: Map<PlainValue | undefined, Utf8Piece> | undefined
  /** The last text and the last number whose lines are remembered. To compare values of one type takes V8 less. */
  #text: string | undefined
  #textLine = NOTHING
  #number: number | undefined
  #numberLine = NOTHING

  /** @param stored the key as it is stored, without lone surrogates */
  constructor(stored: string, key: string = stored) {
    this.key = key
    const name = stringText(stored)
    this.#beginning = new Utf8Piece(name.length > MAX_SIMPLE_KEY ? `\n? ${name}\n: ` : `\n${name}: `)
  }

  write(value: PlainValue | undefined, text: Utf8Text, writeValue: WriteValue): void {
    if (typeof value === 'string' && value === this.#text) text.add(this.#textLine)
    else if (typeof value === 'number' && value === this.#number) text.add(this.#numberLine)
    else this.#writeOther(value, text, writeValue)
  }

  #writeOther(value: PlainValue | undefined, text: Utf8Text, writeValue: WriteValue): void {
    const line = this.#known?.get(value)
    if (line === undefined) {
      this.#writeNew(value, text, writeValue)
      return
    }
    text.add(line)
    if (typeof value === 'string') {
      this.#text = value
      this.#textLine = line
    } else if (typeof value === 'number') {
      this.#number = value
      this.#numberLine = line
    }
  }

  #writeNew(value: PlainValue | undefined, text: Utf8Text, writeValue: WriteValue): void {
    const { length } = text
    text.add(this.#beginning)
    writeValue(value, text)
    this.#known ??= new Map()
    const known = this.#known
    if (known.size === MOST_VALUES || remembered === MOST_LINES || !isRemembered(value)) return
    if (text.length - length > MOST_LENGTH) return
    known.set(value, new Utf8Piece(text.bytes().subarray(length)))
    remembered++
  }
}

/** Not of what may change, nor of 0, which equals −0. */
function isRemembered(value: PlainValue | undefined): boolean {
  return typeof value === 'string' || (typeof value === 'number' && value !== 0)
}
