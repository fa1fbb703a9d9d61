import type { ReadReport, SpanBatch, TraceReader } from '@trace/core'
import { LEDGER_KIND, type Span } from '@trace/core/spans'
import type { Context } from '../terminal/context.js'
import { Progress } from '../terminal/progress.js'
import { batchesOf } from './batches.js'
import { isOfSeveral } from './open.js'
import { SeenSpans } from './seen-spans.js'

/** Which spans are read. Times are in nanoseconds since the Unix epoch. */
export interface ScanOptions {
  /** Only spans that start at or after this time. */
  readonly from?: bigint
  /** Only spans that start before it. */
  readonly to?: bigint
  /** Whether ledgers are read, and nothing else. Default: false. */
  readonly ledgers?: boolean
}

/** How many records of open spans are kept, until it is known whether these have finished. */
const MOST_OPEN = 100_000
/**
 * How many spans are known to have come. A store has a span twice where it was stored again soon, as by a process that exits. Several
 * stores may have all of theirs in common, in any order: 1,000,000 spans take 16 MB.
 */
const SEEN_OF_ONE = 12_000
const SEEN_OF_SEVERAL = 3_000_000

/**
 * The spans of a store in batches, each once, about in the order in which they were stored. A span that is stored as open comes after the
 * finished ones, and only if none of them is the same.
 */
export async function* readSpans(
  context: Context,
  reader: TraceReader,
  { onReport, ...options }: ScanOptions & Pick<TracesOptions, 'onReport'>,
): AsyncGenerator<readonly Span[]> {
  const open = new Map<string, Span>()
  const seen = new SeenSpans(isOfSeveral(reader) ? SEEN_OF_SEVERAL : SEEN_OF_ONE)
  const isNewAndFinished = (span: Span): boolean => {
    if (span.finish !== undefined) {
      if (open.size > 0) open.delete(keyOf(span))
      return seen.add(span)
    }
    if (open.size < MOST_OPEN && !seen.has(span)) open.set(keyOf(span), span)
    return false
  }
  let report: ReadReport = { skipped: 0, places: [] }
  for await (const batch of visiting(context, reader, options)) {
    report = sumOf(report, batch)
    yield batch.spans.filter(isNewAndFinished)
  }
  if (open.size > 0) yield [...open.values()]
  onReport?.(report)
}

/** Calls `each` for every span of a store, as {@link readSpans} gives them, without holding them. */
export async function scan(
  context: Context,
  reader: TraceReader,
  options: ScanOptions,
  each: (span: Span) => void,
): Promise<ReadReport> {
  let report: ReadReport = { skipped: 0, places: [] }
  const onReport = (whole: ReadReport): void => {
    report = whole
  }
  for await (const spans of readSpans(context, reader, { ...options, onReport })) for (const span of spans) each(span)
  return report
}

/** Calls `visit` for every record of a store. */
async function visitAll(
  context: Context,
  reader: TraceReader,
  options: ScanOptions,
  visit: (span: Span) => void,
): Promise<ReadReport> {
  let report: ReadReport = { skipped: 0, places: [] }
  for await (const batch of visiting(context, reader, options)) {
    report = sumOf(report, batch)
    for (const span of batch.spans) visit(span)
  }
  return report
}

async function* visiting(
  context: Context,
  reader: TraceReader,
  { from, to, ledgers = false }: ScanOptions,
): AsyncGenerator<SpanBatch> {
  const range = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
  const query = ledgers ? { ...range, kind: LEDGER_KIND } : range
  const progress = new Progress(context, 'spans read')
  try {
    for await (const batch of batchesOf(reader, query, { signal: context.signal })) {
      progress.step(batch.spans.length)
      yield batch
    }
  } finally {
    progress.end()
  }
}

/** How many places of skipped records are listed; see `ReadReport`. */
const MOST_PLACES = 10

function sumOf(a: ReadReport, b: ReadReport): ReadReport {
  if (b.skipped === 0 && b.incomplete === undefined) return a
  const incomplete = [a.incomplete, b.incomplete].filter((why) => why !== undefined).join('; ')
  return {
    skipped: a.skipped + b.skipped,
    places: [...a.places, ...b.places].slice(0, MOST_PLACES),
    ...(incomplete === '' ? {} : { incomplete }),
  }
}

function keyOf({ traceId, spanId }: Span): string {
  return `${traceId}:${spanId}`
}

/** Which traces are read. */
export interface TracesOptions extends ScanOptions {
  /** Only traces with a span for which this is true. Default: all. */
  readonly where?: (span: Span) => boolean
  /** Is told of every record, before the first trace is given. */
  readonly onRecord?: (span: Span) => void
  /** Is told what was skipped. */
  readonly onReport?: (report: ReadReport) => void
}

/** How many spans are held at a time: about 15 MB. */
const MOST_HELD = 25_000

/**
 * The spans of one trace after the other, once all of them have come. Where there are more spans than can be held, the store is read
 * twice: once to count the spans of each trace, and once to give each trace when as many have come. It is read once more wherever more
 * traces have begun and not ended than can be held.
 */
export async function* readTraces(
  context: Context,
  reader: TraceReader,
  { where, onRecord, onReport, ...options }: TracesOptions,
): AsyncGenerator<readonly Span[]> {
  let left = new Map<bigint, number>()
  const wanted = new Set<bigint>()
  let held: Span[] | undefined = []
  const report = await visitAll(context, reader, options, (span) => {
    left.set(span.traceId, (left.get(span.traceId) ?? 0) + 1)
    onRecord?.(span)
    if (where?.(span) === true) wanted.add(span.traceId)
    held?.push(span)
    if ((held?.length ?? 0) > MOST_HELD) held = undefined
  })
  onReport?.(report)
  if (where !== undefined) for (const id of left.keys()) if (!wanted.has(id)) left.delete(id)
  wanted.clear()
  if (held !== undefined) {
    const traces = new HeldTraces(left)
    for (const span of held) traces.add(span)
    yield* traces.rest()
    return
  }
  while (left.size > 0) {
    const traces = new HeldTraces(left)
    for await (const { spans } of visiting(context, reader, options)) {
      for (const span of spans) traces.add(span)
      yield* traces.whole()
    }
    yield* traces.rest()
    left = traces.refused
  }
}

/** Traces that are not whole yet. */
class HeldTraces {
  /** How many spans those have that were not held, since there were too many. */
  readonly refused = new Map<bigint, number>()
  /** How many spans each trace has that is to be given. */
  readonly #counts: Map<bigint, number>
  readonly #begun = new Map<bigint, Span[]>()
  #whole: Span[][] = []
  /** How many spans those that have begun will have. */
  #held = 0

  constructor(counts: Map<bigint, number>) {
    this.#counts = counts
  }

  add(span: Span): void {
    const { traceId } = span
    const count = this.#counts.get(traceId)
    if (count === undefined) return
    const trace = this.#begun.get(traceId) ?? []
    if (trace.length === 0) {
      if (this.#held > 0 && this.#held + count > MOST_HELD) {
        this.#counts.delete(traceId)
        this.refused.set(traceId, count)
        return
      }
      this.#held += count
      this.#begun.set(traceId, trace)
    }
    trace.push(span)
    if (trace.length < count) return
    this.#held -= count
    this.#begun.delete(traceId)
    this.#counts.delete(traceId)
    this.#whole.push(trace)
  }

  /** Those that are whole by now. */
  *whole(): Generator<readonly Span[]> {
    const whole = this.#whole
    this.#whole = []
    for (const trace of whole) yield finishedFirst(trace)
  }

  /** All that are left. What was taken from the store meanwhile makes some look as if they were not whole. */
  *rest(): Generator<readonly Span[]> {
    yield* this.whole()
    for (const trace of this.#begun.values()) yield finishedFirst(trace)
  }
}

/** Each span once: of several records the one that is finished, whichever comes first. */
function finishedFirst(spans: readonly Span[]): readonly Span[] {
  const byId = new Map<bigint, Span>()
  for (const span of spans) {
    if (span.finish !== undefined || !byId.has(span.spanId)) byId.set(span.spanId, span)
  }
  return [...byId.values()]
}
