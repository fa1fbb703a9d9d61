import type { FileHandle } from 'node:fs/promises'
import { stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Span, TraceError } from '@trace/core'
import { Report, readPiece } from './parse.js'
import { errorCode, openForReading } from './read-file.js'
import { type Piece, Scanner } from './scan.js'

/** Milliseconds between looks at the file: a person sees no delay, and a look costs microseconds. */
const POLL = 200

/**
 * The spans that are written to a file from now on. Waits for a file that is not there yet, and reads on from the start
 * of a file that was cut or that takes the place of the first.
 */
export async function* followFile(
  path: string,
  name: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly Span[]> {
  let watched: Watched | undefined
  let first = true
  const ended = (): boolean => signal?.aborted === true
  try {
    while (!ended()) {
      watched ??= await Watched.open(path, name, first)
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
        await sleep(POLL, undefined, signal === undefined ? {} : { signal }).catch(() => {})
      }
    }
  } finally {
    await watched?.close()
  }
}

class Watched {
  readonly #file: FileHandle
  #position: number
  #scanner: Scanner

  private constructor(file: FileHandle, position: number) {
    this.#file = file
    this.#position = position
    this.#scanner = new Scanner({ at: position, amid: position > 0, closes: true })
  }

  /** @param atEnd whether what the file holds already is passed over; undefined is returned where there is no file */
  static async open(path: string, name: string, atEnd: boolean): Promise<Watched | undefined> {
    try {
      const file = await openForReading(path, name)
      // The last byte is read again: where it is a line break, the next document's mark may follow it directly.
      return new Watched(file, atEnd ? Math.max(0, (await file.stat()).size - 1) : 0)
    } catch (error) {
      if (error instanceof TraceError && errorCode(error.cause) === 'ENOENT') return undefined
      throw error
    }
  }

  /** Reads on into `spans`; false where there was nothing to read. */
  async read(spans: Span[]): Promise<boolean> {
    if ((await this.#file.stat()).size < this.#position) {
      this.#position = 0
      this.#scanner = new Scanner({ closes: true })
    }
    const room = this.#scanner.room()
    const { bytesRead } = await this.#file.read(room, 0, room.length, this.#position)
    this.#scanner.filled(bytesRead)
    this.#position += bytesRead
    if (bytesRead > 0) take(this.#scanner.pieces(false), spans)
    take(this.#scanner.settled(bytesRead === 0), spans)
    return bytesRead > 0
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
}

function take(pieces: Iterable<Piece>, spans: Span[]): void {
  const report = new Report()
  for (const piece of pieces) {
    const span = readPiece(piece, report)
    if (span !== undefined) spans.push(span)
  }
}
