import { DATA_KEYS } from '../contract/data-keys.js'
import type { Span } from '../contract/span.js'
import { onOneLine } from '../values/display.js'
import { checkOptions, optionRules } from '../values/options.js'
import { isFailed, serviceOf } from '../values/spans.js'
import { failureLines, textOf } from './failures.js'
import { buildTree, type SpanNode } from './tree.js'

/** Options of {@link printTrace}. */
export interface PrintOptions {
  /** Columns of a line, at least 60. Default 100. */
  readonly width?: number
  /** Whether the stacks of errors, their causes and their parts follow the tree. Default: true. */
  readonly stacks?: boolean
}

const WIDTH = {
  expected: 'a number of columns',
  test: (value: unknown): boolean => typeof value === 'number' && value > 0 && value < Infinity,
}

/** How many levels are indented. Deeper spans have their depth in front instead. */
const MAX_INDENT = 20

interface Row {
  readonly span: Span
  /** Where it ran, its kind and its name, as they can be printed. */
  readonly what: string
  readonly label: string
  readonly note: string
}

/**
 * Prints a trace as plain text: a tree with a line for each span. The line has the span's service, a bar that shows when it ran,
 * and how long it took. After that comes the error of a failed span; of other requests, a status of 400 or more, and whether the
 * client left. A span always takes one line of the tree, and no control characters of its name get into it. Below the tree are the stacks
 * of the errors, their causes and their parts, as far as they are recorded.
 *
 * @param spans the spans of one trace, as {@link buildTree} takes them
 * @returns lines, each ended by a line break; an empty string if there are no spans
 * @throws {TraceError} `TRACE_BAD_OPTION` for an unknown option, or one of the wrong type
 */
export function printTrace(spans: Iterable<Span>, options: PrintOptions = {}): string {
  checkOptions('printTrace', options, { width: WIDTH, stacks: optionRules.boolean })
  const rows = rowsOf(buildTree(spans))
  const first = rows[0]
  if (first === undefined) return ''
  const width = Math.max(60, options.width ?? 100)
  const range = rangeOf(rows)
  const labelWidth = Math.min(
    rows.reduce((most, row) => Math.max(most, columnsOf(row.label)), 0),
    Math.floor(width * 0.55),
  )
  const barWidth = Math.max(10, width - labelWidth - 12)
  const lines = rows.map((row) => {
    const bar = barOf(row.span, range, barWidth)
    return `${fit(row.label, labelWidth)} ${bar} ${durationOf(row.span).padStart(8)}${row.note}`
  })
  const failures = options.stacks === false ? [] : rows.flatMap(failureOf)
  return `${[headline(first.span.traceId, rows, range), ...lines, ...failures].join('\n')}\n`
}

function failureOf({ span, what }: Row): string[] {
  const lines = failureLines(span)
  return lines.length === 0 ? [] : ['', `✗ ${what}`, ...lines]
}

/** Formats a duration in nanoseconds for people: `850 ns`, `1.23 ms`, `2.50 s`, `3 min 20 s`. */
export function formatDuration(nanoseconds: bigint): string {
  if (nanoseconds < 0n) return `-${formatDuration(-nanoseconds)}`
  const ns = Number(nanoseconds)
  if (ns < 999.5) return `${ns} ns`
  if (ns < 999_500) return `${threeDigits(ns / 1e3)} µs`
  if (ns < 999_500_000) return `${threeDigits(ns / 1e6)} ms`
  if (ns < 59.95e9) return `${threeDigits(ns / 1e9)} s`
  const seconds = Math.round(ns / 1e9)
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`
}

function threeDigits(value: number): string {
  return value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0)
}

function headline(traceId: bigint, rows: readonly Row[], range: Range): string {
  const failed = rows.filter(({ span }) => isFailed(span)).length
  const open = rows.filter(({ span }) => span.finish === undefined).length
  const parts = [`trace ${traceId}`, rows.length === 1 ? '1 span' : `${rows.length} spans`]
  parts.push(formatDuration(range.finish - range.start))
  if (failed > 0) parts.push(`${failed} failed`)
  if (open > 0) parts.push(`${open} open`)
  return parts.join(' · ')
}

function rowsOf(roots: readonly SpanNode[]): Row[] {
  const rows: Row[] = []
  const waiting = roots.toReversed().map((node) => ({ node, depth: 0, stem: '', branch: '' }))
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { node, depth, stem, branch } = next
    const { span } = node
    const deep = depth > MAX_INDENT ? `(${depth}) ` : ''
    const words = [serviceOf(span.process), span.kind, span.name].filter((text) => text !== '').join('  ')
    const what = onOneLine(words)
    rows.push({ span, what, label: stem + branch + deep + what, note: noteOf(node) })
    const below = depth >= MAX_INDENT ? stem : stem + (branch === '' ? '' : branch === '└─ ' ? '   ' : '│  ')
    for (const [index, child] of node.children.toReversed().entries()) {
      waiting.push({ node: child, depth: depth + 1, stem: below, branch: index === 0 ? '└─ ' : '├─ ' })
    }
  }
  return rows
}

function noteOf({ span, cutOff }: SpanNode): string {
  const notes: string[] = []
  const { data } = span
  if (isFailed(span)) {
    notes.push(`✗ ${textOf(data[DATA_KEYS.errorType] ?? null)}: ${textOf(data[DATA_KEYS.errorMessage] ?? null)}`)
  } else notes.push(...outcomeOf(span))
  if (cutOff === 'parent missing') notes.push(`(parent ${span.parentId} missing)`)
  if (cutOff === 'circle') notes.push(`(parents form a circle)`)
  return notes.length === 0 ? '' : `  ${onOneLine(notes.join(' '))}`
}

/** What is unusual in a request that did not fail. */
function outcomeOf({ data }: Span): string[] {
  const status = data[DATA_KEYS.httpStatus]
  const isError = typeof status === 'number' && status >= 400
  return [...(isError ? [`(${status})`] : []), ...(data[DATA_KEYS.httpEndReason] === 'aborted' ? ['(aborted)'] : [])]
}

interface Range {
  readonly start: bigint
  readonly finish: bigint
}

function rangeOf(rows: readonly Row[]): Range {
  let { start } = rows[0]?.span ?? { start: 0n }
  let finish = start
  for (const { span } of rows) {
    if (span.start < start) start = span.start
    const end = span.finish ?? span.start
    if (end > finish) finish = end
  }
  return { start, finish }
}

function durationOf(span: Span): string {
  return span.finish === undefined ? 'open' : formatDuration(span.finish - span.start)
}

function barOf(span: Span, range: Range, width: number): string {
  const whole = Number(range.finish - range.start) || 1
  const column = (time: bigint): number => Math.round((Number(time - range.start) / whole) * width)
  const from = Math.min(width - 1, Math.max(0, column(span.start)))
  const to = Math.max(from + 1, Math.min(width, column(span.finish ?? range.finish)))
  const fill = span.finish === undefined ? '░' : '█'
  return `│${' '.repeat(from)}${fill.repeat(to - from)}${' '.repeat(width - to)}│`
}

/** Characters that take two columns of a terminal: those of East Asian scripts and emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u
const COMBINING = /\p{M}/u

/** How many columns of a terminal a text takes. */
export function columnsOf(text: string): number {
  let columns = 0
  for (const character of text) columns += widthOf(character)
  return columns
}

/** Cuts a text to a number of columns, or fills it up with spaces. */
function fit(text: string, columns: number): string {
  const width = columnsOf(text)
  if (width <= columns) return text + ' '.repeat(columns - width)
  let kept = ''
  let used = 0
  for (const character of text) {
    const next = widthOf(character)
    if (used + next > columns - 1) break
    kept += character
    used += next
  }
  return `${kept}…${' '.repeat(columns - 1 - used)}`
}

function widthOf(character: string): number {
  if (character < '\u0300') return 1
  if (COMBINING.test(character)) return 0
  return WIDE.test(character) ? 2 : 1
}
