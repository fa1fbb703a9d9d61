import { columnsOf, cutToColumns, type Piece, type Style } from './styled.js'

/** Options of all functions that print tables. */
export interface TableOptions {
  /** Columns of a line: the last column of a table is cut to fit, and others are left out where there is no room. Default 100. */
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
}

/** A table as lines, its head first; none if there are no rows. The last column takes what room is left. */
export function tableLines<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  options: TableOptions = {},
): string[] {
  if (rows.length === 0) return []
  const { width = 100, style } = options
  const shown = columns.filter(({ from = 0 }) => width >= from)
  const head = shown.map(({ title }): Piece => ({ text: title, role: 'heading' }))
  const cells = [head, ...rows.map((row) => shown.map(({ cell }) => cell(row)))]
  const widths = shown.map((_column, at) =>
    cells.reduce((most, line) => Math.max(most, columnsOf(line[at]?.text ?? '')), 0),
  )
  const before = widths.slice(0, -1).reduce((sum, each) => sum + each + 2, 0)
  const last = Math.max(10, width - before)
  return cells.map((line) => {
    const texts = line.map(({ text, role }, at) => {
      const isLast = at === shown.length - 1
      const cut = isLast ? cutToColumns(text, last) : text
      const space = isLast ? '' : ' '.repeat((widths[at] ?? 0) - columnsOf(cut))
      const styled = style === undefined || cut === '' ? cut : style(cut, role)
      return shown[at]?.right === true ? space + styled : styled + space
    })
    return texts.join('  ').trimEnd()
  })
}
