import {
  type Difference,
  differenceLines,
  type PathDifference,
  type PathFigures,
  PathStatistics,
} from '@trace/analysis'
import { onOneLine, type Span } from '@trace/core/spans'
import { sourceIn } from '../sources/locate.js'
import { openSources } from '../sources/open.js'
import { isTraceId, resolveTrace } from '../sources/resolve.js'
import { readTraces } from '../sources/scan.js'
import { noteSkipped } from '../sources/skipped.js'
import { wordsOf } from '../sources/words.js'
import { cutTable } from '../terminal/budget.js'
import { type Context, EXIT, Failure, note, print, printObjects } from '../terminal/context.js'
import { jsonLine } from '../terminal/json.js'
import { styleOf, tableWidth, wrapped } from '../terminal/style.js'
import { counted, isThreshold, type Threshold, thresholdOf } from '../terminal/values.js'

/** Options of `trace diff`. */
export interface DiffFlags {
  readonly from?: readonly string[]
  readonly failOn?: readonly Threshold[]
  readonly all?: boolean
  readonly limit: number
  readonly json?: boolean
  readonly budget?: number
}

/** `trace diff`. */
export async function compare(context: Context, flags: DiffFlags, words: readonly string[]): Promise<void> {
  // What stands behind --fail-on with spaces between.
  const thresholds = [...(flags.failOn ?? []), ...words.filter(isThreshold).map(thresholdOf)]
  const sides = words.filter((word) => !isThreshold(word))
  const [a, b, ...others] = sides
  if (a === undefined || b === undefined || others.length > 0) {
    throw new Failure(
      `expected two stores, two traces, or two searches in quotes, got ${sides.length === 0 ? 'none' : sides.map((side) => `"${side}"`).join(' ')}`,
    )
  }
  const before = await sideOf(context, flags, a)
  const after = await sideOf(context, flags, b)
  const difference = before.compareWith(after)
  const beyond = thresholds.flatMap((threshold) => beyondOf(difference, threshold))
  printDifference(context, flags, difference)
  if (beyond.length > 0) context.process.exitCode = EXIT.nothing
  for (const text of beyond.slice(0, MOST_NAMED)) note(context, text)
  if (beyond.length > MOST_NAMED) note(context, `${beyond.length - MOST_NAMED} more are beyond what --fail-on allows`)
}

/** How many paths beyond a threshold are named. */
const MOST_NAMED = 20

/** The traces of one side: a store's, one trace, or those with a span that meets a search. */
async function sideOf(context: Context, { from = [] }: DiffFlags, side: string): Promise<PathStatistics> {
  const statistics = new PathStatistics()
  const isSource = sourceIn(context.cwd)(side)
  const reader = await openSources(context, isSource ? [side] : from)
  if (!isSource && isTraceId(side)) {
    statistics.addTrace(await resolveTrace(context, reader, side))
    return statistics
  }
  const where = isSource ? {} : { where: (span: Span) => search.matches(span) }
  const { search } = wordsOf(context.cwd, isSource ? [] : [side])
  const onReport = noteSkipped.bind(undefined, context)
  for await (const trace of readTraces(context, reader, { ...where, onReport })) statistics.addTrace(trace)
  if (statistics.traces > 0) return statistics
  throw new Failure(`no trace ${isSource ? 'is' : 'matches'} in ${reader.name}: ${onOneLine(side)}`, EXIT.nothing)
}

function printDifference(context: Context, flags: DiffFlags, difference: Difference): void {
  const { tracesBefore, tracesAfter, leftOut } = difference
  // Of two traces, nothing can be said to be noise.
  const isPair = tracesBefore === 1 && tracesAfter === 1
  const paths = difference.paths.filter((path) => isPair || flags.all === true || isDifferent(path, difference))
  const shown = paths.slice(0, flags.limit)
  if (flags.json === true) printObjects(context, shown.map(pathJson), flags.budget)
  else {
    const table = { ...difference, paths: isPair ? shown.map((path) => ({ ...path, isNoise: false })) : shown }
    const rest = difference.paths.length - paths.length
    const same =
      rest > 0 ? `, ${counted(rest, 'path')} without a difference${paths.length > 0 ? ' not shown' : ''}` : ''
    const head = wrapped(context, `${counted(tracesBefore, 'trace')} before, ${tracesAfter} after${same}`)
    const linesAt = (width: number): string[] => [...head, ...differenceLines(table, { width, ...styleOf(context) })]
    const restOf = (left: number): string =>
      `… ${left === 0 ? 'narrow, to fit' : `${left} more`}: a larger --budget shows all`
    const limits = { width: tableWidth(context), most: flags.budget, heads: head.length + 1 }
    print(context, cutTable(linesAt, limits, restOf))
  }
  if (paths.length > shown.length) note(context, `${paths.length - shown.length} more paths; see --limit`)
  if (leftOut > 0) note(context, `${leftOut} spans are not compared: there are too many different paths`)
}

/** Whether it is worth a line: another count in each trace, other failures, or durations that are not noise. */
function isDifferent(path: PathDifference, difference: Difference): boolean {
  const { state, before, after, isNoise } = path
  if (state !== 'both' || !isNoise) return true
  const [was, is] = countsOf(path, difference)
  return was !== is || before?.failed !== after?.failed
}

/** How many spans a trace has at the path, on average. */
function countsOf({ before, after }: PathDifference, { tracesBefore, tracesAfter }: Difference): [number, number] {
  return [(before?.count ?? 0) / Math.max(1, tracesBefore), (after?.count ?? 0) / Math.max(1, tracesAfter)]
}

/** What is beyond a threshold, as text. */
function beyondOf(difference: Difference, threshold: Threshold): string[] {
  return difference.paths.flatMap((path) => {
    const [was, is] = measured(path, difference, threshold)
    const most = threshold.unit === '%' ? was * (1 + threshold.amount / 100) : was + threshold.amount
    // An absolute number of errors is reached: errors+1 means one more is too many.
    const isBeyond = threshold.unit === 'count' && threshold.measure === 'errors' ? is >= most : is > most
    return isBeyond
      ? [`beyond ${threshold.text}: ${textOf(path)}: ${figure(was)} → ${figure(is)}${unitOf(threshold)}`]
      : []
  })
}

function measured(path: PathDifference, difference: Difference, { measure }: Threshold): readonly [number, number] {
  if (measure === 'count') return countsOf(path, difference)
  if (measure === 'errors') return [path.before?.failed ?? 0, path.after?.failed ?? 0]
  // A new path has nothing to compare with, and noise is no difference.
  if (path.before === undefined || path.after === undefined || path.isNoise) return [0, 0]
  return [path.before[measure], path.after[measure]]
}

function figure(value: number): string {
  return String(Math.round(value * 100) / 100)
}

function unitOf({ measure }: Threshold): string {
  return measure === 'count' ? ' for each trace' : measure === 'errors' ? ' failed' : ' ns'
}

function textOf({ path }: PathDifference): string {
  return path
    .map(({ service, kind, name }) => onOneLine([service, kind, name].filter((word) => word !== '').join(' ')))
    .join(' → ')
}

function pathJson({ path, state, before, after, p50Change, pValue, isNoise }: PathDifference): string {
  return jsonLine({
    path,
    state,
    before: before === undefined ? null : figuresJson(before),
    after: after === undefined ? null : figuresJson(after),
    p50_change: p50Change ?? null,
    p_value: pValue,
    is_noise: isNoise,
  })
}

function figuresJson({ count, failed, p50, p90, p99, max, total }: PathFigures): object {
  const [p50_ns, p90_ns, p99_ns, max_ns, total_ns] = [p50, p90, p99, max, total].map(Math.round)
  return { count, failed, p50_ns, p90_ns, p99_ns, max_ns, total_ns }
}
