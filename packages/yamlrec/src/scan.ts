import type { Piece, PieceScanner, ScanStart } from '@trace/core/text-file'
import { CLOSE, closingLine, endOfText, isBlank, LINE_FEED, lastMark, MARK, nextMark, standsApart } from './marks.js'

/** Bytes read from a file at a time: larger is no faster, and what is read of it lives longer. */
export const CHUNK: number = 256 * 1024
/** A document longer than this is skipped, so that no file makes a reader hold more. */
const MAX_DOCUMENT = 16 * 1024 * 1024
/** How much is kept of text that belongs to no document, in bytes: enough to see a mark that continues in the next chunk. */
const TAIL = 16

/** How far after a document to look for closed documents in its file, in bytes: some thousand documents. */
const LOOK_AHEAD = 1024 * 1024
/** A comment as long as a byte order mark. It replaces one before a mark, where joined files have it. */
const BYTE_ORDER_MARK = Buffer.from('\ufeff')
const COMMENT = Buffer.from('# \n')
/** How a file of this package begins, after the line break that {@link Scanner} puts before it. */
const OWN_STARTS = ['\n\n\n---\n', '\n\r\n\r\n---\r']

/**
 * The bytes of one document: from its line `---` to the next, or to the closing line `...` if text follows it. Such text is a piece of
 * its own, and so is the text before the first line `---`.
 */
export interface DocumentPiece extends Piece {
  /** Where the line `...` begins in `bytes`; below 0 if there is none. */
  readonly closedAt: number
  /** It begins as this package begins a document, in a file whose documents are closed: without a line `...` it is torn. */
  readonly mustClose: boolean
  /** It does not begin with a line `---`. */
  readonly unmarked: boolean
  /** Longer than the limit: only its beginning is in `bytes`. */
  readonly tooLong: boolean
}

/**
 * Finds the documents in bytes that come in chunks. Put bytes into `room()`, say how many with `filled()`, and take the documents that
 * have ended from `pieces()`.
 */
export class Scanner implements PieceScanner<DocumentPiece> {
  readonly #chunk: number
  #buffer: Buffer
  #length: number
  /** File offset of the buffer's first byte. */
  #base: number
  /** At the start of the file's text, the offset of the line break that is put before it. */
  #textStart = -1
  #kind: 'document' | 'unmarked' | 'unknown'
  /** Whether the current document follows an empty line, as those of this package do. */
  #standsApart = false
  /** As given, or as found so far. */
  #closedFrom: number
  readonly #findsClosed: boolean
  /** Up to which file offset this was searched for. */
  #searched = 0

  constructor(options: ScanStart = {}) {
    const { at = 0, amid = false, closedFrom, chunk = CHUNK } = options
    this.#closedFrom = closedFrom ?? Infinity
    this.#findsClosed = closedFrom === undefined
    this.#chunk = chunk
    this.#buffer = Buffer.allocUnsafe(2 * chunk + TAIL)
    this.#kind = amid ? 'unknown' : 'unmarked'
    // A line break before the first byte makes a mark there look like any other.
    this.#base = amid ? at : at - 1
    this.#length = amid ? 0 : 1
    this.#buffer[0] = LINE_FEED
  }

  get closedFrom(): number {
    return this.#closedFrom
  }

  /** Where the next bytes go. */
  room(): Buffer {
    if (this.#buffer.length - this.#length < this.#chunk) {
      const larger = Buffer.allocUnsafe(2 * this.#buffer.length + this.#chunk)
      this.#buffer.copy(larger, 0, 0, this.#length)
      this.#buffer = larger
    }
    return this.#buffer.subarray(this.#length)
  }

  filled(count: number): void {
    // What ends in these bytes may begin in those before.
    const from = Math.max(0, this.#length - MARK.length - COMMENT.length)
    this.#length += count
    this.#cutByteOrderMark()
    const window = this.#buffer.subarray(0, this.#length)
    for (let at = window.indexOf(BYTE_ORDER_MARK, from); at > 0; at = window.indexOf(BYTE_ORDER_MARK, at + 1)) {
      const text = at + COMMENT.length
      if (window[at - 1] === LINE_FEED && window.toString('latin1', text, text + 3) === '---') COMMENT.copy(window, at)
    }
  }

  #cutByteOrderMark(): void {
    const marked = this.#base === -1 && this.#length > 3 && this.#buffer.readUIntBE(1, 3) === 0xefbbbf
    if (!marked) return
    this.#buffer.copyWithin(1, 4, this.#length)
    this.#length -= 3
    this.#base += 3
    this.#textStart = this.#base
  }

  /**
   * The documents that have ended.
   *
   * @param final whether no bytes follow, so that the last document has ended too
   * @param needle leaves out documents that do not hold these bytes, without looking at them
   */
  *pieces(final: boolean, needle?: Buffer): Generator<DocumentPiece> {
    const window = this.#buffer.subarray(0, this.#length)
    if (this.#findsClosed && this.#closedFrom === Infinity) this.#findClosed(window, final)
    let start = 0
    if (this.#kind === 'unmarked' && nextMark(window.subarray(0, MARK.length + 1), 0, final) === 0)
      this.#open(window, 0)
    for (;;) {
      if (needle !== undefined) {
        const hit = window.indexOf(needle, start)
        const mark = lastMark(window, hit < 0 ? window.length : hit)
        if (mark > start) start = this.#open(window, mark)
        if (hit < 0) break
      }
      const end = nextMark(window, this.#kind === 'document' ? start + MARK.length : start, final)
      if (end < 0) break
      if (this.#kind !== 'unknown') {
        const piece = this.#piece(window, start, end)
        if (!final && this.#isUndecided(piece)) break
        yield* this.#documents(piece)
      }
      start = this.#open(window, end)
    }
    if (final) {
      if (this.#kind !== 'unknown' && (needle === undefined || window.indexOf(needle, start) >= 0)) {
        yield* this.#documents(this.#piece(window, start, window.length))
      }
      start = window.length
    } else if (this.#kind !== 'unknown' && window.length - start > MAX_DOCUMENT) {
      yield { ...this.#piece(window, start, start + TAIL), tooLong: true }
      this.#kind = 'unknown'
    }
    this.#drop(this.#kind === 'unknown' ? Math.max(start, window.length - TAIL) : start)
  }

  /**
   * The last document, if it is whole although nothing follows it yet: for files that still grow.
   *
   * @param quiet whether the file has stopped growing, so that a document that need not be closed may be whole too
   */
  *settled(quiet: boolean): Generator<DocumentPiece> {
    const window = this.#buffer.subarray(0, this.#length)
    if (this.#kind !== 'document' || window.at(-1) !== LINE_FEED) return
    const piece = this.#piece(window, 0, window.length)
    if (piece.closedAt < 0 && (!quiet || this.#standsApart)) return
    yield* this.#documents(piece)
    this.#kind = 'unknown'
    let end = window.length - 1
    while (end > 0 && window[end - 1] === LINE_FEED) end--
    this.#drop(end)
  }

  #findClosed(window: Buffer, final: boolean): void {
    const isOwn = this.#base === this.#textStart && OWN_STARTS.some((start) => window.indexOf(start) === 0)
    const at = isOwn ? 0 : closingLine(window, Math.max(0, this.#searched - this.#base), final)
    if (at >= 0) this.#closedFrom = this.#base + at
    this.#searched = this.#base + window.length - CLOSE.length
  }

  /** Whether a document is torn, unless the documents of its file are not closed, which only more of the file can show. */
  #isUndecided({ at, bytes, closedAt }: DocumentPiece): boolean {
    if (!this.#standsApart || closedAt >= 0 || !this.#findsClosed || this.#closedFrom < Infinity) return false
    return this.#base + this.#length <= at + bytes.length + LOOK_AHEAD + CLOSE.length
  }

  #open(window: Buffer, mark: number): number {
    this.#standsApart = standsApart(window, mark, this.#base === this.#textStart)
    this.#kind = 'document'
    return mark
  }

  /** The document that begins at a mark, and whatever follows its closing line, which belongs to no document yet. */
  *#documents(whole: DocumentPiece): Generator<DocumentPiece> {
    let piece = whole
    for (let textEnd = endOfText(piece.bytes); ; ) {
      const { bytes, at, closedAt } = piece
      const rest = closedAt + CLOSE.length - 1
      if (closedAt < 0 || isBlank(bytes, rest, textEnd)) break
      yield { ...piece, bytes: bytes.subarray(0, rest) }
      const following = bytes.subarray(rest)
      textEnd -= rest
      const found = { bytes: following, at: at + rest, closedAt: closingLine(following, 0, true) }
      piece = { ...piece, ...found, mustClose: true, unmarked: true }
    }
    yield piece
  }

  #piece(window: Buffer, start: number, end: number): DocumentPiece {
    // The line break that ends the document's last line is the first byte of the next mark.
    const bytes = window.subarray(start + 1, Math.min(end + 1, window.length))
    return {
      bytes,
      at: this.#base + start + 1,
      closedAt: closingLine(bytes, 0, true),
      mustClose: this.#standsApart && this.#closedFrom <= this.#base + end + LOOK_AHEAD,
      unmarked: this.#kind === 'unmarked',
      tooLong: false,
    }
  }

  #drop(count: number): void {
    this.#buffer.copyWithin(0, count, this.#length)
    this.#base += count
    this.#length -= count
  }
}
