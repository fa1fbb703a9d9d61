import { DATA_KEYS, isFailed, onOneLine, type Span } from '@trace/core/spans'
import type { SpanNode } from '../tree/node.js'
import { MOST_GUIDES, type Row } from '../tree/rows.js'
import { formatDuration } from './duration.js'
import { textOf } from './failures.js'
import type { Piece } from './styled.js'

// The parts of a row's line.

const STEMS: Readonly<Record<string, string>> = { '│': '│  ', ' ': '   ', '├': '├─ ', '└': '└─ ' }

/** How many columns of a line words have beside the guides before them. */
const ROOM_FOR_WORDS = 15

/** The guides that a line of this width has room for: of deeper rows, the outer ones and the last. */
function shownGuides(guides: string, width: number): string {
  const most = Math.min(MOST_GUIDES, Math.floor((width * 0.55 - ROOM_FOR_WORDS) / 3))
  return guides.length <= most ? guides : guides.slice(0, most - 1) + guides.slice(-1)
}

/** The guides, service, kind and name of a row. Where it is deeper than its guides say, a number says how deep. */
export function labelOf({ node, depth, guides }: Row, width: number): Piece[] {
  const pieces: Piece[] = []
  const shown = shownGuides(guides, width)
  if (shown !== '') pieces.push({ text: Array.from(shown, (guide) => STEMS[guide] ?? '').join(''), role: 'guide' })
  if (depth > shown.length) pieces.push({ text: `(${depth}) `, role: 'note' })
  pieces.push(...wordsOf(node))
  return pieces
}

/** For how many spans a row stands. */
export function countsOf({ fold, hidden }: Row): Piece[] {
  const texts = [...(fold === undefined ? [] : [` × ${fold.nodes.length}`]), ...(hidden > 0 ? [` (+${hidden})`] : [])]
  return texts.map((text) => ({ text, role: 'note' }))
}

/** Where a span ran, its kind and its name, as they can be printed. */
export function wordsOf({ span, service }: SpanNode): Piece[] {
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
export function stemBelow({ guides, node }: Row, width: number): string {
  const stems = Array.from(shownGuides(guides, width), (guide) => (guide === '├' || guide === '│' ? '│  ' : '   '))
  return `${stems.join('')}${node.children.length > 0 && guides !== '' ? '│  ' : '   '} `
}

/** Below this width there is no room for self times. */
const SELF_TIME_FROM = 100
const DURATION_WIDTH = 8

/** The durations and self times of all rows, each as wide as the widest. */
export function timesOf(rows: readonly Row[], width: number): Piece[][] {
  const durations = padded(rows.map(durationOf))
  const withSelf = width >= SELF_TIME_FROM && rows.some(hasSelfTime)
  if (!withSelf) return durations.map((text) => [{ text, role: 'duration' }])
  const selfTimes = padded(rows.map((row) => (hasSelfTime(row) ? selfTimeOf(row) : '')))
  return rows.map((row, at) => {
    const text = selfTimes[at] ?? ''
    return [
      { text: durations[at] ?? '', role: 'duration' },
      { text: hasSelfTime(row) ? ` self ${text}` : ' '.repeat(text.length + 6), role: 'note' },
    ]
  })
}

function padded(texts: readonly string[]): string[] {
  const width = texts.reduce((most, { length }) => Math.max(most, length), DURATION_WIDTH)
  return texts.map((text) => text.padStart(width))
}

function durationOf({ node, fold }: Row): string {
  if (fold !== undefined) return formatDuration(fold.duration)
  return node.span.finish === undefined ? 'open' : formatDuration(node.duration)
}

function selfTimeOf({ node, fold }: Row): string {
  return formatDuration(fold?.selfTime ?? node.selfTime)
}

/** Whether a span has another self time than its duration. */
function hasSelfTime({ node, fold }: Row): boolean {
  if (fold !== undefined) return fold.selfTime !== fold.duration
  return node.span.finish !== undefined && node.selfTime !== node.duration && node.children.length > 0
}

/** What stands behind the times of a row: errors, and what is odd about its place in the tree. */
export function notesOf({ node, fold }: Row): Piece[] {
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
