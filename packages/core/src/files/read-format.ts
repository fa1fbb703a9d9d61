import type { FileHandle } from 'node:fs/promises'
import type { Span } from '../span.js'
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
  /** Whether the file is read while it grows. Default false. */
  readonly growing?: boolean
}

/** Finds the records in bytes that come in chunks: bytes are put into `room()`, and their number told by `filled()`. */
export interface PieceScanner<P extends Piece> {
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
  /** The span of a record. @param report is told where the record is not a whole span */
  spanOf(piece: P, report: Report): Span | undefined
  /** The id of its trace in canonical decimal, where it can be seen without reading the record; it may be a guess. */
  traceIdOf(piece: P): string | undefined
}

/** Which part of a file is read. */
export interface ReadRange {
  /** Where to begin, in bytes. Default 0. */
  readonly from?: number
  /** Where to stop, in bytes. Default: where the file ends. */
  readonly to?: number
  /** Only records that hold these bytes. */
  readonly needle?: Buffer
  readonly signal?: AbortSignal | undefined
}

/** Calls `each` for the records of a file, one after the other; what it is given is valid during the call only. */
export async function readPieces<P extends Piece>(
  file: FileHandle,
  format: ReadFormat<P>,
  range: ReadRange,
  each: (piece: P) => void,
): Promise<void> {
  const { to = Infinity, needle, signal } = range
  let position = range.from ?? 0
  const scanner = format.scanner({ at: position })
  for (;;) {
    signal?.throwIfAborted()
    const room = scanner.room()
    const { bytesRead } = await file.read(room, 0, Math.min(room.length, to - position), position)
    scanner.filled(bytesRead)
    position += bytesRead
    const final = bytesRead === 0 || position >= to
    for (const piece of scanner.pieces(final, needle)) each(piece)
    if (final) return
  }
}
