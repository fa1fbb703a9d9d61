import type { PlainData, PlainValue } from '@trace/core'
import { Utf8Piece, type Utf8Text, wellFormedKeys } from '@trace/core/text-file'
import { numberText, quoted, stringText } from './scalar.js'

/** The longest key that may come before its colon without `?` (YAML 1.2.2, 7.4.2; 1.1, 9.3.1), quotes included. */
const MAX_SIMPLE_KEY = 1_024

/** How many lines of one key, and of all, are remembered. */
const MOST_VALUES = 64
const MOST_LINES = 2_048
/** In bytes. */
const MOST_LENGTH = 256

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

  write(value: PlainValue | undefined, text: Utf8Text): void {
    // By type, since V8 compares values of one type faster.
    if (typeof value === 'string') {
      if (value !== this.#text?.value) this.#text = this.#known.get(value)
      if (this.#text !== undefined) text.add(this.#text.line)
      else this.#writeNew(value, text)
    } else if (typeof value === 'number') {
      if (value !== this.#number?.value) this.#number = this.#known.get(value)
      if (this.#number !== undefined) text.add(this.#number.line)
      else this.#writeNew(value, text)
    } else this.#add(value, text)
  }

  #writeNew(value: string | number, text: Utf8Text): void {
    const { length } = text
    this.#add(value, text)
    // 0 equals −0, which is written in another way.
    if (this.#known.size === MOST_VALUES || remembered === MOST_LINES || value === 0) return
    if (text.length - length > MOST_LENGTH) return
    const own = typeof value === 'string' ? ownCopy(value) : value
    this.#known.set(own, { value: own, line: new Utf8Piece(text.bytes().subarray(length)) })
    remembered++
  }

  #add(value: PlainValue | undefined, text: Utf8Text): void {
    text.add(this.#beginning)
    if (typeof value !== 'number' || !text.addShortNumber(value)) text.addText(valueText(value))
  }
}

/** V8 keeps the whole of a text in memory for a part of it. For the name of a property it makes a copy. */
function ownCopy(text: string): string {
  const [copy = text] = Object.keys({ [text]: 0 })
  return copy
}

function valueText(value: PlainValue | undefined): string {
  switch (typeof value) {
    case 'string':
      return stringText(value)
    case 'object':
      return value === null ? 'null' : flowText(value)
    default:
      return scalarText(value)
  }
}

function scalarText(value: PlainValue | undefined): string {
  switch (typeof value) {
    case 'number':
      return numberText(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'bigint':
      return String(value)
    default:
      throw new TypeError(`data holds ${typeof value}, which cannot be recorded; make it plain first (toPlain)`)
  }
}

/** Lists and maps on one line. Strings within are always quoted: YAML 1.1 takes fewer characters there. */
function flowText(value: Exclude<PlainValue, string | number | bigint | boolean | null>): string {
  let text = ''
  if (isList(value)) {
    for (const item of value) text += `${text === '' ? '' : ', '}${itemText(item)}`
    return `[${text}]`
  }
  for (const key in value) {
    if (!key.isWellFormed()) return flowText(wellFormedKeys(value))
    const name = quoted(key)
    const mark = name.length > MAX_SIMPLE_KEY ? '? ' : ''
    text += `${text === '' ? '' : ', '}${mark}${name}${mark === '' ? '' : ' '}: ${itemText(value[key])}`
  }
  return `{${text}}`
}

function itemText(value: PlainValue | undefined): string {
  if (typeof value === 'string') return quoted(value)
  return valueText(value)
}

function isList(value: PlainData | readonly PlainValue[]): value is readonly PlainValue[] {
  return Array.isArray(value)
}
