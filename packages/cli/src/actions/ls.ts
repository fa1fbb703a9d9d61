import { listLines } from '@trace/analysis'
import type { TraceQuery, TraceSummary } from '@trace/core'
import { openSources } from '../sources/open.js'
import { noteSkipped } from '../sources/skipped.js'
import { wordsOf } from '../sources/words.js'
import { cutTable } from '../terminal/budget.js'
import { type Context, EXIT, note, print, printObjects } from '../terminal/context.js'
import { clockText, jsonLine, timeText } from '../terminal/json.js'
import { styleOf, tableWidth } from '../terminal/style.js'

/** Below this width, a list has no dates. */
const ROOM_FOR_DATES = 80
/** Of how many traces those that took longest are sought. */
const MOST_SORTED = 10_000

/** Options of `trace ls`. */
export interface LsFlags {
  readonly from?: readonly string[]
  readonly since?: bigint
  readonly until?: bigint
  readonly limit: number
  readonly sort: 'time' | 'duration' | 'spans'
  readonly errors?: boolean
  readonly min?: bigint
  readonly whole?: boolean
  readonly json?: boolean
  readonly budget?: number
}

/** `trace ls`. */
export async function listTraces(context: Context, flags: LsFlags, words: readonly string[]): Promise<void> {
  const { sources, search } = wordsOf(context.cwd, words, flags.from)
  const reader = await openSources(context, sources, flags)
  const list = await reader.traces({ ...queryOf(flags), ...search.query }, { signal: context.signal })
  noteSkipped(context, list)
  const traces = sorted(list.traces, flags)
  if (traces.length === 0) {
    context.process.exitCode = EXIT.nothing
    note(context, `no trace ${isAsking(flags, search.text) ? 'matches' : 'is'} in ${reader.name}`)
    return
  }
  if (flags.json === true) return printObjects(context, traces.map(jsonOf), flags.budget)
  const style = styleOf(context)
  const linesAt = (width: number): string[] =>
    listLines(traces, { width, ...(width < ROOM_FOR_DATES ? { time: secondText } : {}), ...style })
  const restOf = (left: number): string => {
    const last = flags.sort === 'time' ? traces.at(-left - 1) : undefined
    if (left === 0) return '… narrow, to fit: a larger --budget shows all'
    return last === undefined
      ? `… ${left} more: a larger --budget shows them`
      : `… ${left} more, with --until ${timeText(last.start)}`
  }
  print(context, cutTable(linesAt, { width: tableWidth(context), most: flags.budget }, restOf))
}

function secondText(time: bigint): string {
  return clockText(time).slice(0, 8)
}

function queryOf({ since, until, limit, sort, errors, min }: LsFlags): TraceQuery {
  return {
    limit: sort === 'time' ? limit : MOST_SORTED,
    ...(since === undefined ? {} : { from: since }),
    ...(until === undefined ? {} : { to: until }),
    ...(min === undefined ? {} : { minDuration: min }),
    ...(errors === true ? { error: true } : {}),
  }
}

function isAsking({ since, until, errors, min }: LsFlags, search: string): boolean {
  return search !== '' || errors === true || since !== undefined || until !== undefined || min !== undefined
}

function sorted(traces: readonly TraceSummary[], { sort, limit }: LsFlags): readonly TraceSummary[] {
  if (sort === 'time') return traces
  const measure = (trace: TraceSummary): number => (sort === 'spans' ? trace.spans : Number(trace.duration ?? -1n))
  return traces.toSorted((a, b) => measure(b) - measure(a)).slice(0, limit)
}

function jsonOf({ traceId, start, duration, services, ...trace }: TraceSummary): string {
  const { process, kind, name, spans, failed, open, lost = 0 } = trace
  return jsonLine({
    trace_id: traceId,
    start: timeText(start),
    duration_ns: duration === undefined ? null : Number(duration),
    services,
    process,
    kind,
    name,
    spans,
    failed,
    open,
    lost,
  })
}
