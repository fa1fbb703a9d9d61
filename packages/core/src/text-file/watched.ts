import { stat } from 'node:fs/promises'
import type { ReadOptions } from '../contract/reader.js'
import type { Span } from '../contract/span.js'
import { listRotated } from './open-store.js'
import { Places } from './places.js'
import type { Piece, PieceScanner, ReadFormat } from './read-format.js'
import { Report } from './report.js'
import { isSameFile } from './rotated.js'
import type { Source } from './source.js'

/** How many bytes before the position identify it: most of the last record, with its ids. */
const REMEMBERED = 512
/** How many bytes to skip at a time. */
const CHUNK = 262_144

/** A file that is read on while it grows. */
export class Watched<P extends Piece> {
  readonly source: Source
  /** When the file was no longer at the path; undefined while it is. */
  leftAt: number | undefined
  #head: string | undefined
  readonly #format: ReadFormat<P>
  #position: number
  /** The bytes before the position. If they differ later, the file was truncated, and may have grown past the position again. */
  #before: Buffer
  #places: Places | undefined
  #scanner: PieceScanner<P>

  /** @param atEnd whether to skip what is in the file already */
  static async from<P extends Piece>(source: Source, format: ReadFormat<P>, atEnd: boolean): Promise<Watched<P>> {
    // From the last byte: if it is a line break, the next record may follow it directly.
    const position = atEnd ? Math.max(0, (await endOf(source)) - 1) : 0
    const before = Buffer.alloc(source.isSequential ? 0 : Math.min(REMEMBERED, position))
    if (before.length > 0) await source.read([before], position - before.length)
    return new Watched(source, format, position, before)
  }

  private constructor(source: Source, format: ReadFormat<P>, position: number, before: Buffer) {
    this.source = source
    this.#format = format
    this.#position = position
    this.#before = before
    this.#scanner = format.scanner({ at: position, amid: position > 0, closedFrom: 0 })
  }

  /** How its text begins, by which it is known again: with the ids of its first record. */
  async head(): Promise<string> {
    if (this.#head !== undefined) return this.#head
    const bytes = Buffer.alloc(REMEMBERED)
    const count = await this.source.read([bytes], 0)
    const head = bytes.toString('latin1', 0, count)
    // A file that grows may not have all of it yet.
    if (count === REMEMBERED) this.#head = head
    return head
  }

  /** Reads on into `spans`. @returns false if there was nothing to read */
  async read(spans: Span[], onPlace: ReadOptions['onPlace']): Promise<boolean> {
    const room = this.#scanner.room()
    const before = Buffer.alloc(this.#before.length)
    // In one call, so that the file cannot be truncated in between.
    const bytesRead = await this.source.read([before, room], this.#position - before.length)
    if (!before.equals(this.#before)) {
      this.#begin()
      return true
    }
    const count = Math.max(0, bytesRead - before.length)
    const last = room.subarray(Math.max(0, count - REMEMBERED), count)
    if (!this.source.isSequential) this.#before = Buffer.concat([before, last]).subarray(-REMEMBERED)
    this.#scanner.filled(count)
    this.#position += count
    if (count > 0) await this.#take(this.#scanner.pieces(false), spans, onPlace)
    await this.#take(this.#scanner.settled(count === 0), spans, onPlace)
    return count > 0
  }

  /** Begins again, in a file that was truncated. */
  #begin(): void {
    this.#position = 0
    this.#places = undefined
    this.#before = Buffer.alloc(0)
    this.#scanner = this.#format.scanner({ closedFrom: 0 })
  }

  /** In ms since the Unix epoch. */
  async lastWrite(): Promise<number> {
    return (await this.source.statNow()).mtimeMs
  }

  async close(): Promise<void> {
    await this.#places?.close()
    await this.source.close()
  }

  async #take(pieces: Iterable<P>, spans: Span[], onPlace: ReadOptions['onPlace']): Promise<void> {
    const report = new Report()
    for (const piece of pieces) {
      const span = await this.#format.spanOf(piece, report)
      if (span === undefined) continue
      spans.push(span)
      if (onPlace === undefined) continue
      this.#places ??= new Places(this.source)
      onPlace(span, await this.#places.placeOf(piece.at, await this.#pathNow()))
    }
  }

  /** Where the file is now: under another name, if it was rotated. */
  async #pathNow(): Promise<string> {
    const { path, stats } = this.source
    const isStill = async (file: string): Promise<boolean> => {
      const now = await stat(file).catch(() => undefined)
      return now !== undefined && isSameFile(now, stats)
    }
    if (await isStill(path)) return path
    for (const rotated of await listRotated(path)) if (await isStill(rotated.path)) return rotated.path
    return path
  }
}

/** Where a file ends. A text that is made while it is read has to be read for that. */
async function endOf(source: Source): Promise<number> {
  if (!source.isSequential) return source.stats.size
  const room = Buffer.allocUnsafe(CHUNK)
  for (let position = 0; ; ) {
    const count = await source.read([room], position)
    if (count === 0) return position
    position += count
  }
}
