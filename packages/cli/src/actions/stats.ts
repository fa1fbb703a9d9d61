import {
  type Calls,
  callsDot,
  callsLines,
  callsMermaid,
  SpanStatistics,
  type StatisticsBy,
  type StatisticsRow,
  statisticsLines,
} from '@trace/analysis'
import { openSources } from '../sources/open.js'
import { scan } from '../sources/scan.js'
import { wordsOf } from '../sources/words.js'
import { cutLines } from '../terminal/budget.js'
import { type Context, EXIT, note, print } from '../terminal/context.js'
import { jsonLine } from '../terminal/json.js'
import { styleOf, tableWidth } from '../terminal/style.js'
import { counted } from '../terminal/values.js'
import { noteSkipped } from './skipped.js'

/** Options of `trace stats`. */
export interface StatsFlags {
  readonly from?: readonly string[]
  readonly since?: bigint
  readonly until?: bigint
  readonly by: StatisticsBy
  readonly graph?: boolean
  readonly to?: 'mermaid' | 'dot'
  readonly limit: number
  readonly json?: boolean
  readonly budget?: number
}

/** `trace stats`. */
export async function countSpans(context: Context, flags: StatsFlags, words: readonly string[]): Promise<void> {
  const { sources, search } = wordsOf(words, flags.from)
  const { by, since, until, graph = flags.to !== undefined } = flags
  const reader = await openSources(context, sources)
  const statistics = new SpanStatistics({ by })
  const range = { ...(since === undefined ? {} : { from: since }), ...(until === undefined ? {} : { to: until }) }
  const report = await scan(context, reader, range, (span) => {
    if (search.matches(span)) statistics.add(span)
  })
  noteSkipped(context, report)
  const { rows, others, calls } = statistics.result()
  if (rows.length === 0) {
    context.process.exitCode = EXIT.nothing
    return note(context, `no span ${search.text === '' ? 'is' : 'matches'} in ${reader.name}`)
  }
  if (graph) {
    print(context, graphLines(context, flags, calls))
    if (calls.length > 0) return
    context.process.exitCode = EXIT.nothing
    return note(context, 'no service calls another')
  }
  const shown = rows.slice(0, flags.limit)
  const left = rows.length - shown.length
  if (flags.json === true) print(context, cutLines(shown.map(rowJson), flags.budget, HINT))
  else {
    const table = { ...statistics.result(), rows: shown, others: left > 0 ? undefined : others }
    const lines = statisticsLines(table, { width: tableWidth(context), ...styleOf(context) })
    print(context, cutLines(lines, flags.budget, HINT))
  }
  if (left > 0) note(context, `${counted(left, 'more row')}, with less self time; see --limit`)
}

const HINT = '--limit, or a larger --budget'

function graphLines(context: Context, { to, json, budget }: StatsFlags, calls: readonly Calls[]): string[] {
  if (json === true) return cutLines(calls.map(callsJson), budget, HINT)
  if (to !== undefined) return [(to === 'dot' ? callsDot : callsMermaid)(calls).trimEnd()]
  return cutLines(callsLines(calls, { width: tableWidth(context), ...styleOf(context) }), budget, HINT)
}

function callsJson({ from, to, count, failed, total }: Calls): string {
  return jsonLine({ from, to, count, failed, total_ns: Math.round(total) })
}

function rowJson(row: StatisticsRow): string {
  const { service, kind, name, count, failed, open, rate, p50, p90, p99, max, total, selfTime, selfShare, shape } = row
  const [p50_ns, p90_ns, p99_ns, max_ns, total_ns, self_ns] = [p50, p90, p99, max, total, selfTime].map(Math.round)
  const figures = { count, failed, open, per_second: rate, p50_ns, p90_ns, p99_ns, max_ns, total_ns, self_ns }
  return jsonLine({ service, kind, name, ...figures, self_share: selfShare, shape })
}
