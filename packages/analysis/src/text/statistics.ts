import { onOneLine } from '@trace/core/spans'
import type { Difference, PathDifference, PathFigures } from '../statistics/difference.js'
import type { Calls } from '../statistics/links.js'
import type { StatisticsRow } from '../statistics/row.js'
import type { Statistics } from '../statistics/statistics.js'
import { formatDuration } from './duration.js'
import type { Piece, TextRole } from './styled.js'
import { type Column, type TableOptions, tableLines } from './table.js'

const HEIGHTS = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']

function piece(text: string, role: TextRole = 'value'): Piece {
  return { text, role }
}

function durationPiece(duration: number): Piece {
  return piece(formatDuration(duration), 'duration')
}

/** Spans that are open have no duration. */
function timePiece({ count, open }: StatisticsRow, duration: number): Piece {
  return count > open ? durationPiece(duration) : piece('')
}

function countPiece(count: number, role: TextRole): Piece {
  return count === 0 ? piece('') : piece(String(count), role)
}

const STATISTICS_COLUMNS: readonly Column<StatisticsRow>[] = [
  { title: 'count', right: true, cell: ({ count }) => piece(String(count)) },
  { title: 'per s', right: true, from: 100, cell: ({ rate }) => piece(rateText(rate), 'note') },
  { title: 'failed', right: true, cell: ({ failed }) => countPiece(failed, 'failure') },
  { title: 'open', right: true, from: 120, cell: ({ open }) => countPiece(open, 'open') },
  { title: 'p50', right: true, cell: (row) => timePiece(row, row.p50) },
  { title: 'p90', right: true, from: 100, cell: (row) => timePiece(row, row.p90) },
  { title: 'p99', right: true, from: 80, cell: (row) => timePiece(row, row.p99) },
  { title: 'max', right: true, from: 80, cell: (row) => timePiece(row, row.max) },
  {
    title: 'self',
    right: true,
    cell: ({ selfShare }) => piece(`${(selfShare * 100).toFixed(selfShare < 0.1 ? 1 : 0)}%`),
  },
  { title: 'durations', from: 120, cell: ({ shape }) => piece(shapeText(shape), 'running') },
  { title: 'spans', cell: (row) => piece(nameOf(row), 'name') },
]

/**
 * Statistics as a table: how many, a second, failed, open; how long; the share of self time; how the durations are spread over a
 * logarithmic scale; and what the spans are. Narrow tables leave columns out.
 *
 * @returns lines without line breaks; none if there are no spans
 */
export function statisticsLines({ rows, others }: Statistics, options: TableOptions = {}): string[] {
  return tableLines(others === undefined ? rows : [...rows, others], STATISTICS_COLUMNS, options)
}

function nameOf({ service, kind, name }: StatisticsRow): string {
  const words = [service, kind, name].filter((word) => word !== undefined)
  return words.length === 0
    ? 'all others'
    : words
        .map((word) => onOneLine(word))
        .filter((word) => word !== '')
        .join('  ')
}

function rateText(rate: number): string {
  return rate >= 9.95 ? rate.toFixed(0) : rate >= 0.995 ? rate.toFixed(1) : rate.toFixed(3)
}

function shapeText(shape: readonly number[]): string {
  const most = Math.max(1, ...shape)
  return shape.map((count) => HEIGHTS[count === 0 ? 0 : Math.max(1, Math.round((count / most) * 8))] ?? '').join('')
}

const CALLS_COLUMNS: readonly Column<Calls>[] = [
  { title: 'calls', right: true, cell: ({ count }) => piece(String(count)) },
  { title: 'failed', right: true, cell: ({ failed }) => countPiece(failed, 'failure') },
  { title: 'mean', right: true, cell: ({ total, count }) => durationPiece(total / count) },
  { title: 'from → to', cell: ({ from, to }) => piece(`${onOneLine(from)} → ${onOneLine(to)}`, 'service') },
]

/** Who calls whom as a table. */
export function callsLines(calls: readonly Calls[], options: TableOptions = {}): string[] {
  return tableLines(calls, CALLS_COLUMNS, options)
}

/** Who calls whom as a Mermaid flowchart (https://mermaid.js.org/syntax/flowchart.html). */
export function callsMermaid(calls: readonly Calls[]): string {
  const ids = idsOf(calls)
  const label = (text: string): string => `"${onOneLine(text).replace(/["#&<>;`\\]/g, (c) => `#${c.charCodeAt(0)};`)}"`
  const nodes = [...ids].map(([service, id]) => `  ${id}[${label(service)}]`)
  const edges = calls.map(
    ({ from, to, ...figures }) => `  ${ids.get(from)} -->|${label(edgeText(figures))}| ${ids.get(to)}`,
  )
  return `${['flowchart LR', ...nodes, ...edges].join('\n')}\n`
}

/** Who calls whom as a graph for Graphviz (https://graphviz.org/doc/info/lang.html). */
export function callsDot(calls: readonly Calls[]): string {
  const ids = idsOf(calls)
  const label = (text: string): string => `"${onOneLine(text).replace(/["\\]/g, '\\$&')}"`
  const nodes = [...ids].map(([service, id]) => `  ${id} [label=${label(service)}]`)
  const edges = calls.map(
    ({ from, to, ...figures }) => `  ${ids.get(from)} -> ${ids.get(to)} [label=${label(edgeText(figures))}]`,
  )
  return `${['digraph calls {', '  rankdir=LR', ...nodes, ...edges, '}'].join('\n')}\n`
}

function idsOf(calls: readonly Calls[]): ReadonlyMap<string, string> {
  const services = new Set(calls.flatMap(({ from, to }) => [from, to]))
  return new Map([...services].map((service, at) => [service, `s${at}`]))
}

function edgeText({ count, failed, total }: Omit<Calls, 'from' | 'to'>): string {
  return `${count}, ${formatDuration(total / count)}${failed > 0 ? `, ${failed} failed` : ''}`
}

const DIFFERENCE_COLUMNS: readonly Column<PathDifference>[] = [
  { title: '', cell: ({ state }) => piece(state === 'both' ? '' : state, state === 'new' ? 'critical' : 'note') },
  { title: 'count', right: true, cell: (row) => changePiece(row, ({ count }) => String(count)) },
  {
    title: 'failed',
    right: true,
    spare: 1,
    cell: (row) => changePiece(row, ({ failed }) => String(failed), 'failure'),
  },
  {
    title: 'p50',
    right: true,
    spare: 2,
    cell: (row) => changePiece(row, ({ p50 }) => formatDuration(p50), 'duration'),
  },
  { title: 'change', right: true, cell: (row) => changeShare(row) },
  {
    title: 'p99',
    right: true,
    from: 120,
    cell: (row) => changePiece(row, ({ p99 }) => formatDuration(p99), 'duration'),
  },
  { title: 'path', cell: ({ path }) => piece(pathText(path), 'name') },
]

/**
 * The difference of two sets of traces as a table. Where the difference of durations is no more than noise, its change says so.
 *
 * @returns lines without line breaks; none if there is nothing to compare
 */
export function differenceLines({ paths }: Difference, options: TableOptions = {}): string[] {
  return tableLines(paths, DIFFERENCE_COLUMNS, options)
}

function changePiece(
  { before, after }: PathDifference,
  text: (figures: PathFigures) => string,
  role: TextRole = 'value',
): Piece {
  const [was, is] = [before === undefined ? '' : text(before), after === undefined ? '' : text(after)]
  if (role === 'failure' && (was === '0' || was === '') && (is === '0' || is === '')) return piece('')
  return piece(was === is || was === '' || is === '' ? was || is : `${was} → ${is}`, role)
}

function changeShare({ p50Change, isNoise }: PathDifference): Piece {
  if (p50Change === undefined) return piece('')
  if (isNoise) return piece('noise', 'note')
  const percent = Math.round(p50Change * 100)
  return piece(`${percent > 0 ? '+' : ''}${percent}%`, percent > 0 ? 'failure' : 'value')
}

/** The end of a path tells most: what is above it is shortened to names. */
function pathText(path: PathDifference['path']): string {
  const last = path.at(-1)
  const above = path.slice(0, -1).map(({ name, kind }) => onOneLine(name === '' ? kind : name))
  const words = [last?.service ?? '', last?.kind ?? '', last?.name ?? ''].map((word) => onOneLine(word))
  const end = words.filter((word) => word !== '').join('  ')
  return above.length === 0 ? end : `${end}  ← ${above.reverse().join(' ← ')}`
}
