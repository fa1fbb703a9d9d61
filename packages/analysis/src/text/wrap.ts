import { columnsOf, type Piece } from './styled.js'

/** How much of a line text takes at least, in columns: a deeper indent is cut, and a narrower line is this wide. */
const LEAST_TEXT = 20

/**
 * Breaks pieces into lines that are not wider than `columns`: at spaces where there are any, else between characters.
 *
 * @param indent what each line but the first begins with
 */
export function wrapPieces(pieces: readonly Piece[], columns: number, indent: Piece): Piece[][] {
  const width = Math.max(LEAST_TEXT, columns)
  const begin: Piece = { ...indent, text: indent.text.slice(0, width - LEAST_TEXT) }
  let line: Piece[] = []
  const lines = [line]
  let left = width
  for (const { text, role } of pieces) {
    let rest = text
    while (columnsOf(rest) > left) {
      const head = headOf(rest, left, line.length > 0)
      if (head !== '') line.push({ text: head, role })
      rest = rest.slice(head.length).trimStart()
      line = [begin]
      lines.push(line)
      left = width - columnsOf(begin.text)
    }
    if (rest === '') continue
    line.push({ text: rest, role })
    left -= columnsOf(rest)
  }
  return lines.filter((each, at) => at === 0 || each.length > 1 || each[0] !== begin)
}

/** The words of a text that fit; of a word that is longer than a line, as much as does. */
function headOf(text: string, columns: number, isBegun: boolean): string {
  let fitting = 0
  let used = 0
  for (const character of text) {
    used += columnsOf(character)
    if (used > columns) break
    fitting += character.length
  }
  const space = text.lastIndexOf(' ', fitting)
  if (space > 0 && text.slice(0, space).trim() !== '') return text.slice(0, space)
  // What begins within a line may be whole in the next one.
  return isBegun && fitting < MOST_MOVED ? '' : text.slice(0, fitting)
}

/** A word is moved to the next line if less of it fits, in characters. */
const MOST_MOVED = 16

/** Breaks a line of text into lines that are not wider than `columns`; each but the first begins with two spaces more than it does. */
export function wrapText(text: string, columns: number): string[] {
  const indent = `${/^ */.exec(text)?.[0] ?? ''}  `
  return wrapPieces([{ text, role: 'note' }], columns, { text: indent, role: 'guide' }).map((line) =>
    line.map((piece) => piece.text).join(''),
  )
}
