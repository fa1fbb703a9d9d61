import { checkOptions, DATA_KEYS, isFailed, onOneLine, optionRules, type Span } from '@trace/core/spans'
import type { SpanNode, TraceTree } from '../tree/node.js'
import { MOST_GUIDES, type Row, rowsOf } from '../tree/rows.js'
import { buildTree } from '../tree/tree.js'
import { barOf } from './bar.js'
import { commonSpan, dataLine, dataLines } from './data.js'
import { formatDuration } from './duration.js'
import { failureLines, textOf } from './failures.js'
import { columnsOf, fit, type Piece, type Style } from './styled.js'

/** Options of {@link printTrace} and {@link traceLines}. */
export interface PrintOptions {
  /** Columns of a line, at least 60. Default 100. */
  readonly width?: number
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
  stacks: optionRules.boolean,
  foldFrom: FOLD_FROM,
  data: DATA,
  only: optionRules.function,
  root: NODE,
  note: optionRules.function,
  style: optionRules.function,
}

/** Below this width there is no room for self times. */
const SELF_TIME_FROM = 100

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

interface Line {
  readonly row: Row
  readonly label: readonly Piece[]
  /** What stands behind the label, and is never cut: for how many spans the row stands. */
  readonly counts: readonly Piece[]
}

function linesOf(tree: TraceTree, options: PrintOptions): string[] {
  const { root, style, foldFrom = 5, data = 'none' } = options
  const rows = rowsOf(
    root === undefined ? tree.roots : [root],
    options.only === undefined ? { foldFrom } : { foldFrom, only: options.only },
  )
  if (rows.length === 0) return tree.nodes.length === 0 ? [] : [headline(tree, style)]
  const width = Math.max(60, options.width ?? 100)
  const lines = rows.map((row): Line => ({ row, label: labelOf(row), counts: countsOf(row) }))
  const longest = lines.reduce((most, { label, counts }) => Math.max(most, columnsOfAll([...label, ...counts])), 0)
  const labelWidth = Math.min(longest, Math.floor(width * 0.55))
  const selfWidth = width >= SELF_TIME_FROM && rows.some(hasSelfTime) ? SELF_WIDTH : 0
  const barWidth = Math.max(10, width - labelWidth - 12 - selfWidth)
  const range =
    root === undefined ? { offset: 0, duration: tree.duration } : { offset: root.start, duration: root.duration }
  const text = (pieces: readonly Piece[], node?: SpanNode): string =>
    style === undefined
      ? pieces.map((piece) => piece.text).join('')
      : pieces.map((piece) => style(piece.text, piece.role, node)).join('')
  const all = [headline(tree, style)]
  for (const { row, label, counts } of lines) {
    const { node, fold } = row
    const nodes = fold?.nodes ?? [node]
    const pieces = [
      ...fit(label, counts, labelWidth),
      SPACE,
      ...barOf(nodes, range, barWidth),
      SPACE,
      ...timesOf(row, selfWidth),
    ]
    const place = fold === undefined ? options.note?.(node.span) : undefined
    const notes = notesOf(row)
    if (place !== undefined) notes.push({ text: `  ${onOneLine(place)}`, role: 'note' })
    all.push(text([...pieces, ...notes], node).trimEnd())
    if (data === 'none') continue
    const indent: Piece = { text: stemBelow(row), role: 'guide' }
    const room = width - columnsOf(indent.text)
    const shown = fold === undefined ? node.span : commonSpan(node.span, fold.nodes)
    for (const line of data === 'all' ? dataLines(shown) : [dataLine(shown, room)]) {
      if (line.length > 0) all.push(text([indent, ...line], node))
    }
  }
  if (options.stacks !== false) for (const { row } of lines) all.push(...failureOf(row, style))
  return all
}

const SPACE: Piece = { text: ' ', role: 'name' }
const SELF_WIDTH = 14

function columnsOfAll(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { text }) => sum + columnsOf(text), 0)
}

function headline(tree: TraceTree, style: Style | undefined): string {
  const { traceId, nodes, duration, failed, open } = tree
  const parts = [`trace ${traceId}`, nodes.length === 1 ? '1 span' : `${nodes.length} spans`, formatDuration(duration)]
  if (failed > 0) parts.push(`${failed} failed`)
  if (open > 0) parts.push(`${open} open`)
  const text = parts.join(' · ')
  return style === undefined ? text : style(text, 'heading')
}

const STEMS: Readonly<Record<string, string>> = { '│': '│  ', ' ': '   ', '├': '├─ ', '└': '└─ ' }

function labelOf({ node, depth, guides }: Row): Piece[] {
  const pieces: Piece[] = []
  if (guides !== '') pieces.push({ text: Array.from(guides, (guide) => STEMS[guide] ?? '').join(''), role: 'guide' })
  if (depth > MOST_GUIDES) pieces.push({ text: `(${depth}) `, role: 'note' })
  pieces.push(...wordsOf(node))
  return pieces
}

function countsOf({ fold, hidden }: Row): Piece[] {
  const texts = [...(fold === undefined ? [] : [` × ${fold.nodes.length}`]), ...(hidden > 0 ? [` (+${hidden})`] : [])]
  return texts.map((text) => ({ text, role: 'note' }))
}

/** Where a span ran, its kind and its name, as they can be printed. */
function wordsOf({ span, service }: SpanNode): Piece[] {
  const words: Piece[] = []
  const roles = [
    [service, 'service'],
    [span.kind, 'kind'],
    [span.name, 'name'],
  ] as const
  for (const [word, role] of roles) {
    if (word !== '') words.push({ text: `${words.length === 0 ? '' : '  '}${onOneLine(word)}`, role })
  }
  return words
}

/** What stands before lines that belong to a row: the guides of the rows below it. */
function stemBelow({ guides, node }: Row): string {
  const stems = Array.from(guides, (guide) => (guide === '├' || guide === '│' ? '│  ' : '   ')).join('')
  return `${stems}${node.children.length > 0 && guides !== '' ? '│  ' : '   '} `
}

function timesOf(row: Row, selfWidth: number): Piece[] {
  const { node, fold } = row
  const duration = fold?.duration ?? node.duration
  const isOpen = fold === undefined && node.span.finish === undefined
  const times: Piece[] = [{ text: (isOpen ? 'open' : formatDuration(duration)).padStart(8), role: 'duration' }]
  if (selfWidth === 0) return times
  const selfTime = fold?.selfTime ?? node.selfTime
  const text = hasSelfTime(row) ? ` self ${formatDuration(selfTime).padStart(8)}` : ''
  return [...times, { text: text.padEnd(selfWidth), role: 'note' }]
}

/** Whether a span has another self time than its duration. */
function hasSelfTime({ node, fold }: Row): boolean {
  if (fold !== undefined) return fold.selfTime !== fold.duration
  return node.span.finish !== undefined && node.selfTime !== node.duration && node.children.length > 0
}

function notesOf({ node, fold }: Row): Piece[] {
  if (fold !== undefined) {
    return [{ text: `  in all, the slowest ${formatDuration(fold.slowest.duration)}`, role: 'note' }]
  }
  const { span, cutOff } = node
  const notes: Piece[] = []
  if (isFailed(span)) {
    const [type, message] = [DATA_KEYS.errorType, DATA_KEYS.errorMessage].map((key) => textOf(span.data[key] ?? null))
    notes.push({ text: `  ✗ ${onOneLine(`${type}: ${message}`)}`, role: 'failure' })
  } else for (const text of outcomeOf(span)) notes.push({ text: `  ${text}`, role: 'failure' })
  if (cutOff === 'parent missing') notes.push({ text: `  (parent ${span.parentId} missing)`, role: 'note' })
  if (cutOff === 'circle') notes.push({ text: '  (parents form a circle)', role: 'note' })
  return notes
}

/** What is unusual in a request that did not fail. */
function outcomeOf({ data }: Span): string[] {
  const status = data[DATA_KEYS.httpStatus]
  const isError = typeof status === 'number' && status >= 400
  return [...(isError ? [`(${status})`] : []), ...(data[DATA_KEYS.httpEndReason] === 'aborted' ? ['(aborted)'] : [])]
}

function failureOf({ node, fold }: Row, style: Style | undefined): string[] {
  if (fold !== undefined || !isFailed(node.span)) return []
  const lines = failureLines(node.span)
  if (lines.length === 0) return []
  const head = `✗ ${wordsOf(node)
    .map(({ text }) => text)
    .join('')}`
  const [first = '', ...rest] =
    style === undefined
      ? [head, ...lines]
      : [style(head, 'failure', node), ...lines.map((line) => style(line, 'note', node))]
  return ['', first, ...rest]
}
