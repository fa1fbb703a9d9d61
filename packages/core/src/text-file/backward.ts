import type { ReadReport } from '../contract/reader.js'
import type { Span } from '../contract/span.js'
import { type Piece, type ReadFormat, type ReadPart, readSpans } from './read-format.js'
import { MAX_PLACES, Report } from './report.js'
import { BLOCK, CONTEXT, findClosed, later, nanoseconds, onlySince, SAMPLE, sampleAt } from './sample.js'
import type { Source } from './source.js'

/** A place in a store is the place in its file plus this for each file before it. No file has so many bytes. */
export const FILE: number = 2 ** 42

/** How many bytes to read at a time: at first, and at most. */
const FIRST_BLOCK = BLOCK
const MAX_BLOCK = 16 * FIRST_BLOCK
/** How many bytes are read at least: a small store is read as a whole. */
const LEAST = 2 * FIRST_BLOCK

/** Where one of several stores has been read from. */
interface Cursor {
  /** The place in the list of sources, from which on it is read back; below `first` once all is read. */
  index: number
  readonly first: number
  /** Up to where that source is not read yet; undefined if it was not begun. */
  end: number | undefined
  block: number
  /** When the latest of the first spans of the block that was last read has finished; undefined if there are none. */
  time: bigint | undefined
}

/** What is read of each block, and who gets it. */
interface Wanted<P extends Piece> extends Pick<ReadPart<P>, 'needle' | 'wanted'> {
  /** @param place where the record begins in the store */
  each(span: Span, piece: P, place: number): void
}

/**
 * Reads stores from their ends, block by block. Spans stand there about in the order in which they have finished. So what was not
 * read yet had finished before what was, give or take a margin.
 */
export class Backward<P extends Piece> {
  readonly sources: readonly Source[]
  /** By source: see `ScanStart.closedFrom`. */
  readonly closedFrom: (number | undefined)[] = []
  readonly #format: ReadFormat<P>
  readonly #margin: number
  readonly #signal: AbortSignal | undefined
  readonly #cursors: readonly Cursor[]
  readonly #reports: { readonly place: number; readonly report: Report }[] = []
  #bytes = 0

  /**
   * @param stores the files of each store, oldest first
   * @param margin in ms
   */
  constructor(
    stores: readonly (readonly Source[])[],
    format: ReadFormat<P>,
    { margin, signal }: { readonly margin: number; readonly signal: AbortSignal | undefined },
  ) {
    this.sources = stores.flat()
    this.#format = format
    this.#margin = margin
    this.#signal = signal
    let last = -1
    this.#cursors = stores.map((files) => {
      const first = last + 1
      last += files.length
      return { index: last, first, end: undefined, block: FIRST_BLOCK, time: undefined }
    })
  }

  /**
   * The time from which on all is read: what was not read yet had finished before it. In nanoseconds since the Unix epoch.
   * Undefined if that is not known yet, or nothing is left.
   */
  get readFrom(): bigint | undefined {
    const left = this.#left()
    if (left.length === 0 || this.#bytes < LEAST || this.#margin === Infinity) return undefined
    let latest: bigint | undefined
    for (const { time } of left) {
      if (time === undefined) return undefined
      if (latest === undefined || time > latest) latest = time
    }
    return latest === undefined ? undefined : latest + nanoseconds(this.#margin)
  }

  get isDone(): boolean {
    return this.#left().length === 0
  }

  #left(): Cursor[] {
    return this.#cursors.filter(({ index, first }) => index >= first)
  }

  /** What was skipped, in the order of the store, and what may be missing. */
  report(): ReadReport {
    const reports = this.#reports.toSorted((a, b) => a.place - b.place).map(({ report }) => report)
    const skipped = reports.reduce((sum, report) => sum + report.skipped, 0)
    const places = reports.flatMap((report) => report.places).slice(0, MAX_PLACES)
    const from = this.readFrom
    if (from === undefined) return { skipped, places }
    return { skipped, places, incomplete: onlySince(from, this.#margin) }
  }

  /** Reads the next block: that of the store of which the latest spans are not read. */
  async next(wanted: Wanted<P>): Promise<void> {
    const [cursor] = this.#left().sort(latestFirst)
    const source = cursor && this.sources[cursor.index]
    if (cursor === undefined || source === undefined) return
    if (!Object.hasOwn(this.closedFrom, cursor.index))
      this.closedFrom[cursor.index] = await findClosed(source, this.#format)
    const start = await (wanted.needle === undefined
      ? this.#readBlock(cursor, source, wanted)
      : this.#searchBlock(cursor, source, wanted))
    this.#advance(cursor, source, start)
  }

  /** Reads the block before what was read. @returns where its first record begins */
  async #readBlock(cursor: Cursor, source: Source, wanted: Wanted<P>): Promise<number> {
    for (let size = cursor.block; ; size *= 2) {
      const from = this.#startOf(cursor, source, size)
      const report = this.#newReport(source)
      let at = from === 0 ? 0 : undefined
      let [time, count]: [bigint | undefined, number] = [undefined, 0]
      const isWanted = (piece: P): boolean => {
        if (from > 0 && piece.at < from + CONTEXT) return false
        at ??= piece.at
        return wanted.wanted?.(piece) !== false
      }
      const place = cursor.index * FILE
      await this.#read(cursor, source, { from, wanted: isWanted, report }, (span, piece) => {
        if (count++ < SAMPLE) time = later(time, span)
        wanted.each(span, piece, place + piece.at)
      })
      if (at === undefined) continue
      this.#reports.push({ place: place + at, report })
      cursor.time = time ?? cursor.time
      return at
    }
  }

  /** The same for few records of many: only these are read, and some that tell when the block begins. */
  async #searchBlock(cursor: Cursor, source: Source, { needle, wanted, each }: Wanted<P>): Promise<number> {
    for (let size = cursor.block; ; size *= 2) {
      const from = this.#startOf(cursor, source, size)
      const closedFrom = this.closedFrom[cursor.index]
      const start = await sampleAt(source, this.#format, { from, end: cursor.end, closedFrom, signal: this.#signal })
      if (start === undefined) continue
      cursor.time = start.time ?? cursor.time
      const report = this.#newReport(source)
      const place = cursor.index * FILE
      this.#reports.push({ place: place + start.at, report })
      const isWanted = (piece: P): boolean => piece.at >= start.at && wanted?.(piece) !== false
      const part = { from, ...(needle === undefined ? {} : { needle }), wanted: isWanted, report }
      await this.#read(cursor, source, part, (span, piece) => each(span, piece, place + piece.at))
      return start.at
    }
  }

  #newReport(source: Source): Report {
    const report = new Report()
    if (this.sources.length > 1) report.enter(source.name)
    return report
  }

  /** Reads up to what was read already. */
  async #read(
    cursor: Cursor,
    source: Source,
    part: Omit<ReadPart<P>, 'signal'> & { readonly from: number },
    each: (span: Span, piece: P) => void,
  ): Promise<void> {
    const known = this.closedFrom[cursor.index]
    const closedFrom = known === Infinity ? undefined : known
    const to = cursor.end ?? Infinity
    const whole = { ...part, amid: part.from > 0, to, closedFrom, signal: this.#signal }
    this.closedFrom[cursor.index] = await readSpans(source, this.#format, whole, each)
  }

  #advance(cursor: Cursor, source: Source, start: number): void {
    this.#bytes += (cursor.end ?? source.stats.size) - start
    cursor.block = Math.min(MAX_BLOCK, 2 * cursor.block)
    cursor.end = start
    if (start > 0) return
    cursor.index--
    cursor.end = undefined
  }

  /** Where a block of some size begins. */
  #startOf(cursor: Cursor, source: Source, size: number): number {
    if (source.isSequential || this.closedFrom[cursor.index] === Infinity) return 0
    cursor.end ??= source.stats.size
    return Math.max(0, cursor.end - size)
  }
}

/** One of which nothing was read yet comes first. */
function latestFirst(a: Cursor, b: Cursor): number {
  if (a.time === undefined || b.time === undefined) return Number(b.time === undefined) - Number(a.time === undefined)
  return a.time === b.time ? 0 : a.time > b.time ? -1 : 1
}
