import type { Piece, PieceScanner, ScanStart } from '@trace/core/text-file'

/** Bytes read from a file at a time: larger is no faster, and what is read of it lives longer. */
const CHUNK = 256 * 1024
/** A line longer than this is skipped, so that no file makes a reader hold more. */
const MAX_LINE = 16 * 1024 * 1024
const LINE_FEED = 0x0a

/** The bytes of one line, without its line break. */
export interface LinePiece extends Piece {
  /** It has no line break: the file ends there. */
  readonly unended: boolean
  /** Longer than the limit: `bytes` is empty. */
  readonly tooLong: boolean
}

/**
 * Finds the lines in bytes that come in chunks. Put bytes into `room()`, say how many with `filled()`, and take the lines that have
 * ended from `pieces()`.
 */
export class LineScanner implements PieceScanner<LinePiece> {
  readonly #chunk: number
  #buffer: Buffer
  #length = 0
  /** File offset of the buffer's first byte. */
  #base: number
  /** Whether the buffer begins with the rest of a line that is skipped. */
  #amid: boolean

  constructor({ at = 0, amid = false, chunk = CHUNK }: ScanStart = {}) {
    this.#chunk = chunk
    this.#buffer = Buffer.allocUnsafe(2 * chunk)
    this.#base = at
    this.#amid = amid
  }

  room(): Buffer {
    if (this.#buffer.length - this.#length < this.#chunk) {
      const larger = Buffer.allocUnsafe(2 * this.#buffer.length)
      this.#buffer.copy(larger, 0, 0, this.#length)
      this.#buffer = larger
    }
    return this.#buffer.subarray(this.#length)
  }

  filled(count: number): void {
    this.#length += count
  }

  *pieces(final: boolean, needle?: Buffer): Generator<LinePiece> {
    const window = this.#buffer.subarray(0, this.#length)
    let start = 0
    if (this.#amid) {
      const end = window.indexOf(LINE_FEED)
      start = end < 0 ? window.length : end + 1
      this.#amid = end < 0
    }
    let hit = start
    for (;;) {
      if (needle !== undefined) {
        hit = window.indexOf(needle, start)
        // The line that holds the needle may begin, and the needle itself may end, in bytes that have not come yet.
        const before = window.lastIndexOf(LINE_FEED, hit < 0 ? window.length : hit)
        start = Math.max(start, before + 1)
        if (hit < 0) break
      }
      const end = window.indexOf(LINE_FEED, start)
      if (end < 0) break
      yield this.#line(window.subarray(start, end), start, false)
      start = end + 1
    }
    const rest = window.length - start
    if (final && rest > 0 && hit >= 0) {
      yield this.#line(window.subarray(start), start, true)
      start = window.length
    } else if (rest > MAX_LINE) {
      yield this.#line(window.subarray(start), start, true)
      this.#amid = true
      start = window.length
    }
    this.#drop(start)
  }

  /** A line is whole when its line break is there, and is then given by `pieces`. */
  *settled(): Generator<LinePiece> {}

  #line(bytes: Buffer, start: number, unended: boolean): LinePiece {
    const tooLong = bytes.length > MAX_LINE
    return { bytes: tooLong ? bytes.subarray(0, 0) : bytes, at: this.#base + start, unended, tooLong }
  }

  #drop(count: number): void {
    this.#buffer.copyWithin(0, count, this.#length)
    this.#base += count
    this.#length -= count
  }
}
