import type { TraceReader } from '@trace/core'
import { LEDGER_KIND, type Span } from '@trace/core/spans'
import type { Context } from '../terminal/context.js'
import { Progress } from '../terminal/progress.js'

/** What {@link scan} reads. */
export interface ScanOptions {
  /** Only spans for which this is true. Default: all. */
  readonly where?: (span: Span) => boolean
  /** Only traces that start at or after this time, in nanoseconds since the Unix epoch, as far as the store tells. */
  readonly from?: bigint
  /** Only traces that start before it. */
  readonly to?: bigint
  /** Whether ledgers are read, and nothing else. Default: false. */
  readonly ledgers?: boolean
}

/** What a scan skipped, and whether it covered the whole store: as a reader says. */
export type ScanReport = Pick<Awaited<ReturnType<TraceReader['traces']>>, 'skipped' | 'places' | 'incomplete'>

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
  { where, ledgers = false, ...range }: ScanOptions,
  each: (span: Span) => void,
): Promise<ScanReport> {
  const open = new Map<string, Span>()
  const progress = new Progress(context, 'spans read')
  const query = { ...range, limit: 1, ...(ledgers ? { kind: LEDGER_KIND } : {}) }
  const pass = (visit: (span: Span) => void): Promise<ScanReport> =>
    reader.traces(
      {
        ...query,
        where: (span) => {
          progress.step()
          if ((span.kind === LEDGER_KIND) === ledgers && isWithin(span, range)) visit(span)
          return false
        },
      },
      { signal: context.signal },
    )
  try {
    const report = await pass((span) => {
      if (span.finish === undefined) {
        if (open.size < MOST_OPEN) open.set(keyOf(span), span)
        return
      }
      if (open.size > 0) open.delete(keyOf(span))
      if (where?.(span) !== false) each(span)
    })
    // A reader that goes backwards sees the finished record of a span first.
    if (open.size > 0) {
      await pass((span) => {
        if (span.finish !== undefined) open.delete(keyOf(span))
      })
    }
    for (const span of open.values()) if (where?.(span) !== false) each(span)
    return report
  } finally {
    progress.end()
  }
}

function isWithin({ start }: Span, { from, to }: Pick<ScanOptions, 'from' | 'to'>): boolean {
  return (from === undefined || start >= from) && (to === undefined || start < to)
}

function keyOf({ traceId, spanId }: Span): string {
  return `${traceId}:${spanId}`
}

/** How many spans wait for others of their traces. */
const MOST_WAITING = 200_000

/**
 * Calls `each` with the spans of one trace after the other. Traces wait for their last spans; where too many wait, those that have
 * waited longest for another span are taken as whole.
 */
export async function scanTraces(
  context: Context,
  reader: TraceReader,
  options: ScanOptions,
  each: (spans: readonly Span[]) => void,
): Promise<ScanReport> {
  const waiting = new Map<bigint, Span[]>()
  let count = 0
  const report = await scan(context, reader, options, (span) => {
    const spans = waiting.get(span.traceId)
    count++
    if (spans === undefined) waiting.set(span.traceId, [span])
    else {
      spans.push(span)
      // The order of the map is that of the latest spans.
      waiting.delete(span.traceId)
      waiting.set(span.traceId, spans)
    }
    if (count < MOST_WAITING) return
    for (const [id, oldest] of waiting) {
      waiting.delete(id)
      count -= oldest.length
      each(oldest)
      if (count < MOST_WAITING / 2) break
    }
  })
  for (const spans of waiting.values()) each(spans)
  return report
}
