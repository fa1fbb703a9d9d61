import type { ActiveSpan } from '../contract/active-span.js'
import { type LateData, writableData } from './live-data.js'
import { TracedSpan } from './traced-span.js'

/**
 * For adapters: where to write a span's data. Unlike `span.data`, it is recorded without a copy, unless the program asks for `span.data`.
 * So write at once, plain values under keys of your own, and ask again after anything else has run.
 */
export function dataToWrite(span: ActiveSpan): Record<string, unknown> {
  return span instanceof TracedSpan ? writableData(span) : span.data
}

/**
 * For adapters: has what they know of a span written only when its data are needed, which for most spans is when its record is made with those of
 * others. For many at once that takes less time.
 *
 * @returns false where the adapter is to write at once, by `dataToWrite`: where the span has data already, or is not one that will be recorded
 */
export function writeLater(span: ActiveSpan, lateData: LateData): boolean {
  if (!(span instanceof TracedSpan) || span.late !== undefined || span.lazyData !== undefined || span.isFinished)
    return false
  span.lateData = lateData
  return true
}
