import type { Span } from '../contract/span.js'
import type { Report } from './report.js'
import type { Source } from './source.js'

/** The bytes of one record. */
export interface Piece {
  /** A view, which is valid until the next read. */
  readonly bytes: Buffer
  /** Its place, in bytes from the start of the file. */
  readonly at: number
}

/** Options of a scan. */
export interface ScanStart {
  /** The place of the first byte, in bytes from the start of the file. Default 0. */
  readonly at?: number
  /** Whether that is in the middle of a record, whose rest is to be skipped. Default false. */
  readonly amid?: boolean
  /** The {@link PieceScanner.closedFrom} of an earlier scan of the file. Default: this scan finds it. */
  readonly closedFrom?: number
  /** The smallest size of {@link PieceScanner.room}, in bytes. Default 256 KiB. */
  readonly chunk?: number
}

/** Finds the records in a file that is read in chunks. Read into `room()`, then call `filled()` and `pieces()`. */
export interface PieceScanner<P extends Piece> {
  /**
   * The place of the first line that closes a record, in bytes from the start of the file; `Infinity` if there is none. After it,
   * records that are not closed are torn. Undefined in formats without such lines.
   */
  readonly closedFrom?: number
  /** The buffer for the next bytes. */
  room(): Buffer
  filled(count: number): void
  /**
   * The records that are complete.
   *
   * @param final whether this is the end of the file, so that the last record is complete too
   * @param needle only records with these bytes; the others are skipped quickly
   */
  pieces(final: boolean, needle?: Buffer): Iterable<P>
  /**
   * The last record of a growing file, if it is complete although nothing follows it yet.
   *
   * @param quiet whether the last read found nothing new
   */
  settled(quiet: boolean): Iterable<P>
}

/** How spans are read from a file. */
export interface ReadFormat<P extends Piece> {
  /** Such as `yaml`, for a reader called `yaml(traces.yaml)` and its factory `yamlReader`. */
  readonly name: string
  scanner(start: ScanStart): PieceScanner<P>
  /**
   * Reads the span of a record. May return a promise if it has to load something first.
   *
   * @param report counts the record if it is not a whole span
   */
  spanOf(piece: P, report: Report): Span | undefined | Promise<Span | undefined>
  /** The trace id in canonical decimal, or a guess at it; undefined if that takes reading the whole record. */
  traceIdOf(piece: P): string | undefined
}

/** Which part of a file to read. */
export interface ReadPart<P extends Piece> {
  /** Where to begin, in bytes from the start of the file. Default 0. */
  readonly from?: number
  /** Whether that is in the middle of a record, whose rest is to be skipped. Default false. */
  readonly amid?: boolean
  /** See {@link ScanStart.closedFrom}. */
  readonly closedFrom?: number | undefined
  /** Where to stop, in bytes from the start of the file. Default: at its end. */
  readonly to?: number
  /** See {@link ScanStart.chunk}. */
  readonly chunk?: number
  /** Only records with these bytes. Default: all. */
  readonly needle?: Buffer
  /** Whether to read a record. Default: all. */
  readonly wanted?: (piece: P) => boolean
  readonly signal: AbortSignal | undefined
  /** Counts records that are not whole spans. */
  readonly report: Report
}

/** A read of a part of a file, chunk by chunk. */
export class PartReader<P extends Piece> {
  readonly #source: Source
  readonly #format: ReadFormat<P>
  readonly #part: ReadPart<P>
  readonly #scanner: PieceScanner<P>
  #position: number

  constructor(source: Source, format: ReadFormat<P>, part: ReadPart<P>) {
    const { from = 0, amid = false, closedFrom, chunk } = part
    const known = { ...(closedFrom === undefined ? {} : { closedFrom }), ...(chunk === undefined ? {} : { chunk }) }
    this.#source = source
    this.#format = format
    this.#part = part
    this.#position = from
    this.#scanner = format.scanner({ at: from, amid, ...known })
  }

  /** Of the file, once all is read; for another read of it. */
  get closedFrom(): number | undefined {
    return this.#scanner.closedFrom
  }

  /**
   * Calls `each` for each span of the next chunk. The record that it gets is valid only during the call.
   *
   * @returns false once all is read
   */
  async next(each: (span: Span, piece: P) => void): Promise<boolean> {
    const { to = Infinity, needle, wanted, signal, report } = this.#part
    signal?.throwIfAborted()
    const room = this.#scanner.room().subarray(0, to - this.#position)
    const bytesRead = await this.#source.read([room], this.#position)
    this.#scanner.filled(bytesRead)
    this.#position += bytesRead
    const final = bytesRead === 0 || this.#position >= to
    for (const piece of this.#scanner.pieces(final, needle)) {
      if (wanted?.(piece) === false) continue
      const read = this.#format.spanOf(piece, report)
      const span = read instanceof Promise ? await read : read
      if (span !== undefined) each(span, piece)
    }
    if (final && this.#source.problem !== undefined) report.skip(this.#position, this.#source.problem)
    return !final
  }
}

/**
 * Calls `each` for each span of a part of a file. The record that it gets is valid only during the call.
 *
 * @returns the {@link PieceScanner.closedFrom} of the file, for another read of it
 */
export async function readSpans<P extends Piece>(
  source: Source,
  format: ReadFormat<P>,
  part: ReadPart<P>,
  each: (span: Span, piece: P) => void,
): Promise<number | undefined> {
  const reader = new PartReader(source, format, part)
  while (await reader.next(each));
  return reader.closedFrom
}
