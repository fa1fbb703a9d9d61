import { fractionOf, lastSecondText } from '../values/time.js'

/** What is longer Node copies, which takes longer to call than to copy less. In bytes, or in characters. */
const MOST_COPIED_HERE = 32
/** The most that a UTF-16 unit takes in UTF-8. */
const BYTES_A_UNIT = 3
/** The most that an id, a time or a short number takes. */
const MOST_DIGITS = 40
/** The most memory that is kept for the next text, in bytes. */
const MOST_KEPT = 65_536
const BILLION = 1_000_000_000
const [ZERO, DOT, Z] = [0x30, 0x2e, 0x5a]

/** An id whose halves can be read without another bigint. */
const id64 = new BigUint64Array([1n])
const halves = new Uint32Array(id64.buffer)
/** The lower half comes first on nearly all processors. */
const [LOWER, UPPER] = halves[0] === 1 ? [0, 1] : [1, 0]

/**
 * Text as it is put together, in bytes of UTF-8. To add strings takes a span half as long again on Node 24: V8 makes a tree of them,
 * which it goes through once more to copy them.
 */
export class Utf8Text {
  #bytes: Buffer
  #length = 0
  #second = ''
  #secondBytes = new Uint8Array()

  /** @param capacity how many bytes it has room for, before it needs more memory. Default 1,024 */
  constructor(capacity: number = 1_024) {
    this.#bytes = Buffer.allocUnsafe(capacity)
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

  /** Adds bytes that are UTF-8. */
  add(piece: Uint8Array): void {
    const { length } = piece
    this.#makeRoom(length)
    const bytes = this.#bytes
    const start = this.#length
    if (length > MOST_COPIED_HERE) bytes.set(piece, start)
    else for (let at = 0; at < length; at++) bytes[start + at] = piece[at] ?? 0
    this.#length = start + length
  }

  /** Adds any text; a lone surrogate becomes U+FFFD. */
  addText(text: string): void {
    this.#makeRoom(text.length * BYTES_A_UNIT)
    if (text.length > MOST_COPIED_HERE || !this.#addAscii(text)) this.#length += this.#bytes.write(text, this.#length)
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
    if (BigInt.asUintN(64, id) !== id) {
      this.addText(String(id))
      return
    }
    this.#makeRoom(MOST_DIGITS)
    id64[0] = id
    this.#length = addWord(this.#bytes, this.#length, halves[UPPER] ?? 0, halves[LOWER] ?? 0)
  }

  /** Adds a time as `formatTime` writes it. @throws {RangeError} outside the years 0000 to 9999 */
  addTime(time: bigint): void {
    const fraction = fractionOf(time)
    if (lastSecondText() !== this.#second) {
      this.#second = lastSecondText()
      this.#secondBytes = Buffer.from(this.#second)
    }
    this.add(this.#secondBytes)
    this.#makeRoom(MOST_DIGITS)
    const end = withoutZeros(this.#bytes, addNine(this.#bytes, this.#length, fraction))
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
      this.#length = addFirst(this.#bytes, this.#length, whole)
      return true
    }
    const thousandths = Math.round(value * 1_000)
    if (thousandths / 1_000 !== value) return false
    this.#makeRoom(MOST_DIGITS)
    const dot = addFirst(this.#bytes, this.#length, whole)
    this.#bytes[dot] = DOT
    this.#length = withoutZeros(this.#bytes, addThree(this.#bytes, dot + 1, thousandths - whole * 1_000))
    return true
  }

  #makeRoom(bytes: number): void {
    const needed = this.#length + bytes
    if (needed <= this.#bytes.length) return
    const before = this.bytes()
    this.#bytes = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length))
    this.#bytes.set(before)
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

// Each of these writes digits from a place on, and returns the place behind them.

/** A number of 64 bits in its two halves: by steps whose numbers stay below 2^53. */
function addWord(bytes: Uint8Array, at: number, upper: number, lower: number): number {
  const first = Math.floor(upper / BILLION)
  const middle = (upper - first * BILLION) * 0x1_0000 + (lower >>> 16)
  const second = Math.floor(middle / BILLION)
  const last = (middle - second * BILLION) * 0x1_0000 + (lower & 0xffff)
  const third = Math.floor(last / BILLION)
  const rest = last - third * BILLION
  const billions = first * 0x1_0000_0000 + second * 0x1_0000 + third
  if (billions === 0) return addFirst(bytes, at, rest)
  const top = Math.floor(billions / BILLION)
  if (top === 0) return addNine(bytes, addFirst(bytes, at, billions), rest)
  return addNine(bytes, addNine(bytes, addFirst(bytes, at, top), billions - top * BILLION), rest)
}

/** A number below a billion without leading zeros. */
function addFirst(bytes: Uint8Array, at: number, number: number): number {
  if (number < 1_000) {
    if (number >= 100) return addThree(bytes, at, number)
    const tens = (number * 103) >> 10
    if (tens > 0) bytes[at] = ZERO + tens
    const end = tens > 0 ? at + 1 : at
    bytes[end] = ZERO + number - tens * 10
    return end + 1
  }
  const thousands = Math.floor(number / 1_000)
  return addThree(bytes, addFirst(bytes, at, thousands), number - thousands * 1_000)
}

function addNine(bytes: Uint8Array, at: number, number: number): number {
  const millions = Math.floor(number / 1_000_000)
  const rest = number - millions * 1_000_000
  const thousands = Math.floor(rest / 1_000)
  return addThree(bytes, addThree(bytes, addThree(bytes, at, millions), thousands), rest - thousands * 1_000)
}

/** Multiplied and shifted, which is right below 1,000, in place of a division. */
function addThree(bytes: Uint8Array, at: number, number: number): number {
  const hundreds = (number * 5_243) >> 19
  const rest = number - hundreds * 100
  const tens = (rest * 103) >> 10
  bytes[at] = ZERO + hundreds
  bytes[at + 1] = ZERO + tens
  bytes[at + 2] = ZERO + rest - tens * 10
  return at + 3
}

/** @returns the place behind the last digit that is no zero */
function withoutZeros(bytes: Uint8Array, end: number): number {
  let at = end
  while (bytes[at - 1] === ZERO) at--
  return at
}
