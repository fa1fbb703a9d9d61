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
import { noteSkipped } from '../sources/skipped.js'
import { wordsOf } from '../sources/words.js'
import { bytesOfLines, cutTable } from '../terminal/budget.js'
import { type Context, EXIT, note, print, printObjects } from '../terminal/context.js'
import { jsonLine } from '../terminal/json.js'
import { styleOf, tableWidth } from '../terminal/style.js'
import { counted } from '../terminal/values.js'

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
  const { sources, search } = wordsOf(context.cwd, words, flags.from)
  const { by, since, until, graph = flags.to !== undefined } = flags
  const reader = await openSources(context, sources)
  const statistics = new SpanStatistics({ by })
  const range = { ...(since === undefined ? {} : { from: since }), ...(until === undefined ? {} : { to: until }) }
  let matching = 0
  const report = await scan(context, reader, range, (span) => {
    if (!search.matches(span)) return
    matching++
    statistics.add(span)
  })
  noteSkipped(context, report)
  const { rows, others, calls } = statistics.result()
  if (rows.length === 0) {
    context.process.exitCode = EXIT.nothing
    const what = search.text === '' ? 'is' : 'matches'
    return note(context, matching > 0 ? `no span of ${reader.name} has ${by}` : `no span ${what} in ${reader.name}`)
  }
  if (graph) {
    print(context, graphLines(context, flags, calls))
    if (flags.json === true) printObjects(context, calls.map(callsJson), flags.budget)
    if (calls.length > 0) return
    context.process.exitCode = EXIT.nothing
    return note(context, 'no service calls another')
  }
  const shown = rows.slice(0, flags.limit)
  const left = rows.length - shown.length
  if (flags.json === true) printObjects(context, shown.map(rowJson), flags.budget)
  else {
    const table = { ...statistics.result(), rows: shown, others: left > 0 ? undefined : others }
    const linesAt = (width: number): string[] => statisticsLines(table, { width, ...styleOf(context) })
    print(context, cutTable(linesAt, { width: tableWidth(context), most: flags.budget }, restOf))
  }
  if (left > 0) note(context, `${counted(left, 'more row')}, with less self time; see --limit`)
}

function restOf(left: number): string {
  return `… ${left === 0 ? 'narrow, to fit' : `${left} more`}: a larger --budget shows all`
}

/** Who calls whom as text; none where it is printed as JSON. */
function graphLines(context: Context, { to, json, budget }: StatsFlags, calls: readonly Calls[]): string[] {
  if (json === true) return []
  if (to !== undefined) return [drawing(to, calls, budget)]
  const linesAt = (width: number): string[] => callsLines(calls, { width, ...styleOf(context) })
  return cutTable(linesAt, { width: tableWidth(context), most: budget }, restOf)
}

/** The graph for another program; where it has too many bytes, without the rarest calls, which a comment counts. */
function drawing(to: 'mermaid' | 'dot', calls: readonly Calls[], budget: number | undefined): string {
  const [draw, comment] = to === 'dot' ? [callsDot, '//'] : [callsMermaid, '%%']
  const whole = draw(calls).trimEnd()
  if (budget === undefined || bytesOfLines([whole]) <= budget) return whole
  const often = calls.toSorted((a, b) => b.count - a.count)
  for (let kept = calls.length - 1; ; kept = Math.floor(kept * 0.9)) {
    const text = `${draw(often.slice(0, kept))}${comment} ${calls.length - kept} more: a larger --budget shows all`
    if (kept === 0 || bytesOfLines([text]) <= budget) return text
  }
}

function callsJson({ from, to, count, failed, total }: Calls): string {
  return jsonLine({ from, to, count, failed, total_ns: Math.round(total) })
}

function rowJson(row: StatisticsRow): string {
  const { service, kind, name, count, failed, open, rate, p50, p90, p99, max, total, selfTime, selfShare, shape } = row
  // Spans that are open have no duration.
  const times = [p50, p90, p99, max].map((time) => (count > open ? Math.round(time) : null))
  const [p50_ns, p90_ns, p99_ns, max_ns] = times
  const [total_ns, self_ns] = [total, selfTime].map(Math.round)
  const figures = { count, failed, open, per_second: rate, p50_ns, p90_ns, p99_ns, max_ns, total_ns, self_ns }
  return jsonLine({ service, kind, name, ...figures, self_share: selfShare, shape })
}
