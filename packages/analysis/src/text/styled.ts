import type { SpanNode } from '../tree/node.js'

/** What a piece of text is, for who colours it. */
export type TextRole =
  | 'heading'
  | 'guide'
  | 'service'
  | 'kind'
  | 'name'
  | 'frame'
  | 'running'
  | 'critical'
  | 'open'
  | 'duration'
  | 'note'
  | 'failure'
  | 'key'
  | 'value'

/**
 * Colours a piece of text, with escape sequences, say. It must not change how many columns the text takes.
 *
 * @param node the span that it is about; undefined where it is about none, or about several
 */
export type Style = (text: string, role: TextRole, node?: SpanNode) => string

/** A piece of a line. */
export interface Piece {
  readonly text: string
  readonly role: TextRole
}

/** Characters that take two columns of a terminal: those of East Asian scripts and emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u
/** Characters that take none: marks on the one before, and the vowels and finals of Hangul that are not composed. */
const COMBINING = /[\p{M}\u1160-\u11ff\ud7b0-\ud7fb]/u
const ASCII = /^[\u0020-\u007e]*$/

/** How many columns of a terminal a text takes. */
export function columnsOf(text: string): number {
  if (ASCII.test(text)) return text.length
  let columns = 0
  for (const character of text) columns += widthOf(character)
  return columns
}

/** How many columns pieces take together. */
export function columnsOfAll(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { text }) => sum + columnsOf(text), 0)
}

function widthOf(character: string): number {
  if (character < '\u0300') return 1
  if (COMBINING.test(character)) return 0
  return WIDE.test(character) ? 2 : 1
}

/** Cuts a text to a number of columns, and marks the cut. */
export function cutToColumns(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text
  if (columns < 1) return ''
  let kept = ''
  let used = 0
  for (const character of text) {
    const next = widthOf(character)
    if (used + next > columns - 1) break
    kept += character
    used += next
  }
  return `${kept}…`
}

/**
 * Cuts pieces to a number of columns together, or fills them up with spaces.
 *
 * @param behind pieces that stand behind them, and are not cut
 */
export function fit(pieces: readonly Piece[], behind: readonly Piece[], columns: number): Piece[] {
  const fitting: Piece[] = []
  let left = columns - columnsOfAll(behind)
  const isCut = columnsOfAll(pieces) > left
  for (const piece of pieces) {
    const width = columnsOf(piece.text)
    if (!isCut || width < left) {
      fitting.push(piece)
      left -= width
      continue
    }
    // The mark of the cut takes a column, though all of this piece may fit into the others.
    const text =
      width > left ? cutToColumns(piece.text, left) : `${cutToColumns(piece.text, left - 1).replace(/…$/, '')}…`
    fitting.push({ ...piece, text })
    left -= columnsOf(text)
    break
  }
  fitting.push(...behind)
  if (left > 0) fitting.push({ text: ' '.repeat(left), role: 'name' })
  return fitting
}
