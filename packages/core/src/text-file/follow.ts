import type { FileHandle } from 'node:fs/promises'
import { stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Span } from '../contract/span.js'
import { errorCode, TraceError } from '../values/errors.js'
import { openForReading } from './open-file.js'
import type { Piece, PieceScanner, ReadFormat } from './read-format.js'
import { Report } from './report.js'

/** Milliseconds between looks at the file: a person sees no delay, and a look costs microseconds. */
const POLL = 200
/** Bytes by which a file is known again: most of the last record, with its ids. */
const REMEMBERED = 512

/**
 * The spans that are written to a file from now on. Waits for a file that is not there yet, and reads on from the start
 * of a file that was cut or that takes the place of the first.
 */
export async function* followFile<P extends Piece>(
  path: string,
  name: string,
  format: ReadFormat<P>,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly Span[]> {
  let watched: Watched<P> | undefined
  let first = true
  const ended = (): boolean => signal?.aborted === true
  // One of its own: Node 20 warns of the eleventh listener that a signal has, and many may follow until the same.
  const end = signal === undefined ? {} : { signal: AbortSignal.any([signal]) }
  try {
    while (!ended()) {
      watched ??= await openWatched(path, name, format, first)
      first = false
      const replaced = watched !== undefined && (await watched.isReplaced(path))
      let spans: Span[] = []
      while (watched !== undefined && (await watched.read(spans))) {
        if (spans.length > 0) yield spans
        if (ended()) return
        spans = []
      }
      if (spans.length > 0) yield spans
      if (replaced) {
        await watched?.close()
        watched = undefined
      } else {
        await sleep(POLL, undefined, end).catch(() => {})
      }
    }
  } finally {
    await watched?.close()
  }
}

/** @param atEnd whether what the file holds already is passed over; undefined is returned where there is no file */
async function openWatched<P extends Piece>(
  path: string,
  name: string,
  format: ReadFormat<P>,
  atEnd: boolean,
): Promise<Watched<P> | undefined> {
  try {
    const file = await openForReading(path, name)
    // The last byte is read again: where it is a line break, the next record may follow it directly.
    return new Watched(file, format, atEnd ? Math.max(0, (await file.stat()).size - 1) : 0)
  } catch (error) {
    if (error instanceof TraceError && errorCode(error.cause) === 'ENOENT') return undefined
    throw error
  }
}

class Watched<P extends Piece> {
  readonly #file: FileHandle
  readonly #format: ReadFormat<P>
  #position: number
  /** The bytes before the position, by which a file is known again that was cut and has grown past it. */
  #before: Buffer | undefined
  #scanner: PieceScanner<P>

  constructor(file: FileHandle, format: ReadFormat<P>, position: number) {
    this.#file = file
    this.#format = format
    this.#position = position
    this.#scanner = format.scanner({ at: position, amid: position > 0, growing: true })
  }

  /** Reads on into `spans`; false where there was nothing to read. */
  async read(spans: Span[]): Promise<boolean> {
    if (await this.#wasCut()) {
      this.#position = 0
      this.#before = undefined
      this.#scanner = this.#format.scanner({ growing: true })
    }
    const room = this.#scanner.room()
    const { bytesRead } = await this.#file.read(room, 0, room.length, this.#position)
    if (bytesRead > 0) this.#before = Buffer.from(room.subarray(Math.max(0, bytesRead - REMEMBERED), bytesRead))
    this.#scanner.filled(bytesRead)
    this.#position += bytesRead
    if (bytesRead > 0) await this.#take(this.#scanner.pieces(false), spans)
    await this.#take(this.#scanner.settled(bytesRead === 0), spans)
    return bytesRead > 0
  }

  async #wasCut(): Promise<boolean> {
    const { size } = await this.#file.stat()
    if (size < this.#position) return true
    const before = await this.#bytesBefore(this.#before?.length ?? Math.min(REMEMBERED, this.#position))
    this.#before ??= before
    return !before.equals(this.#before)
  }

  async #bytesBefore(count: number): Promise<Buffer> {
    const bytes = Buffer.alloc(count)
    const { bytesRead } = await this.#file.read(bytes, 0, count, this.#position - count)
    return bytes.subarray(0, bytesRead)
  }

  async isReplaced(path: string): Promise<boolean> {
    const own = await this.#file.stat()
    try {
      const now = await stat(path)
      return now.ino !== own.ino || now.dev !== own.dev
    } catch {
      return true
    }
  }

  async close(): Promise<void> {
    await this.#file.close()
  }

  async #take(pieces: Iterable<P>, spans: Span[]): Promise<void> {
    const report = new Report()
    for (const piece of pieces) {
      const span = await this.#format.spanOf(piece, report)
      if (span !== undefined) spans.push(span)
    }
  }
}
