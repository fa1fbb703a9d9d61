import { columnsOf, columnsOfAll, cutToColumns, type Piece, type Style } from './styled.js'

/** Options of all functions that print tables. */
export interface TableOptions {
  /** Columns of a line: the last column of a table is cut to fit, and others are left out where there is no room. No line is wider. Default 100. */
  readonly width?: number
  /** Colours the text. Default: none. */
  readonly style?: Style
}

/** A column of a table. */
export interface Column<Row> {
  readonly title: string
  readonly cell: (row: Row) => Piece
  /** Whether it is aligned to the right, as numbers are. Default: false. */
  readonly right?: boolean
  /** The width from which on it is shown. Default: 0. */
  readonly from?: number
  /** Whether it is left out where the cells leave no room for the last column; the highest number first. Default: never. */
  readonly spare?: number
}

/** How wide the last column is at least, in columns. */
const LEAST_LAST = 10

/** A table as lines, its head first; none if there are no rows. The last column takes what room is left. */
export function tableLines<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  options: TableOptions = {},
): string[] {
  if (rows.length === 0) return []
  const { width = 100, style } = options
  const all = columns.filter(({ from = 0 }) => width >= from).map((column) => filled(rows, column))
  const shown = fitting(all, width)
  const last = Math.max(LEAST_LAST, width - widthBeforeLast(shown))
  const paint = ({ text, role }: Piece): string => (style === undefined || text === '' ? text : style(text, role))
  return [-1, ...rows.keys()].map((row) => {
    const pieces = shown.flatMap(({ column, head, cells, width: columnWidth }, at): Piece[] => {
      const { text, role } = cells[row] ?? head
      if (at === shown.length - 1) return [{ text: cutToColumns(text, last), role }]
      const space: Piece = { text: ' '.repeat(columnWidth - columnsOf(text)), role: 'name' }
      const gap: Piece = { text: '  ', role: 'name' }
      return column.right === true ? [space, { text, role }, gap] : [{ text, role }, space, gap]
    })
    return cutPieces(pieces, width)
      .map((piece) => (piece.text.trim() === '' ? piece.text : paint(piece)))
      .join('')
      .trimEnd()
  })
}

interface Filled<Row> {
  readonly column: Column<Row>
  readonly head: Piece
  readonly cells: readonly Piece[]
  readonly width: number
}

function filled<Row>(rows: readonly Row[], column: Column<Row>): Filled<Row> {
  const head: Piece = { text: column.title, role: 'heading' }
  const cells = rows.map((row) => column.cell(row))
  return {
    column,
    head,
    cells,
    width: cells.reduce((most, { text }) => Math.max(most, columnsOf(text)), head.text.length),
  }
}

function widthBeforeLast<Row>(shown: readonly Filled<Row>[]): number {
  return shown.slice(0, -1).reduce((sum, { width }) => sum + width + 2, 0)
}

/** Leaves spare columns out until there is room for the last one. */
function fitting<Row>(all: readonly Filled<Row>[], width: number): readonly Filled<Row>[] {
  let shown = all
  while (widthBeforeLast(shown) + LEAST_LAST > width) {
    const most = Math.max(...shown.map(({ column }) => column.spare ?? 0))
    if (most === 0) break
    shown = shown.filter(({ column }) => column.spare !== most)
  }
  return shown
}

function cutPieces(pieces: readonly Piece[], columns: number): readonly Piece[] {
  if (columnsOfAll(pieces) <= columns) return pieces
  const kept: Piece[] = []
  let left = columns
  for (const { text, role } of pieces) {
    kept.push({ text: cutToColumns(text, left), role })
    left -= columnsOf(text)
    if (left <= 0) break
  }
  return kept
}
