import type { FileHandle } from 'node:fs/promises'
import { stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Span } from '../contract/span.js'
import { errorCode, TraceError } from '../values/errors.js'
import { openForReading } from './open-file.js'
import type { Piece, PieceScanner, ReadFormat } from './read-format.js'
import { Report } from './report.js'

/** Time between two looks at the file, in ms. A person sees no delay, and a look costs microseconds. */
const POLL = 200
/** How many bytes before the position identify it: most of the last record, with its ids. */
const REMEMBERED = 512

/**
 * Yields the spans that are written to a file from now on. Waits for a file that does not exist yet. If the file is truncated or
 * replaced by another, goes on at its start.
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
  // A signal of its own: Node 20 warns of the eleventh listener of a signal, and many may follow until the same one aborts.
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

/** @param atEnd whether to skip what is in the file already @returns undefined if there is no file */
async function openWatched<P extends Piece>(
  path: string,
  name: string,
  format: ReadFormat<P>,
  atEnd: boolean,
): Promise<Watched<P> | undefined> {
  try {
    const file = await openForReading(path, name)
    // From the last byte: if it is a line break, the next record may follow it directly.
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
  /** The bytes before the position. If they differ later, the file was truncated, and may have grown past the position again. */
  #before: Buffer
  #scanner: PieceScanner<P>

  constructor(file: FileHandle, format: ReadFormat<P>, position: number, before: Buffer) {
    this.#file = file
    this.#format = format
    this.#position = position
    this.#before = before
    this.#scanner = format.scanner({ at: position, amid: position > 0, closedFrom: 0 })
  }

  /** Reads on into `spans`. @returns false if there was nothing to read */
  async read(spans: Span[]): Promise<boolean> {
    const room = this.#scanner.room()
    const before = Buffer.alloc(this.#before.length)
    // In one call, so that the file cannot be truncated in between.
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

  /** Begins again, in a file that was truncated. */
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
