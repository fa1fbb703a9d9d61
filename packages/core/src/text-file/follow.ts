import type { Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Span } from '../contract/span.js'
import { errorCode, TraceError } from '../values/errors.js'
import { filesOf, listRotated, openSource } from './open-store.js'
import type { Piece, PieceScanner, ReadFormat } from './read-format.js'
import { Report } from './report.js'
import { isSameFile, type RotatedFile } from './rotated.js'
import type { Source } from './source.js'

/** Time between two looks at the file, in ms. A person sees no delay, and a look costs microseconds. */
const POLL = 200
/** How long a file that was rotated or deleted is still read, in ms: a writer that had opened it may write to it once more. */
const LINGER = 2_000
/** How long before the last write to a file the one after it may have been written to for the last time, in ms. */
const SLACK = 1_000
/** How many bytes to skip at a time. */
const CHUNK = 262_144
/** How many bytes before the position identify it: most of the last record, with its ids. */
const REMEMBERED = 512

/**
 * Yields the spans that are written to files from now on. Waits for a file that does not exist yet. If a file is truncated, goes on at
 * its start. If it is rotated or replaced by another, reads it to its end, and goes on with the next one.
 *
 * @param paths may stand for several files each
 */
export async function* followFiles<P extends Piece>(
  paths: readonly string[],
  name: string,
  format: ReadFormat<P>,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly Span[]> {
  const followed = new Map<string, Followed<P>>()
  const ended = (): boolean => signal?.aborted === true
  // A signal of its own: Node 20 warns of the eleventh listener of a signal, and many may follow until the same one aborts.
  const end = signal === undefined ? {} : { signal: AbortSignal.any([signal]) }
  try {
    for (let isFirst = true; !ended(); isFirst = false) {
      for (const path of paths) {
        for (const file of await filesOf(path)) {
          if (!followed.has(file)) followed.set(file, new Followed(file, name, format, isFirst))
        }
      }
      for (const each of followed.values()) {
        for (const file of await each.look()) {
          for (let goesOn = true; goesOn; ) {
            const spans: Span[] = []
            goesOn = await file.read(spans)
            if (spans.length > 0) yield spans
            if (ended()) return
          }
        }
      }
      await sleep(POLL, undefined, end).catch(() => {})
    }
  } finally {
    for (const each of followed.values()) await each.close()
  }
}

/** The files to read: the one at the path, after those that were there and have been rotated since. */
class Followed<P extends Piece> {
  readonly #path: string
  readonly #name: string
  readonly #format: ReadFormat<P>
  #files: Watched<P>[] = []
  /** The rotated files that are not to be read, or have been. */
  #known: Set<string> | undefined
  /** The highest number of a rotated file. */
  #highest = 0
  /** When the file that was last at the path was last written to, in ms since the Unix epoch. */
  #since = Infinity

  readonly #skipsFirst: boolean

  /** @param skipsFirst whether what is there already is not to be read */
  constructor(path: string, name: string, format: ReadFormat<P>, skipsFirst: boolean) {
    this.#skipsFirst = skipsFirst
    this.#path = path
    this.#name = name
    this.#format = format
  }

  /** @returns the files to read now, oldest first */
  async look(): Promise<readonly Watched<P>[]> {
    const now = performance.now()
    const at = await stat(this.#path).catch(() => undefined)
    const current = this.#files.find(({ source }) => at !== undefined && isSameFile(source.stats, at))
    for (const file of this.#files) {
      if (file === current) file.leftAt = undefined
      else file.leftAt ??= now
    }
    const done = this.#files.filter(({ leftAt = now }) => now - leftAt > LINGER)
    this.#files = this.#files.filter((file) => !done.includes(file))
    for (const file of done) await file.close()
    if (current === undefined) await this.#openNext()
    return this.#files
  }

  /** Opens the file at the path, and what has been there since the last look and was rotated. */
  async #openNext(): Promise<void> {
    const first = this.#known === undefined && this.#skipsFirst
    const last = this.#files.at(-1)
    this.#since = (await last?.lastWrite()) ?? this.#since
    // Before the others are listed: so none is missed that is rotated meanwhile.
    const current = await this.#open(this.#path, first)
    const rotated = await listRotated(this.#path)
    const known = new Set<string>()
    for (const file of rotated) {
      const found = await statsOf(file)
      if (found === undefined) continue
      const { ino, mtimeMs } = found.stats
      const key = `${file.number}:${ino}`
      known.add(key)
      const open = [...this.#files, current].find(
        (each) => each !== undefined && isSameFile(each.source.stats, found.stats),
      )
      if (open !== undefined) open.number = file.number
      else if (this.#known?.has(key) === false && this.#isNext(found, mtimeMs, last)) {
        const next = (await this.#open(found.path, false)) ?? (await this.#open(`${file.path}.gz`, false))
        if (next === undefined) continue
        next.number = file.number
        this.#files.push(next)
      }
    }
    if (current !== undefined) this.#files.push(current)
    this.#known = known
    this.#highest = rotated.at(-1)?.number ?? 0
  }

  /**
   * Whether a rotated file that is not known came after one that was at the path.
   *
   * @param mtime when it was last written to, in ms since the Unix epoch
   */
  #isNext({ number, gzip }: RotatedFile, mtime: number, last: Watched<P> | undefined): boolean {
    if (mtime < this.#since - SLACK) return false
    if (!gzip) return true
    // It is another file than the plain one, of the same number.
    const isLast = last !== undefined && last.number === undefined && number === this.#highest + 1
    return number > this.#highest && !isLast
  }

  /** @param atEnd whether to skip what is in the file already @returns undefined if there is no file */
  async #open(path: string, atEnd: boolean): Promise<Watched<P> | undefined> {
    try {
      const source = await openSource(path, this.#name)
      // From the last byte: if it is a line break, the next record may follow it directly.
      const end = atEnd && source.isSequential ? await endOf(source) : source.stats.size
      const position = atEnd ? Math.max(0, end - 1) : 0
      return await Watched.from(source, this.#format, position)
    } catch (error) {
      if (error instanceof TraceError && errorCode(error.cause) === 'ENOENT') return undefined
      throw error
    }
  }

  async close(): Promise<void> {
    for (const file of this.#files) await file.close()
  }
}

/** Where a text ends that is made while it is read. */
async function endOf(source: Source): Promise<number> {
  const room = Buffer.allocUnsafe(CHUNK)
  for (let position = 0; ; ) {
    const count = await source.read([room], position)
    if (count === 0) return position
    position += count
  }
}

/** A rotated file, which may have been compressed since it was listed; undefined if it is gone. */
async function statsOf(file: RotatedFile): Promise<(RotatedFile & { readonly stats: Stats }) | undefined> {
  try {
    return { ...file, stats: await stat(file.path) }
  } catch {
    return file.gzip ? undefined : statsOf({ ...file, path: `${file.path}.gz`, gzip: true })
  }
}

class Watched<P extends Piece> {
  readonly source: Source
  /** When the file was no longer at the path; undefined while it is. */
  leftAt: number | undefined
  /** Its number if it was rotated, once that is known. */
  number: number | undefined
  readonly #format: ReadFormat<P>
  #position: number
  /** The bytes before the position. If they differ later, the file was truncated, and may have grown past the position again. */
  #before: Buffer
  #scanner: PieceScanner<P>

  static async from<P extends Piece>(source: Source, format: ReadFormat<P>, position: number): Promise<Watched<P>> {
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

  /** Reads on into `spans`. @returns false if there was nothing to read */
  async read(spans: Span[]): Promise<boolean> {
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

  /** In ms since the Unix epoch. */
  async lastWrite(): Promise<number> {
    return (await this.source.statNow()).mtimeMs
  }

  async close(): Promise<void> {
    await this.source.close()
  }

  async #take(pieces: Iterable<P>, spans: Span[]): Promise<void> {
    const report = new Report()
    for (const piece of pieces) {
      const span = await this.#format.spanOf(piece, report)
      if (span !== undefined) spans.push(span)
    }
  }
}
