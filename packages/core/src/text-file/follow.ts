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
/** Bytes by which the place is known again where reading stopped: most of the last record, with its ids. */
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
    const position = atEnd ? Math.max(0, (await file.stat()).size - 1) : 0
    return new Watched(file, format, position, await bytesBefore(file, position))
  } catch (error) {
    if (error instanceof TraceError && errorCode(error.cause) === 'ENOENT') return undefined
    throw error
  }
}

async function bytesBefore(file: FileHandle, position: number): Promise<Buffer> {
  const bytes = Buffer.alloc(Math.min(REMEMBERED, position))
  await file.read(bytes, 0, bytes.length, position - bytes.length)
  return bytes
}

class Watched<P extends Piece> {
  readonly #file: FileHandle
  readonly #format: ReadFormat<P>
  #position: number
  /** What stands before the position, unless the file was cut, and has perhaps grown past it again. */
  #before: Buffer
  #scanner: PieceScanner<P>

  constructor(file: FileHandle, format: ReadFormat<P>, position: number, before: Buffer) {
    this.#file = file
    this.#format = format
    this.#position = position
    this.#before = before
    this.#scanner = format.scanner({ at: position, amid: position > 0, closedFrom: 0 })
  }

  /** Reads on into `spans`; false where there was nothing to read. */
  async read(spans: Span[]): Promise<boolean> {
    const room = this.#scanner.room()
    const before = Buffer.alloc(this.#before.length)
    // In one call, so that the file is not cut in between.
    const { bytesRead } = await this.#file.readv([before, room], this.#position - before.length)
    if (!before.equals(this.#before)) {
      this.#begin()
      return true
    }
    const count = Math.max(0, bytesRead - before.length)
    const last = room.subarray(Math.max(0, count - REMEMBERED), count)
    this.#before = Buffer.concat([before, last]).subarray(-REMEMBERED)
    this.#scanner.filled(count)
    this.#position += count
    if (count > 0) await this.#take(this.#scanner.pieces(false), spans)
    await this.#take(this.#scanner.settled(count === 0), spans)
    return count > 0
  }

  /** Anew, in a file that was cut. */
  #begin(): void {
    this.#position = 0
    this.#before = Buffer.alloc(0)
    this.#scanner = this.#format.scanner({ closedFrom: 0 })
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
