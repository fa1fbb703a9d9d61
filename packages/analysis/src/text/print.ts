import { checkOptions, isFailed, onOneLine, optionRules, type Span } from '@trace/core/spans'
import type { SpanNode, TraceTree } from '../tree/node.js'
import { type Row, rowsOf } from '../tree/rows.js'
import { buildTree } from '../tree/tree.js'
import { barOf } from './bar.js'
import { commonSpan, dataLine, dataLines } from './data.js'
import { formatDuration } from './duration.js'
import { failureLines } from './failures.js'
import { countsOf, labelOf, notesOf, stemBelow, timesOf, wordsOf } from './row.js'
import { columnsOfAll, fit, type Piece, type Style } from './styled.js'
import { wrapPieces } from './wrap.js'

/** Options of {@link printTrace} and {@link traceLines}. */
export interface PrintOptions {
  /** Columns of a line, at least 60. Default 100. */
  readonly width?: number
  /**
   * Whether no line is wider than `width`, as on a terminal: what is longer goes on in the next line. Default: false. Then all that
   * stands behind a bar stays in its line, as programs that read the text want it.
   */
  readonly wrap?: boolean
  /** Whether the stacks of errors, their causes and their parts follow the tree. Default: true. */
  readonly stacks?: boolean
  /** From how many like siblings on they are one line; see `RowOptions`. `Infinity` folds none. Default: 5. */
  readonly foldFrom?: number
  /**
   * What is shown of each span's data: nothing, a line of what tells it apart from others like it, or all of it, a line for each
   * key. Default: `none`.
   */
  readonly data?: 'none' | 'line' | 'all'
  /** Only the spans for which this is true, and those above them. Default: all. */
  readonly only?: (node: SpanNode) => boolean
  /** Draws only this span and what is below it. */
  readonly root?: SpanNode
  /** Text behind the line of a span, such as its place in a file. */
  readonly note?: (span: Span) => string | undefined
  /** Colours the text. Default: none. */
  readonly style?: Style
}

const WIDTH = {
  expected: 'a number of columns',
  test: (value: unknown): boolean => typeof value === 'number' && value > 0 && value < Infinity,
}
const FOLD_FROM = {
  expected: 'a number of at least 2',
  test: (value: unknown): boolean => typeof value === 'number' && value >= 2,
}
const DATA = {
  expected: "'none', 'line' or 'all'",
  test: (value: unknown): boolean => value === 'none' || value === 'line' || value === 'all',
}
const NODE = { expected: 'a node of the tree', test: (value: unknown): boolean => typeof value === 'object' }
const RULES = {
  width: WIDTH,
  wrap: optionRules.boolean,
  stacks: optionRules.boolean,
  foldFrom: FOLD_FROM,
  data: DATA,
  only: optionRules.function,
  root: NODE,
  note: optionRules.function,
  style: optionRules.function,
}

/**
 * Prints a trace as text: a tree with a line for each span, or for several like siblings. The line has the span's service, a bar that
 * shows when it ran (`█` where the trace waited for it, `━` elsewhere, `░` while it is open), how long it took, and for how long of
 * that none of its children ran. After that comes the error of a failed span; of other requests, a status of 400 or more, and whether
 * the client left. No control characters of what was recorded get into the text. Below the tree are the stacks of the errors, their
 * causes and their parts, as far as they are recorded.
 *
 * @param spans the spans of one trace, as {@link buildTree} takes them
 * @returns lines, each ended by a line break; an empty string if there are no spans
 * @throws {TraceError} `TRACE_BAD_OPTION` for an unknown option, or one of the wrong type
 */
export function printTrace(spans: Iterable<Span>, options: PrintOptions = {}): string {
  checkOptions('printTrace', options, RULES)
  return linesOf(buildTree(spans), options)
    .map((line) => `${line}\n`)
    .join('')
}

/**
 * The lines of {@link printTrace}, for a tree that is there already.
 *
 * @returns lines without line breaks; none if there are no spans
 * @throws {TraceError} `TRACE_BAD_OPTION` for an unknown option, or one of the wrong type
 */
export function traceLines(tree: TraceTree, options: PrintOptions = {}): string[] {
  checkOptions('traceLines', options, RULES)
  return linesOf(tree, options)
}

/** A row of the tree as text. */
interface Line {
  readonly row: Row
  readonly label: readonly Piece[]
  /** What stands behind the label, and is never cut: for how many spans the row stands. */
  readonly counts: readonly Piece[]
  readonly times: readonly Piece[]
  /** What stands behind the times. */
  readonly notes: readonly Piece[]
}

/** How wide the parts of all rows are, in columns. */
interface Layout {
  readonly width: number
  readonly label: number
  readonly bar: number
  /** What the bar shows, in ns from the start of the trace. */
  readonly range: { readonly offset: number; readonly duration: number }
}

const SPACE: Piece = { text: ' ', role: 'name' }
/** How wide a bar is at least; and where notes that are longer than a status want room beside it. */
const LEAST_BAR = 8
const BAR_BESIDE_NOTES = 30
const LONG_NOTE = 10
/** How wide wrapped text is at least, however deep its span is. */
const LEAST_TEXT = 20

function linesOf(tree: TraceTree, options: PrintOptions): string[] {
  const { root, style, foldFrom = 5, wrap = false } = options
  const rows = rowsOf(
    root === undefined ? tree.roots : [root],
    options.only === undefined ? { foldFrom } : { foldFrom, only: options.only },
  )
  const width = Math.max(60, options.width ?? 100)
  const text = (pieces: readonly Piece[], node?: SpanNode): string =>
    style === undefined
      ? pieces.map((piece) => piece.text).join('')
      : pieces.map((piece) => style(piece.text, piece.role, node)).join('')
  const wrapped = (pieces: readonly Piece[], indent: string): (readonly Piece[])[] =>
    wrap ? wrapPieces(pieces, width, { text: indent, role: 'guide' }) : [pieces]
  const all = wrapped([headline(tree)], '  ').map((pieces) => text(pieces))
  if (rows.length === 0) return tree.nodes.length === 0 ? [] : all
  const lines = rows.map((row) => lineOf(row, width, options))
  const layout = layoutOf(lines, width, tree, options)
  for (const line of lines) {
    const { node } = line.row
    for (const pieces of rowLines(line, layout, wrap)) all.push(text(pieces, node).trimEnd())
    for (const pieces of dataOf(line, width, options)) all.push(text(pieces, node).trimEnd())
  }
  if (options.stacks === false) return all
  for (const { row } of lines) {
    for (const pieces of failureOf(row)) {
      const indent = /^ */.exec(pieces[0]?.text ?? '')?.[0] ?? ''
      for (const part of wrapped(pieces, `${indent.slice(0, LEAST_TEXT)}  `)) all.push(text(part, row.node))
    }
  }
  return all
}

function headline({ traceId, nodes, duration, failed, open }: TraceTree): Piece {
  const parts = [
    `trace ${traceId}`,
    nodes.length === 1 ? '1 span' : `${nodes.length} spans`,
    lastedText(duration, open),
  ]
  if (failed > 0) parts.push(`${failed} failed`)
  if (open > 0) parts.push(`${open} open`)
  return { text: parts.filter((part) => part !== '').join(' · '), role: 'heading' }
}

/** Of a trace with open spans, what is known so far. */
function lastedText(duration: number, open: number): string {
  if (open === 0) return formatDuration(duration)
  return duration === 0 ? '' : `${formatDuration(duration)} so far`
}

function lineOf(row: Row, width: number, { note }: PrintOptions): Line {
  const notes = notesOf(row)
  const place = row.fold === undefined ? note?.(row.node.span) : undefined
  if (place !== undefined) notes.push({ text: `  ${onOneLine(place)}`, role: 'note' })
  return { row, label: labelOf(row, width), counts: countsOf(row), times: [], notes }
}

/** Labels have up to 55 columns; bars what labels, times, and short notes leave. */
function layoutOf(lines: Line[], width: number, tree: TraceTree, { root, wrap = false }: PrintOptions): Layout {
  const times = timesOf(
    lines.map(({ row }) => row),
    width,
  )
  for (const [at, line] of lines.entries()) lines[at] = { ...line, times: times[at] ?? [] }
  const longest = lines.reduce((most, { label, counts }) => Math.max(most, columnsOfAll([...label, ...counts])), 0)
  const label = Math.min(longest, Math.floor(width * 0.55))
  const timesWidth = lines.reduce((most, { times: each }) => Math.max(most, columnsOfAll(each)), 0)
  const free = width - label - timesWidth - 4
  const beside = lines.reduce((most, { notes }) => {
    const columns = columnsOfAll(notes)
    const bar = columns < LONG_NOTE ? LEAST_BAR : BAR_BESIDE_NOTES
    return free - columns < bar ? most : Math.max(most, columns)
  }, 0)
  const range =
    root === undefined ? { offset: 0, duration: tree.duration } : { offset: root.start, duration: root.duration }
  return { width, label, bar: Math.max(LEAST_BAR, free - (wrap ? beside : 0)), range }
}

/** The line of a row; where all has to fit into the width, notes that do not go below it. */
function rowLines({ row, label, counts, times, notes }: Line, layout: Layout, wrap: boolean): Piece[][] {
  const nodes = row.fold?.nodes ?? [row.node]
  const line = [...fit(label, counts, layout.label), SPACE, ...barOf(nodes, layout.range, layout.bar), SPACE, ...times]
  if (!wrap || columnsOfAll(line) + columnsOfAll(notes) <= layout.width) return [[...line, ...notes]]
  const indent: Piece = { text: stemBelow(row, layout.width), role: 'guide' }
  const [first, ...rest] = notes.map(({ text, role }): Piece => ({ text: text.trimStart(), role }))
  const below = [...(first === undefined ? [] : [indent, first]), ...rest.flatMap((note) => [SPACE, SPACE, note])]
  return [line, ...wrapPieces(below, layout.width, indent)]
}

/** The lines of a span's data. */
function dataOf({ row }: Line, width: number, { data = 'none', wrap = false }: PrintOptions): Piece[][] {
  if (data === 'none') return []
  const { node, fold } = row
  const indent: Piece = { text: stemBelow(row, width), role: 'guide' }
  const shown = fold === undefined ? node.span : commonSpan(node.span, fold.nodes)
  if (data === 'line') {
    const line = dataLine(shown, width - columnsOfAll([indent]))
    return line.length === 0 ? [] : [[indent, ...line]]
  }
  const lines = dataLines(shown).map((line) => [indent, ...line])
  if (!wrap) return lines
  const below: Piece = { text: `${indent.text}  `, role: 'guide' }
  return lines.flatMap((line) => wrapPieces(line, width, below))
}

function failureOf({ node, fold }: Row): Piece[][] {
  if (fold !== undefined || !isFailed(node.span)) return []
  const lines = failureLines(node.span)
  if (lines.length === 0) return []
  const head = wordsOf(node)
    .map(({ text }) => text)
    .join('')
  const notes = lines.map((text): Piece[] => [{ text, role: 'note' }])
  return [[], [{ text: `✗ ${head}`, role: 'failure' }], ...notes]
}
