import type { Piece, PieceScanner, ScanStart } from '@trace/core/text-file'

/** Bytes read from a file at a time: larger is no faster. */
export const CHUNK: number = 1024 * 1024
/** A document longer than this is passed over, so that no file makes a reader hold more. */
const MAX_DOCUMENT = 16 * 1024 * 1024
/** What is kept of text that belongs to no document: enough to see a mark that continues in the next chunk. */
const TAIL = 16

const MARK = Buffer.from('\n---')
/** How a file begins that this package began, after the line break that {@link Scanner} puts before it. */
const OWN_START = '\n\n\n---\n'
const [LINE_FEED, RETURN, BLANK, TAB, PLUS] = [0x0a, 0x0d, 0x20, 0x09, 0x2b]

/** The head of a text block that keeps its empty lines, as a line's end: `key: |2+`. */
const KEEPING_BLOCK = /^(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^"'\s][^"]*): (?:!\S+ )?[|>]\d?\+$/

/** The bytes of one document: from its line `---` (or the start of the file) to the next. */
export interface DocumentPiece extends Piece {
  /** It begins as this package begins a document, in a file whose documents are closed: without a line `...` it is torn. */
  readonly mustClose: boolean
  /** It stands before the first line `---` of the file. */
  readonly unmarked: boolean
  /** Longer than is read: only its beginning is in `bytes`. */
  readonly tooLong: boolean
}

/** How a scan begins. In a file that grows, documents are known to be closed by a line `...`, elsewhere if one is seen. */
export interface ScanOptions extends ScanStart {
  /** How many bytes at least {@link Scanner.room} gives. Default 1 MiB. */
  readonly chunk?: number
}

/**
 * Finds the documents in bytes that come in chunks: put bytes into `room()`, say how many by `filled()`, take the
 * documents that ended by `pieces()`.
 */
export class Scanner implements PieceScanner<DocumentPiece> {
  readonly #chunk: number
  #buffer: Buffer
  #length: number
  /** File offset of the buffer's first byte. */
  #base: number
  #kind: 'document' | 'unmarked' | 'unknown'
  /** The document under way stands after an empty line, as those of this package do. */
  #standsApart = false
  #closes: boolean

  constructor(options: ScanOptions = {}) {
    const { at = 0, amid = false, growing = false, chunk = CHUNK } = options
    this.#closes = growing
    this.#chunk = chunk
    this.#buffer = Buffer.allocUnsafe(2 * chunk + TAIL)
    this.#kind = amid ? 'unknown' : 'unmarked'
    // A line break before the first byte makes a mark there look like any other.
    this.#base = amid ? at : at - 1
    this.#length = amid ? 0 : 1
    this.#buffer[0] = LINE_FEED
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
    this.#length += count
    const marked = this.#base === -1 && this.#length > 3 && this.#buffer.readUIntBE(1, 3) === 0xefbbbf
    if (!marked) return
    this.#buffer.copyWithin(1, 4, this.#length)
    this.#length -= 3
    this.#base += 3
  }

  /**
   * The documents that have ended.
   *
   * @param final whether no bytes follow, so that the last document has ended too
   * @param needle leaves out documents that do not hold these bytes, without looking at them
   */
  *pieces(final: boolean, needle?: Buffer): Generator<DocumentPiece> {
    const window = this.#buffer.subarray(0, this.#length)
    this.#closes ||= window.includes('\n...\n') || (this.#base === -1 && window.indexOf(OWN_START) === 0)
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
      if (this.#kind !== 'unknown') yield this.#piece(window, start, end)
      start = this.#open(window, end)
    }
    if (final) {
      if (this.#kind !== 'unknown' && (needle === undefined || window.indexOf(needle, start) >= 0)) {
        yield this.#piece(window, start, window.length)
      }
      start = window.length
    } else if (this.#kind !== 'unknown' && window.length - start > MAX_DOCUMENT) {
      yield { ...this.#piece(window, start, start + TAIL), tooLong: true }
      this.#kind = 'unknown'
    }
    this.#drop(this.#kind === 'unknown' ? Math.max(start, window.length - TAIL) : start)
  }

  /**
   * The last document, though nothing follows it yet, where it is whole: for files that still grow.
   *
   * @param quiet whether the file has stopped growing, so that what need not be closed may be whole too
   */
  *settled(quiet: boolean): Generator<DocumentPiece> {
    const window = this.#buffer.subarray(0, this.#length)
    if (this.#kind !== 'document' || window.at(-1) !== LINE_FEED) return
    const closed = closingLine(window, 0) >= 0
    if (!closed && (!quiet || this.#standsApart)) return
    yield this.#piece(window, 0, window.length)
    this.#kind = 'unknown'
    let end = window.length - 1
    while (end > 0 && window[end - 1] === LINE_FEED) end--
    this.#drop(end)
  }

  #open(window: Buffer, mark: number): number {
    this.#standsApart = standsApart(window, mark, this.#base === -1)
    this.#kind = 'document'
    return mark
  }

  #piece(window: Buffer, start: number, end: number): DocumentPiece {
    // The line break that ends the document's last line is the first byte of the next mark.
    const bytes = window.subarray(start + 1, Math.min(end + 1, window.length))
    return {
      bytes,
      at: this.#base + start + 1,
      mustClose: this.#standsApart && this.#closes,
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

/** Where the next line `---` begins, counted from the line break before it; below 0 where there is none. */
function nextMark(window: Buffer, from: number, final: boolean): number {
  for (let at = window.indexOf(MARK, from); at >= 0; at = window.indexOf(MARK, at + 1)) {
    if (endsWord(window, at + MARK.length, final)) return at
  }
  return -1
}

function lastMark(window: Buffer, before: number): number {
  for (let at = window.lastIndexOf(MARK, before); at >= 0; at = at === 0 ? -1 : window.lastIndexOf(MARK, at - 1)) {
    if (endsWord(window, at + MARK.length, false)) return at
  }
  return -1
}

function endsWord(window: Buffer, at: number, final: boolean): boolean {
  const byte = window[at]
  if (byte === undefined) return final
  return byte === LINE_FEED || byte === RETURN || byte === BLANK || byte === TAB
}

/** Where the first line `...` begins; below 0 where there is none. */
export function closingLine(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf('\n...', from); at >= 0; at = bytes.indexOf('\n...', at + 1)) {
    if (endsWord(bytes, at + 4, true)) return at + 1
  }
  return -1
}

/**
 * Whether an empty line stands before a mark, as before each that this package writes. The original writes none, but it
 * may end a document by a text block that keeps its empty lines; that block's last line is indented, or is its head.
 */
function standsApart(window: Buffer, mark: number, atStart: boolean): boolean {
  let end = mark
  let breaks = 0
  while (end > 0 && (window[end - 1] === LINE_FEED || window[end - 1] === RETURN)) {
    end--
    if (window[end] === LINE_FEED) breaks++
  }
  if (end === 0 && atStart) return breaks > 1
  if (breaks === 0) return false
  const start = end === 0 ? 0 : window.lastIndexOf(LINE_FEED, end - 1) + 1
  if (window[start] === BLANK || window[start] === TAB) return false
  return window[end - 1] !== PLUS || !KEEPING_BLOCK.test(window.toString('utf8', Math.max(start, end - 2_000), end))
}
