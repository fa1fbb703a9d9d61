import type { FileHandle } from 'node:fs/promises'
import type { Span } from '../contract/span.js'
import type { Report } from './report.js'

/** The bytes of one record. */
export interface Piece {
  /** A view that is valid until the next read. */
  readonly bytes: Buffer
  /** Where it begins, in bytes from the start of the file. */
  readonly at: number
}

/** How a scan begins. */
export interface ScanStart {
  /** Where the first byte lies, in bytes from the start of the file. Default 0. */
  readonly at?: number
  /** Whether that is amid a record, whose rest is passed over. Default false. */
  readonly amid?: boolean
  /** {@link PieceScanner.closedFrom} of an earlier scan of the file. Default: this scan finds out. */
  readonly closedFrom?: number
}

/** Finds the records in bytes that come in chunks: bytes are put into `room()`, and their number told by `filled()`. */
export interface PieceScanner<P extends Piece> {
  /**
   * Where the first line stands that closes a record, in bytes from the start of the file; `Infinity` where none does. From there
   * on, records that are closed nowhere are torn. Undefined in formats without such lines.
   */
  readonly closedFrom?: number
  /** Where the next bytes go. */
  room(): Buffer
  filled(count: number): void
  /**
   * The records that have ended.
   *
   * @param final whether no bytes follow, so that the last record has ended too
   * @param needle leaves out records that do not hold these bytes, without looking at them
   */
  pieces(final: boolean, needle?: Buffer): Iterable<P>
  /**
   * The last record, though nothing follows it yet, where it is whole: for files that still grow.
   *
   * @param quiet whether the file has stopped growing for now
   */
  settled(quiet: boolean): Iterable<P>
}

/** How spans are read from a file. */
export interface ReadFormat<P extends Piece> {
  /** Such as `yaml`; the reader is then called `yaml(traces.yaml)`, and its factory `yamlReader`. */
  readonly name: string
  scanner(start: ScanStart): PieceScanner<P>
  /**
   * The span of a record; a promise of it where that takes something which is loaded only then.
   *
   * @param report is told where the record is not a whole span
   */
  spanOf(piece: P, report: Report): Span | undefined | Promise<Span | undefined>
  /** The id of its trace in canonical decimal, where it can be seen without reading the record; it may be a guess. */
  traceIdOf(piece: P): string | undefined
}

/** Which part of a file is read, and what is made of it. */
export interface ReadPart<P extends Piece> {
  /** Where to begin, in bytes. Default 0. */
  readonly from?: number
  readonly closedFrom?: number | undefined
  /** Where to stop, in bytes. Default: where the file ends. */
  readonly to?: number
  /** Only records that hold these bytes. */
  readonly needle?: Buffer
  /** Whether a record is read. Default: all are. */
  readonly wanted?: (piece: P) => boolean
  readonly signal: AbortSignal | undefined
  /** Is told which records are no whole spans. */
  readonly report: Report
}

/**
 * Calls `each` for the spans of a file, one after the other; the record it is given is valid during the call only.
 *
 * @returns {@link PieceScanner.closedFrom}, for another read of the file
 */
export async function readSpans<P extends Piece>(
  file: FileHandle,
  format: ReadFormat<P>,
  part: ReadPart<P>,
  each: (span: Span, piece: P) => void,
): Promise<number | undefined> {
  const { to = Infinity, needle, wanted, signal, report, closedFrom } = part
  let position = part.from ?? 0
  const scanner = format.scanner(closedFrom === undefined ? { at: position } : { at: position, closedFrom })
  for (;;) {
    signal?.throwIfAborted()
    const room = scanner.room()
    const { bytesRead } = await file.read(room, 0, Math.min(room.length, to - position), position)
    scanner.filled(bytesRead)
    position += bytesRead
    const final = bytesRead === 0 || position >= to
    for (const piece of scanner.pieces(final, needle)) {
      if (wanted?.(piece) === false) continue
      const read = format.spanOf(piece, report)
      const span = read instanceof Promise ? await read : read
      if (span !== undefined) each(span, piece)
    }
    if (final) return scanner.closedFrom
  }
}
