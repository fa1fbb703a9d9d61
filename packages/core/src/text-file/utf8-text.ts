import { fractionOf, lastSecondText } from '../values/time.js'

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
const BILLION = 1_000_000_000
const [ZERO, DOT, Z] = [0x30, 0x2e, 0x5a]

/** An id whose halves can be read without another bigint. */
const id64 = new BigUint64Array([1n])
const halves = new Uint32Array(id64.buffer)
/** The lower half comes first on nearly all processors. */
const [LOWER, UPPER] = halves[0] === 1 ? [0, 1] : [1, 0]

function half(which: number): number {
  return halves[which] ?? 0
}

/** The numbers below a thousand: the codes of three digits, the first in the lowest byte. */
const THREE_DIGITS = Int32Array.from({ length: 1_000 }, (_, number) =>
  Buffer.from(`${String(number).padStart(3, '0')}\0`).readInt32LE(),
)

/** Text that is added often. It is copied in words of four bytes, which takes a third of the time. */
export class Utf8Piece {
  readonly bytes: Uint8Array
  readonly words: Int32Array

  constructor(text: string | Uint8Array) {
    const bytes = Buffer.from(text)
    this.words = new Int32Array(Math.ceil(bytes.length / WORD))
    const view = new DataView(this.words.buffer)
    for (const [at, byte] of bytes.entries()) view.setUint8(at, byte)
    for (let at = 0; at < this.words.length; at++) this.words[at] = view.getInt32(at * WORD, true)
    this.bytes = bytes
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
  /** The second of the last time, and its text. Most of a batch share it. */
  readonly #second = new Uint32Array(2)
  #secondText = new Utf8Piece('1970-01-01T00:00:00.')

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
    const seconds = this.#second
    const fraction = (half(UPPER) - (seconds[UPPER] ?? 0)) * 0x1_0000_0000 + half(LOWER) - (seconds[LOWER] ?? 0)
    if (fraction >= 0 && fraction < BILLION && id64[0] === time) this.#addInSecond(fraction)
    else this.#addInSecond(this.#enterSecond(time))
  }

  #enterSecond(time: bigint): number {
    const fraction = fractionOf(time)
    id64[0] = time - BigInt(fraction)
    this.#second.set(halves)
    this.#secondText = new Utf8Piece(lastSecondText())
    return fraction
  }

  #addInSecond(fraction: number): void {
    this.add(this.#secondText)
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

// Each of these writes digits from a place on, and returns the place behind them. Up to a word behind that is overwritten.

/** A number of 64 bits in its two halves. */
function add64(view: DataView, at: number, upper: number, lower: number): number {
  // One too many or too few at most, since a double holds the upper 53 bits. The rest tells.
  let billions = Math.floor((upper * 0x1_0000_0000 + lower) / BILLION)
  let rest = (lower - Math.imul(billions, BILLION)) | 0
  if (rest < 0) {
    billions--
    rest += BILLION
  } else if (rest >= BILLION) {
    billions++
    rest -= BILLION
  }
  if (billions === 0) return addFirst(view, at, rest)
  if (billions < BILLION) return addNine(view, addFirst(view, at, billions | 0), rest)
  const top = (billions / BILLION) | 0
  return addNine(view, addNine(view, addFirst(view, at, top), (billions - top * BILLION) | 0), rest)
}

/** A number below a billion without leading zeros. */
function addFirst(view: DataView, at: number, number: number): number {
  if (number < 1_000) {
    const digits = number < 10 ? 1 : number < 100 ? 2 : 3
    view.setInt32(at, (THREE_DIGITS[number] ?? 0) >> (8 * (3 - digits)), true)
    return at + digits
  }
  const thousands = (number / 1_000) | 0
  return addThree(view, addFirst(view, at, thousands), number - thousands * 1_000)
}

function addNine(view: DataView, at: number, number: number): number {
  const millions = (number / 1_000_000) | 0
  const rest = number - millions * 1_000_000
  const thousands = (rest / 1_000) | 0
  addThree(view, at, millions)
  addThree(view, at + 3, thousands)
  return addThree(view, at + 6, rest - thousands * 1_000)
}

function addThree(view: DataView, at: number, number: number): number {
  view.setInt32(at, THREE_DIGITS[number] ?? 0, true)
  return at + 3
}

/** @returns the place behind the last digit that is no zero */
function withoutZeros(view: DataView, end: number): number {
  let at = end
  while (view.getUint8(at - 1) === ZERO) at--
  return at
}
