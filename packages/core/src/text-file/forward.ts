import type { ReadOptions, SpanBatch, SpanQuery } from '../contract/reader.js'
import type { Span } from '../contract/span.js'
import { checkSpanQuery } from '../store/check-query.js'
import { matchesSpanQuery } from '../store/query.js'
import { Places } from './places.js'
import { PartReader, type Piece, type ReadFormat } from './read-format.js'
import { Report } from './report.js'
import { findClosed, later, nanoseconds, onlySince, sampleAt } from './sample.js'
import type { Source } from './source.js'

/**
 * How many bytes to read at a time, of all stores together; and at most, and at least, of each. The spans of larger chunks would live so
 * long that V8 keeps them for old, and lets much of the heap fill with them.
 */
const ALL_CHUNKS = 4 * 1024 * 1024
const MAX_CHUNK = 64 * 1024
const MIN_CHUNK = 16 * 1024
/** How exactly it is found where to begin, in bytes. */
const PRECISION = 1024 * 1024

/** What a read of several stores needs to know. */
export interface ForwardOptions extends ReadOptions {
  readonly query: SpanQuery
  /** In ms; see `TextReaderOptions.margin`. */
  readonly margin: number
}

/** Where one file has been read to. */
interface InFile<P extends Piece> {
  report: Report
  reading: PartReader<P> | undefined
  places: Places | undefined
}

/** Where one of several stores has been read to. */
interface Cursor<P extends Piece> extends InFile<P> {
  readonly files: Source[]
  /** When the latest of its spans has finished; undefined if none was read. */
  time: bigint | undefined
}

/**
 * Reads stores from their beginnings, or from where the spans are that were asked for, chunk by chunk. Several stores are read side by
 * side, by the time of their spans.
 *
 * @param stores the files of each store, oldest first
 */
export async function* readForward<P extends Piece>(
  stores: readonly (readonly Source[])[],
  format: ReadFormat<P>,
  options: ForwardOptions,
): AsyncGenerator<SpanBatch> {
  const { query, margin, onPlace } = options
  checkSpanQuery(query)
  const chunk = Math.max(MIN_CHUNK, Math.min(MAX_CHUNK, Math.floor(ALL_CHUNKS / stores.length)))
  const hasSeveral = stores.flat().length > 1
  let isWhole = true
  const cursors: Cursor<P>[] = []
  for (const files of stores) {
    const start = await startOf(files, format, options)
    isWhole &&= start.isWhole
    cursors.push({ files: files.slice(start.index + 1), time: undefined, ...begin(files[start.index], start.from) })
  }

  function begin(source: Source | undefined, { from, closedFrom }: Place): InFile<P> {
    const report = new Report()
    if (source === undefined) return { reading: undefined, report, places: undefined }
    if (hasSeveral) report.enter(source.name)
    const part = { from, amid: from > 0, closedFrom, chunk, signal: options.signal, report }
    return { reading: new PartReader(source, format, part), report, places: onPlace && new Places(source) }
  }

  for (let cursor = earliest(cursors); cursor !== undefined; cursor = earliest(cursors)) {
    const current = cursor
    const spans: Span[] = []
    const starts: number[] = []
    const goesOn = await current.reading?.next((span, { at }) => {
      current.time = later(current.time, span)
      if (!matchesSpanQuery(span, query)) return
      spans.push(span)
      if (onPlace !== undefined) starts.push(at)
    })
    for (const [index, at] of starts.entries()) {
      const [span, place] = [spans[index], await current.places?.placeOf(at)]
      if (span !== undefined && place !== undefined) onPlace?.(span, place)
    }
    if (goesOn !== true) await current.places?.close()
    const { skipped, places } = current.report.take()
    if (goesOn !== true) Object.assign(current, begin(current.files.shift(), START))
    if (spans.length > 0 || skipped > 0) yield { spans, skipped, places }
  }
  if (!isWhole && query.from !== undefined) {
    yield { spans: [], skipped: 0, places: [], incomplete: onlySince(query.from, margin) }
  }
}

/** Where to begin in a file. */
interface Place {
  /** In bytes from its start. */
  readonly from: number
  /** See `ScanStart.closedFrom`. */
  readonly closedFrom: number | undefined
}

const START: Place = { from: 0, closedFrom: undefined }

/** The one to read next: the one that is not as far as the others. */
function earliest<P extends Piece>(cursors: readonly Cursor<P>[]): Cursor<P> | undefined {
  let first: Cursor<P> | undefined
  for (const cursor of cursors) {
    if (cursor.reading === undefined) continue
    if (cursor.time === undefined) return cursor
    if (first?.time === undefined || cursor.time < first.time) first = cursor
  }
  return first
}

/** Where the spans of a store begin that were asked for. Those before have finished earlier, give or take the margin. */
async function startOf<P extends Piece>(
  files: readonly Source[],
  format: ReadFormat<P>,
  { query, margin, signal }: ForwardOptions,
): Promise<{ readonly index: number; readonly from: Place; readonly isWhole: boolean }> {
  const { from: since } = query
  if (since === undefined || margin === Infinity) return { index: 0, from: START, isWhole: true }
  for (const [index, source] of [...files.entries()].reverse()) {
    const closedFrom = await findClosed(source, format)
    const isEarly = async (from: number, end?: number): Promise<number | undefined> => {
      const sample = await sampleAt(source, format, { from, end, closedFrom, signal })
      return sample?.time !== undefined && sample.time + nanoseconds(margin) <= since ? sample.at : undefined
    }
    if ((await isEarly(0)) === undefined) continue
    if (source.isSequential || closedFrom === Infinity) return { index, from: START, isWhole: index === 0 }
    let [from, to] = [0, source.stats.size]
    while (to - from > PRECISION) {
      const middle = from + Math.floor((to - from) / 2)
      const early = await isEarly(middle, to)
      if (early === undefined) to = middle
      else from = Math.max(early, middle)
    }
    return { index, from: { from, closedFrom }, isWhole: index === 0 && from === 0 }
  }
  return { index: 0, from: START, isWhole: true }
}
