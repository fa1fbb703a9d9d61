import type { Span, TraceList, TraceQuery } from '@trace/core'
import { listTraces, newestFirst } from '@trace/core/store'
import { createCommand } from '../table/problem.js'
import { Examiner } from './examine.js'
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
  const spans: Span[] = []
  const isWhole = await query.scan(wanted, scanPages, (page) => {
    for (const span of page) spans.push(span)
  })
  if (isWhole) return { traces: listTraces(spans, wanted), ...query.report }
  const examiner = new Examiner(query, wanted, limit)
  await examiner.examine(newestTraces(spans))
  const advice = `\`${createCommand(query.table)} --index\` adds an index, and scanPages reads more`
  const incomplete = `the table was read only in part, ${scanPages} MB of it, so that newer traces may be missing: ${advice}`
  return { traces: examiner.found.sort(newestFirst).slice(0, limit), ...query.report, incomplete }
}

function newestTraces(spans: readonly Span[]): bigint[] {
  const starts = new Map<bigint, bigint>()
  for (const { traceId, start } of spans) {
    const earliest = starts.get(traceId)
    if (earliest === undefined || start < earliest) starts.set(traceId, start)
  }
  return [...starts]
    .map(([traceId, start]) => ({ traceId, start }))
    .sort(newestFirst)
    .map(({ traceId }) => traceId)
}
