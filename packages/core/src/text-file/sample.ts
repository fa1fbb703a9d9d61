import type { Span } from '../contract/span.js'
import { formatTime } from '../values/time.js'
import type { Piece, ReadFormat } from './read-format.js'
import { Report } from './report.js'
import type { Source } from './source.js'

/** How many bytes are looked at for a first record, or for a first line that closes one. */
export const BLOCK: number = 512 * 1024
/** How far before a record its text matters: what stands before it says whether it has to be closed. */
export const CONTEXT = 4_096
/** How many spans at the start of a block tell what was stored before: more than a batch, which may have waited as a whole. */
export const SAMPLE = 1_000

/** Which block of a file to look at. */
interface SampleOptions {
  /** In bytes from the start of the file. */
  readonly from: number
  /** Where the block ends; undefined if that is the end of the file. */
  readonly end: number | undefined
  /** See `ScanStart.closedFrom`. */
  readonly closedFrom: number | undefined
  readonly signal: AbortSignal | undefined
}

/** The beginning of a block. */
interface Sample {
  /** Where the first record is that can be told apart, in bytes from the start of the file. */
  readonly at: number
  /** When the latest of the first spans has finished, in nanoseconds since the Unix epoch; undefined if there are none. */
  readonly time: bigint | undefined
}

/** @returns undefined if no record begins in the block */
export async function sampleAt<P extends Piece>(
  source: Source,
  format: ReadFormat<P>,
  { from, end = Infinity, closedFrom = Infinity, signal }: SampleOptions,
): Promise<Sample | undefined> {
  const known = closedFrom === Infinity ? {} : { closedFrom }
  const scanner = format.scanner({ at: from, amid: from > 0, ...known })
  const ignored = new Report()
  let at = from === 0 ? 0 : undefined
  let time: bigint | undefined
  let count = 0
  for (let position = from; ; ) {
    signal?.throwIfAborted()
    const bytesRead = await source.read([scanner.room().subarray(0, end - position)], position)
    scanner.filled(bytesRead)
    position += bytesRead
    const final = bytesRead === 0 || position >= end
    for (const piece of scanner.pieces(final)) {
      if (from > 0 && piece.at < from + CONTEXT) continue
      at ??= piece.at
      const span = await format.spanOf(piece, ignored)
      if (span === undefined) continue
      time = later(time, span)
      if (++count === SAMPLE) return { at, time }
    }
    if (final || (at !== undefined && position - from > BLOCK)) return at === undefined ? undefined : { at, time }
  }
}

/** @returns the `ScanStart.closedFrom` of a file: `Infinity` if it is not known before the whole file is read */
export async function findClosed<P extends Piece>(source: Source, format: ReadFormat<P>): Promise<number | undefined> {
  if (source.isSequential || source.stats.size <= BLOCK) return undefined
  const scanner = format.scanner({})
  scanner.filled(await source.read([scanner.room()], 0))
  for (const _ of scanner.pieces(false)) if ((scanner.closedFrom ?? 0) < Infinity) break
  return scanner.closedFrom
}

/** The later one of a time and that when a span has finished; when it has started, if it is open. */
export function later(time: bigint | undefined, { start, finish = start }: Span): bigint {
  return time === undefined || finish > time ? finish : time
}

/** @param margin in ms */
export function nanoseconds(margin: number): bigint {
  return BigInt(Math.round(margin * 1_000_000))
}

/**
 * Says that only the end of a store was read.
 *
 * @param from the time from which on all is read, by the margin, in nanoseconds since the Unix epoch
 * @param margin in ms
 */
export function onlySince(from: bigint, margin: number): string {
  const time = formatTime(from - nanoseconds(margin))
  const late = `spans that were stored more than ${margin} ms after they finished may be missing; see the option margin`
  return `only the end was read, back to spans that finished at ${time}: ${late}`
}
