import type { PlainValue } from '@trace/core'
import { Utf8Piece, type Utf8Text } from '@trace/core/text-file'
import { stringText } from './scalar.js'

/** The longest key that may come before its colon without `?` (YAML 1.2.2, 7.4.2; 1.1, 9.3.1), quotes included. */
export const MAX_SIMPLE_KEY = 1_024

/** How many lines of one key, and of all, are remembered. */
const MOST_VALUES = 64
const MOST_LINES = 2_048
/** In bytes. */
const MOST_LENGTH = 256

/** Adds a value as it is written on a line. */
export type WriteValue = (value: PlainValue | undefined, text: Utf8Text) => void

/** A value whose line is remembered. */
interface Known {
  readonly value: string | number
  readonly line: Utf8Piece
}

let remembered = 0

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
  readonly #known = new Map<string | number, Known>()
  /** The text and the number that came last, each where it is known. */
  #text: Known | undefined
  #number: Known | undefined

  /** @param stored the key as it is stored, without lone surrogates */
  constructor(stored: string, key: string = stored) {
    this.key = key
    const name = stringText(stored)
    this.#beginning = new Utf8Piece(name.length > MAX_SIMPLE_KEY ? `\n? ${name}\n: ` : `\n${name}: `)
  }

  write(value: PlainValue | undefined, text: Utf8Text, writeValue: WriteValue): void {
    // By type, since V8 compares values of one type faster.
    if (typeof value === 'string') {
      if (value !== this.#text?.value) this.#text = this.#known.get(value)
      if (this.#text !== undefined) text.add(this.#text.line)
      else this.#writeNew(value, text, writeValue)
    } else if (typeof value === 'number') {
      if (value !== this.#number?.value) this.#number = this.#known.get(value)
      if (this.#number !== undefined) text.add(this.#number.line)
      else this.#writeNew(value, text, writeValue)
    } else this.#add(value, text, writeValue)
  }

  #writeNew(value: string | number, text: Utf8Text, writeValue: WriteValue): void {
    const { length } = text
    this.#add(value, text, writeValue)
    // 0 equals −0, which is written in another way.
    if (this.#known.size === MOST_VALUES || remembered === MOST_LINES || value === 0) return
    if (text.length - length > MOST_LENGTH) return
    const own = typeof value === 'string' ? ownCopy(value) : value
    this.#known.set(own, { value: own, line: new Utf8Piece(text.bytes().subarray(length)) })
    remembered++
  }

  #add(value: PlainValue | undefined, text: Utf8Text, writeValue: WriteValue): void {
    text.add(this.#beginning)
    writeValue(value, text)
  }
}

/** V8 keeps the whole of a text in memory for a part of it. For the name of a property it makes a copy. */
function ownCopy(text: string): string {
  const [copy = text] = Object.keys({ [text]: 0 })
  return copy
}
