import type { Span } from '@trace/core/spans'

/**
 * Where the spans of a trace belong, and when they ran, in numbers, each at the place of its span: of spans that are kept as columns, whose fields
 * would have to be made anew whenever they are looked at. No two of the spans have the same id.
 */
export interface SpanTable {
  /** The places of their parents; -1 where a span has none, or where it is not there. */
  readonly parents: Int32Array
  /** The earliest start, in nanoseconds since the Unix epoch. */
  readonly start: bigint
  /** In ns from there. */
  readonly starts: Float64Array
  /** The same; not a number for spans that are open. */
  readonly finishes: Float64Array
}

/** Spans in reading order, by their places. */
export interface ReadingOrder {
  /** The places of the spans, in the order. */
  readonly places: Uint32Array
  /** Where in the order the parents are of the spans there; -1 for roots, {@link CUT} for roots that have their parent below them. */
  readonly parents: Int32Array
}

/** Instead of a parent, where a circle was cut. */
export const CUT = -2

/** Each span before its children, and these by their start. In numbers alone: objects would be kept in the order in which they came. */
export function readingOrder(spans: readonly Span[], table: SpanTable): ReadingOrder {
  const count = spans.length
  const before = (a: number, b: number): number => byStart(spans, table, a, b)
  const above = withoutCircles(table.parents, before)
  const { starts, children } = childrenOf(above, before)
  const places = new Uint32Array(count)
  const parents = new Int32Array(count)
  /** Where the spans are in the order. */
  const at = new Uint32Array(count)
  const waiting = new Uint32Array(count)
  let waits = 0
  /** @param parent its place, or the number of spans for the roots */
  const wait = (parent: number): void => {
    const from = starts[parent] ?? 0
    for (let child = (starts[parent + 1] ?? 0) - 1; child >= from; child--) waiting[waits++] = children[child] ?? 0
  }
  wait(count)
  for (let next = 0; waits > 0; next++) {
    const place = waiting[--waits] ?? 0
    const parent = above[place] ?? -1
    places[next] = place
    at[place] = next
    parents[next] = parent < 0 ? parent : (at[parent] ?? 0)
    wait(place)
  }
  return { places, parents }
}

/** The earliest span of each circle has no parent. */
function withoutCircles(parents: Int32Array, before: (a: number, b: number) => number): Int32Array {
  const above = parents.slice()
  /** 1 more than where one began to go up that came by. */
  const seen = new Uint32Array(parents.length)
  for (let from = 0; from < parents.length; from++) {
    let at = from
    for (; at >= 0 && seen[at] === 0; at = above[at] ?? -1) seen[at] = from + 1
    if (at < 0 || seen[at] !== from + 1) continue
    let first = at
    for (let next = above[at] ?? at; next !== at; next = above[next] ?? at) if (before(next, first) < 0) first = next
    above[first] = CUT
  }
  return above
}

interface Children {
  /** Those of the span at a place are from `starts[place]` to before `starts[place + 1]` in `children`; behind those of all spans are the roots. */
  readonly starts: Uint32Array
  readonly children: Uint32Array
}

function childrenOf(parents: Int32Array, before: (a: number, b: number) => number): Children {
  const count = parents.length
  const starts = new Uint32Array(count + 2)
  const children = new Uint32Array(count)
  const slotOf = (place: number): number => {
    const parent = parents[place] ?? -1
    return parent < 0 ? count : parent
  }
  for (let place = 0; place < count; place++) starts[slotOf(place)] = (starts[slotOf(place)] ?? 0) + 1
  for (let slot = 1; slot < starts.length; slot++) starts[slot] = (starts[slot] ?? 0) + (starts[slot - 1] ?? 0)
  // They are the ends as yet: from the last child on, each goes down to its start.
  for (let place = count - 1; place >= 0; place--) {
    const at = (starts[slotOf(place)] ?? 0) - 1
    children[at] = place
    starts[slotOf(place)] = at
  }
  for (let slot = 0; slot <= count; slot++) sort(children, starts[slot] ?? 0, starts[slot + 1] ?? 0, before)
  return { starts, children }
}

/** Most are sorted by then: spans come in the order of their starts or of their ends. */
function sort(all: Uint32Array, from: number, to: number, before: (a: number, b: number) => number): void {
  for (let at = from + 1; at < to; at++) {
    if (before(all[at - 1] ?? 0, all[at] ?? 0) <= 0) continue
    all.subarray(from, to).sort(before)
    return
  }
}

function byStart(spans: readonly Span[], { starts }: SpanTable, a: number, b: number): number {
  // Offsets are compared first, since reading a bigint may make one. Of two that are the same, the starts can differ.
  const between = (starts[a] ?? 0) - (starts[b] ?? 0)
  if (between !== 0) return between
  const [one, other] = [spans[a], spans[b]]
  if (one === undefined || other === undefined) return 0
  if (one.start !== other.start) return one.start < other.start ? -1 : 1
  return one.spanId < other.spanId ? -1 : 1
}
