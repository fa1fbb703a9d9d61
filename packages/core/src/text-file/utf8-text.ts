import { fractionOf, lastSecondText } from '../values/time.js'
import { add64, addFirst, addNine, addThree, BILLION, withoutZeros } from './digits.js'

/** What is longer Node copies, which takes longer to call than to copy less. In words. */
const MOST_COPIED_HERE = 12
/** The same of text, in characters. */
const MOST_ENCODED_HERE = 48
/** The most that a UTF-16 unit takes in UTF-8. */
const BYTES_A_UNIT = 3
/** The most that an id, a time or a short number takes. */
const MOST_DIGITS = 40
/** The most memory that is kept for the next text, in bytes. */
const MOST_KEPT = 65_536
/** In bytes. */
const WORD = 4
const [DOT, Z] = [0x2e, 0x5a]

/** An id whose halves can be read without another bigint. */
const id64 = new BigUint64Array([1n])
const halves = new Uint32Array(id64.buffer)
/** The lower half comes first on nearly all processors. */
const [LOWER, UPPER] = halves[0] === 1 ? [0, 1] : [1, 0]

function half(which: number): number {
  return halves[which] ?? 0
}

/** Text that is added often. It is copied in words of four bytes, which takes a third of the time. */
export class Utf8Piece {
  readonly bytes: Uint8Array
  /** The same, each word with its first byte lowest, and the last one filled up with zeros. */
  readonly words: Int32Array

  /** @param text a text, or bytes that are UTF-8 */
  constructor(text: string | Uint8Array) {
    this.bytes = Buffer.from(text)
    const whole = Buffer.alloc(Math.ceil(this.bytes.length / WORD) * WORD)
    whole.set(this.bytes)
    this.words = Int32Array.from({ length: whole.length / WORD }, (_, at) => whole.readInt32LE(WORD * at))
  }
}

/**
 * Text as it is put together, in bytes of UTF-8. To add strings takes a span half as long again on Node 24: V8 makes a tree of them,
 * which it goes through once more to copy them.
 */
export class Utf8Text {
  #bytes: Buffer
  #view: DataView
  #length = 0

  /** @param capacity how many bytes it has room for, before it needs more memory. Default 1,024 */
  constructor(capacity: number = 1_024) {
    this.#bytes = Buffer.allocUnsafe(capacity)
    this.#view = viewOf(this.#bytes)
  }

  /** In bytes. */
  get length(): number {
    return this.#length
  }

  /** How many bytes it has memory for. */
  get capacity(): number {
    return this.#bytes.length
  }

  /** All of its bytes so far, which stay as they are whatever is added later. */
  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  toString(): string {
    return this.#bytes.toString('utf8', 0, this.#length)
  }

  /** Takes off its end. @param length how many bytes stay */
  cutTo(length: number): void {
    this.#length = Math.min(this.#length, length)
  }

  /** Adds a piece as it is. */
  add(piece: Utf8Piece): void {
    const { words, bytes } = piece
    this.#makeRoom(bytes.length)
    if (words.length > MOST_COPIED_HERE) this.#bytes.set(bytes, this.#length)
    else this.#addWords(words)
    this.#length += bytes.length
  }

  /** What is behind the piece in its last word is overwritten by what comes next. */
  #addWords(words: Int32Array): void {
    const view = this.#view
    const start = this.#length
    for (let at = 0; at < words.length; at++) view.setInt32(start + WORD * at, words[at] ?? 0, true)
  }

  /** Adds any text; a lone surrogate becomes U+FFFD. */
  addText(text: string): void {
    this.#makeRoom(text.length * BYTES_A_UNIT)
    if (text.length > MOST_ENCODED_HERE || !this.#addAscii(text)) this.#length += this.#bytes.write(text, this.#length)
  }

  #addAscii(text: string): boolean {
    const bytes = this.#bytes
    const start = this.#length
    const { length } = text
    for (let at = 0; at < length; at++) {
      const unit = text.charCodeAt(at)
      if (unit > 0x7f) return false
      bytes[start + at] = unit
    }
    this.#length = start + length
    return true
  }

  /** Adds an id as `String` writes it. */
  addId(id: bigint): void {
    id64[0] = id
    if (id64[0] !== id) {
      this.addText(String(id))
      return
    }
    this.#makeRoom(MOST_DIGITS)
    this.#length = add64(this.#view, this.#length, half(UPPER), half(LOWER))
  }

  /** Adds a time as `formatTime` writes it. @throws {RangeError} outside the years 0000 to 9999 */
  addTime(time: bigint): void {
    id64[0] = time
    // By numbers, since bigints take twice as long.
    const nanoseconds = (half(UPPER) - (second[UPPER] ?? 0)) * 0x1_0000_0000 + half(LOWER) - (second[LOWER] ?? 0)
    const isInSecond = nanoseconds >= 0 && nanoseconds < BILLION && id64[0] === time
    const fraction = isInSecond ? nanoseconds : enterSecond(time)
    this.add(secondText)
    this.#makeRoom(MOST_DIGITS)
    const end = withoutZeros(this.#view, addNine(this.#view, this.#length, fraction))
    // Without a fraction there is no dot either.
    const at = this.#bytes[end - 1] === DOT ? end - 1 : end
    this.#bytes[at] = Z
    this.#length = at + 1
  }

  /**
   * Adds a number below a million that has no sign and at most three decimals, as `String` writes it.
   *
   * @returns false if it is another number, which is not added
   */
  addShortNumber(value: number): boolean {
    if (!(value >= 0 && value < 1e6) || Object.is(value, -0)) return false
    const whole = Math.floor(value)
    if (whole === value) {
      this.#makeRoom(MOST_DIGITS)
      this.#length = addFirst(this.#view, this.#length, whole)
      return true
    }
    const thousandths = Math.round(value * 1_000)
    if (thousandths / 1_000 !== value) return false
    this.#makeRoom(MOST_DIGITS)
    const dot = addFirst(this.#view, this.#length, whole)
    this.#bytes[dot] = DOT
    this.#length = withoutZeros(this.#view, addThree(this.#view, dot + 1, thousandths - whole * 1_000))
    return true
  }

  #makeRoom(bytes: number): void {
    const needed = this.#length + bytes + WORD
    if (needed <= this.#bytes.length) return
    const before = this.bytes()
    this.#bytes = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length))
    this.#bytes.set(before)
    this.#view = viewOf(this.#bytes)
  }
}

let spare: Utf8Text | undefined

/** What a function adds to a text, as a string. */
export function textOf<T>(value: T, add: (value: T, text: Utf8Text) => void): string {
  const text = spare ?? new Utf8Text()
  // One that is in use is not given to a second: what is added may come from getters that do the same.
  spare = undefined
  try {
    text.cutTo(0)
    add(value, text)
    return text.toString()
  } finally {
    if (text.capacity <= MOST_KEPT) spare = text
  }
}

function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length)
}

/** The second of the last time, and its text. Most of a batch share it. */
const second = new Uint32Array(2)
let secondText = new Utf8Piece('1970-01-01T00:00:00.')

/** @returns the nanoseconds of a time within its second */
function enterSecond(time: bigint): number {
  const fraction = fractionOf(time)
  id64[0] = time - BigInt(fraction)
  second.set(halves)
  secondText = new Utf8Piece(lastSecondText())
  return fraction
}
