import { eachOnce, matches, newestFirst, type Span, summarize, type TraceList, type TraceQuery } from '@trace/core'
import { Examiner } from './examine.js'
import { createCommand } from './problem.js'
import type { Query } from './query.js'

/** How much of a table is read for a list. */
export interface ScanLimits {
  readonly limit: number
  /** Pages of 1 MB. */
  readonly scanPages: number
}

/** The traces that match, by reading the table from its start; where it is larger than the limits, those found so far. */
export async function listByScan(query: Query, wanted: TraceQuery, limits: ScanLimits): Promise<TraceList> {
  const { limit, scanPages } = limits
  const traces = new Map<bigint, Span[]>()
  const isWhole = await query.scan(scanPages, (spans) => {
    for (const span of spans) {
      const trace = traces.get(span.traceId)
      if (trace === undefined) traces.set(span.traceId, [span])
      else trace.push(span)
    }
  })
  if (isWhole) {
    const summaries = [...traces.values()].map((spans) => summarize(eachOnce(spans)))
    const found = summaries.filter((summary) => summary !== undefined).filter((summary) => matches(summary, wanted))
    return { traces: found.sort(newestFirst).slice(0, limit), ...query.report }
  }
  const examiner = new Examiner(query, wanted, limit)
  await examiner.examine(newestTraces(traces))
  const advice = `\`${createCommand(query.table)} --index\` adds an index, and scanPages reads more`
  const incomplete = `the table was read only in part, ${scanPages} MB of it, so that newer traces may be missing: ${advice}`
  return { traces: examiner.found.sort(newestFirst).slice(0, limit), ...query.report, incomplete }
}

function newestTraces(traces: ReadonlyMap<bigint, readonly Span[]>): bigint[] {
  const starts = [...traces].map(([traceId, spans]) => {
    let start = spans[0]?.start ?? 0n
    for (const span of spans) if (span.start < start) start = span.start
    return { traceId, start }
  })
  return starts.sort((a, b) => (a.start > b.start ? -1 : 1)).map(({ traceId }) => traceId)
}
