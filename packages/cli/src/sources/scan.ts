import type { ReadReport, TraceReader } from '@trace/core'
import { LEDGER_KIND, type Span } from '@trace/core/spans'
import type { Context } from '../terminal/context.js'
import { Progress } from '../terminal/progress.js'

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
 * Calls `each` for every span of a store, in the order in which the store reads them, without holding them. It asks for traces with a
 * span that no span is: to find none, a reader has to look at all. A span that is stored as open comes after the finished ones, and only
 * if none of them is the same.
 */
export async function scan(
  context: Context,
  reader: TraceReader,
  options: ScanOptions,
  each: (span: Span) => void,
): Promise<ReadReport> {
  const open = new Map<string, Span>()
  const pass = (visit: (span: Span) => void): Promise<ReadReport> => visitAll(context, reader, options, visit)
  const report = await pass((span) => {
    if (span.finish === undefined) {
      if (open.size < MOST_OPEN) open.set(keyOf(span), span)
      return
    }
    if (open.size > 0) open.delete(keyOf(span))
    each(span)
  })
  // A reader that goes backwards sees the finished record of a span first.
  if (open.size > 0) {
    await pass((span) => {
      if (span.finish !== undefined) open.delete(keyOf(span))
    })
  }
  for (const span of open.values()) each(span)
  return report
}

async function visitAll(
  context: Context,
  reader: TraceReader,
  { from, to, ledgers = false }: ScanOptions,
  visit: (span: Span) => void,
): Promise<ReadReport> {
  const progress = new Progress(context, 'spans read')
  const where = (span: Span): boolean => {
    progress.step()
    const isWithin = (from === undefined || span.start >= from) && (to === undefined || span.start < to)
    if (isWithin && (span.kind === LEDGER_KIND) === ledgers) visit(span)
    return false
  }
  const since = from === undefined ? {} : { from }
  try {
    const query = { ...since, limit: 1, where, ...(ledgers ? { kind: LEDGER_KIND } : {}) }
    return await reader.traces(query, { signal: context.signal })
  } finally {
    progress.end()
  }
}

function keyOf({ traceId, spanId }: Span): string {
  return `${traceId}:${spanId}`
}

/** Which traces are read. */
export interface TracesOptions extends ScanOptions {
  /** Only traces with a span for which this is true. Default: all. */
  readonly where?: (span: Span) => boolean
  /** Is told what was skipped. */
  readonly onReport?: (report: ReadReport) => void
}

/** How many spans are held at a time. */
const MOST_HELD = 100_000

/**
 * The spans of one trace after the other, in the order in which the traces are first met. Where there are more spans than can be held,
 * the store is read again for the traces that come later.
 */
export async function* readTraces(
  context: Context,
  reader: TraceReader,
  { where, onReport, ...options }: TracesOptions,
): AsyncGenerator<readonly Span[]> {
  const counts = new Map<bigint, number>()
  const wanted = new Set<bigint>()
  let held: Span[] | undefined = []
  const report = await visitAll(context, reader, options, (span) => {
    counts.set(span.traceId, (counts.get(span.traceId) ?? 0) + 1)
    if (where?.(span) !== false) wanted.add(span.traceId)
    held?.push(span)
    if ((held?.length ?? 0) > MOST_HELD) held = undefined
  })
  onReport?.(report)
  if (held !== undefined) {
    yield* tracesOf(held, wanted)
    return
  }
  let [ids, count] = [new Set<bigint>(), 0]
  for (const [id, spans] of counts) {
    if (!wanted.has(id)) continue
    if (count + spans > MOST_HELD && count > 0) {
      yield* readThese(context, reader, options, ids)
      ;[ids, count] = [new Set(), 0]
    }
    ids.add(id)
    count += spans
  }
  yield* readThese(context, reader, options, ids)
}

async function* readThese(
  context: Context,
  reader: TraceReader,
  options: ScanOptions,
  ids: ReadonlySet<bigint>,
): AsyncGenerator<readonly Span[]> {
  const spans: Span[] = []
  await visitAll(context, reader, options, (span) => {
    if (ids.has(span.traceId)) spans.push(span)
  })
  yield* tracesOf(spans, ids)
}

function* tracesOf(spans: readonly Span[], ids: ReadonlySet<bigint>): Generator<readonly Span[]> {
  const traces = new Map<bigint, Span[]>()
  for (const span of spans) {
    if (!ids.has(span.traceId)) continue
    const trace = traces.get(span.traceId)
    if (trace === undefined) traces.set(span.traceId, [span])
    else trace.push(span)
  }
  for (const trace of traces.values()) yield finishedFirst(trace)
}

/** Each span once: of several records the one that is finished, whichever comes first. */
function finishedFirst(spans: readonly Span[]): readonly Span[] {
  const byId = new Map<bigint, Span>()
  for (const span of spans) {
    if (span.finish !== undefined || !byId.has(span.spanId)) byId.set(span.spanId, span)
  }
  return [...byId.values()]
}
