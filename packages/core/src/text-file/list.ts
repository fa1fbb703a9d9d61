import type { TraceList, TraceQuery, TraceSummary } from '../contract/reader.js'
import type { Span } from '../contract/span.js'
import { checkQuery } from '../store/check-query.js'
import { listTraces, matchesFirst, matchesSpans, newestFirst } from '../store/query.js'
import { isFailed } from '../values/spans.js'
import { type Backward, FILE } from './backward.js'
import { type Piece, type ReadFormat, readSpans } from './read-format.js'
import { Report } from './report.js'

/** How many traces a later pass reads: at first, and at most, if few of those that may match do. */
const MIN_STEP = 20
const MAX_STEP = 2_000

/**
 * Lists the traces of a store's files that match, newest first. A first pass keeps a few figures per trace, from the end on, until
 * no newer traces can come. Later passes read the spans of the newest traces that may match, and check them exactly, until there
 * are enough.
 */
export async function listFiles<P extends Piece>(
  reading: Backward<P>,
  format: ReadFormat<P>,
  query: TraceQuery,
  signal: AbortSignal | undefined,
): Promise<TraceList> {
  const { limit } = checkQuery(query)
  const sketches = new Map<bigint, Sketch>()
  const each = (span: Span, { bytes }: P, from: number): void =>
    sketch(sketches, span, { from, to: from + bytes.length }, query)
  const traces: TraceSummary[] = []
  const checked = new Set<bigint>()
  for (let needed = limit; ; needed *= 2) {
    while (!reading.isDone && !isEnough(sketches, query, needed, reading.readFrom)) {
      await reading.next({ each })
      forgetUnlikely(sketches, query, reading.readFrom)
    }
    const from = reading.readFrom
    const likely = [...sketches.values()].filter((found) => isRead(found, from) && mayMatch(found, query))
    const left = likely.filter(({ traceId }) => !checked.has(traceId)).sort(newestFirst)
    let step = Math.max(limit, MIN_STEP)
    for (let at = 0; at < left.length && traces.length < limit; ) {
      const chosen = left.slice(at, at + step)
      at += step
      step = Math.max(limit, Math.min(2 * step, MAX_STEP))
      for (const { traceId } of chosen) checked.add(traceId)
      traces.push(...listTraces(await collect(reading, format, chosen, signal), query))
    }
    const isAll = reading.isDone || (from !== undefined && query.from !== undefined && from <= query.from)
    if (isAll || traces.length >= limit) break
  }
  traces.sort(newestFirst)
  return { traces: traces.slice(0, limit), ...reading.report() }
}

/** Forgets traces that are read and cannot match, so that a search which finds little holds little. */
function forgetUnlikely(sketches: Map<bigint, Sketch>, query: TraceQuery, from: bigint | undefined): void {
  if (from === undefined) return
  for (const [id, found] of sketches) if (isRead(found, from) && !mayMatch(found, query)) sketches.delete(id)
}

/** @param from the time from which on all is read; undefined if that is not known, or all is */
function isEnough(
  sketches: ReadonlyMap<bigint, Sketch>,
  query: TraceQuery,
  needed: number,
  from: bigint | undefined,
): boolean {
  if (from === undefined) return false
  if (query.from !== undefined && from <= query.from) return true
  let count = 0
  for (const found of sketches.values())
    if (isRead(found, from) && mayMatch(found, query) && ++count >= needed) return true
  return false
}

/** Whether all spans of a trace are read. */
function isRead({ start }: Sketch, from: bigint | undefined): boolean {
  return from === undefined || start >= from
}

/** The figures that the first pass keeps of a trace. */
interface Sketch {
  readonly traceId: bigint
  start: bigint
  finish: bigint | undefined
  failed: boolean
  /** The earliest span so far. It is usually the first span of the trace. */
  firstId: bigint
  firstParent: bigint
  firstMatches: boolean
  /** Which of the conditions on any span no record has met so far. */
  unmet: Pick<TraceQuery, 'service' | 'data' | 'where'> | undefined
  /** Whether another span than the earliest may be the first, because clocks differ. */
  unsure: boolean
  /** The part of the store with its records. */
  from: number
  to: number
}

function sketch(
  sketches: Map<bigint, Sketch>,
  span: Span,
  { from, to }: Pick<Sketch, 'from' | 'to'>,
  query: TraceQuery,
): void {
  const found = sketches.get(span.traceId)
  if (found === undefined) {
    sketches.set(span.traceId, {
      traceId: span.traceId,
      start: span.start,
      finish: span.finish,
      failed: isFailed(span),
      firstId: span.spanId,
      firstParent: span.parentId,
      firstMatches: matchesFirst(span, query),
      unmet: unmetBy(span, query),
      unsure: false,
      from,
      to,
    })
    return
  }
  const isBackward = from < found.from
  found.from = Math.min(from, found.from)
  found.to = Math.max(to, found.to)
  if (found.unmet !== undefined) found.unmet = unmetBy(span, found.unmet)
  if (span.finish !== undefined && (found.finish === undefined || span.finish > found.finish))
    found.finish = span.finish
  if (isFailed(span)) found.failed = true
  // The earliest span is not the first one if its parent is in the trace, or if it has a parent and another span has none.
  if (span.spanId === found.firstParent || span.parentId === 0n || span.start === found.start) found.unsure = true
  if (span.start >= found.start) return
  const mayHaveParent = isBackward || found.firstParent === 0n || found.firstId === span.parentId || found.unsure
  found.unsure = span.parentId !== 0n && mayHaveParent
  found.start = span.start
  found.firstId = span.spanId
  found.firstParent = span.parentId
  found.firstMatches = matchesFirst(span, query)
}

/** @returns undefined where none is left; and what was given where none is met, so that most traces share one object */
function unmetBy(span: Span, conditions: NonNullable<Sketch['unmet']>): Sketch['unmet'] {
  const { service, data, where } = conditions
  const isLeft = {
    service: service !== undefined && !matchesSpans([span], { service }),
    data: data !== undefined && !matchesSpans([span], { data }),
    where: where !== undefined && !matchesSpans([span], { where }),
  }
  if (!isLeft.service && !isLeft.data && !isLeft.where) return undefined
  const isMet = isLeft.service !== (service !== undefined) || isLeft.data !== (data !== undefined)
  if (!isMet && isLeft.where === (where !== undefined)) return conditions
  return {
    ...(isLeft.service && service !== undefined ? { service } : {}),
    ...(isLeft.data && data !== undefined ? { data } : {}),
    ...(isLeft.where && where !== undefined ? { where } : {}),
  }
}

function mayMatch(found: Sketch, query: TraceQuery): boolean {
  if (query.from !== undefined && found.start < query.from) return false
  if (query.to !== undefined && found.start >= query.to) return false
  if (!found.firstMatches && !found.unsure) return false
  if (found.unmet !== undefined) return false
  if (query.error !== undefined && query.error !== found.failed) return false
  if (query.minDuration === undefined) return true
  return found.finish !== undefined && found.finish - found.start >= query.minDuration
}

/** Reads the spans of some traces from the part of the store that has them. */
async function collect<P extends Piece>(
  { sources, closedFrom }: Backward<P>,
  format: ReadFormat<P>,
  chosen: readonly Sketch[],
  signal: AbortSignal | undefined,
): Promise<Span[]> {
  const spans: Span[] = []
  const ids = new Set<bigint>()
  const idTexts = new Set<string>()
  let from = Infinity
  let to = 0
  for (const { traceId, ...place } of chosen) {
    ids.add(traceId)
    idTexts.add(String(traceId))
    from = Math.min(from, place.from)
    to = Math.max(to, place.to)
  }
  const wanted = (piece: P): boolean => {
    const id = format.traceIdOf(piece)
    return id === undefined || idTexts.has(id)
  }
  const ignored = new Report()
  for (const [index, source] of sources.entries()) {
    const start = index * FILE
    if (from >= start + FILE || to <= start) continue
    const part = { from: Math.max(0, from - start), to: to - start, closedFrom: closedFrom[index] }
    await readSpans(source, format, { ...part, wanted, signal, report: ignored }, (span) => {
      if (ids.has(span.traceId)) spans.push(span)
    })
  }
  return spans
}
