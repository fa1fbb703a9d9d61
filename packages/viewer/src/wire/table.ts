import type { SpanTable } from '@trace/analysis'
import type { Span } from '@trace/core/spans'
import { type Columns, placeInColumns } from './read.js'

/** What a tree needs to know of spans, from their columns; undefined where they came in another way, or where two have the same id. */
export function tableOf(spans: readonly Span[]): SpanTable | undefined {
  const first = spans[0] === undefined ? undefined : placeInColumns(spans[0])
  if (first === undefined || first.columns.count !== spans.length) return undefined
  for (let at = 0; at < spans.length; at++) {
    const span = spans[at]
    const place = span === undefined ? undefined : placeInColumns(span)
    if (place?.columns !== first.columns || place.at !== at || place.by !== 0n) return undefined
  }
  const parents = parentPlaces(first.columns)
  return parents === undefined ? undefined : { parents, ...timesOf(first.columns) }
}

/**
 * By a table of ids that are two integers of 32 bits each: to make a bigint of each, and to find it in a map, takes ten times as long.
 *
 * @returns undefined where two spans have the same id
 */
function parentPlaces({ count, spanIds, parentIds }: Columns): Int32Array | undefined {
  const [ids, wanted] = [new Int32Array(spanIds.buffer), new Int32Array(parentIds.buffer)]
  const mask = 2 ** Math.ceil(Math.log2(2 * count + 1)) - 1
  /** 1 more than the place of a span; 0 where there is none. */
  const slots = new Int32Array(mask + 1)
  /** The slot of an id, or of where it would be. */
  const slotOf = (low: number, high: number): number => {
    let slot = (Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b)) >>> 0
    for (slot = (slot ^ (slot >>> 15)) & mask; ; slot = (slot + 1) & mask) {
      const place = (slots[slot] ?? 0) - 1
      if (place === -1 || (ids[2 * place] === low && ids[2 * place + 1] === high)) return slot
    }
  }
  for (let at = 0; at < count; at++) {
    const slot = slotOf(ids[2 * at] ?? 0, ids[2 * at + 1] ?? 0)
    if (slots[slot] !== 0) return undefined
    slots[slot] = at + 1
  }
  const parents = new Int32Array(count)
  for (let at = 0; at < count; at++) {
    const low = wanted[2 * at] ?? 0
    const high = wanted[2 * at + 1] ?? 0
    parents[at] = low === 0 && high === 0 ? -1 : (slots[slotOf(low, high)] ?? 0) - 1
  }
  return parents
}

type Times = Omit<SpanTable, 'parents'>

const known = new WeakMap<Columns, Times>()

/** When spans ran, in numbers. */
export function timesOf(columns: Columns): Times {
  const times = known.get(columns) ?? offsetsOf(columns)
  known.set(columns, times)
  return times
}

function offsetsOf({ count, starts, finishes }: Columns): Times {
  let earliest = starts[0] ?? 0n
  for (let at = 1; at < count; at++) {
    const start = starts[at] ?? 0n
    if (start < earliest) earliest = start
  }
  return { start: earliest, starts: offsetsFrom(earliest, starts), finishes: offsetsFrom(earliest, finishes) }
}

/** In ns; not a number where a time is {@link OPEN}. */
function offsetsFrom(earliest: bigint, times: BigInt64Array): Float64Array {
  const [low, high] = [new Uint32Array(times.buffer), new Int32Array(times.buffer)]
  const [fromLow, fromHigh] = [Number(BigInt.asUintN(32, earliest)), Number(earliest >> 32n)]
  const offsets = new Float64Array(times.length)
  for (let at = 0; at < times.length; at++) {
    const atLow = low[2 * at] ?? 0
    const atHigh = high[2 * at + 1] ?? 0
    const offset = (atHigh - fromHigh) * 2 ** 32 + (atLow - fromLow)
    if (atLow === 0 && atHigh === -(2 ** 31)) offsets[at] = Number.NaN
    // So far apart, two roundings might differ from one.
    else offsets[at] = Number.isSafeInteger(offset) ? offset : Number((times[at] ?? 0n) - earliest)
  }
  return offsets
}
