import type { SpanNode } from '../tree/node.js'
import type { Piece } from './styled.js'

type Cell = 'frame' | 'running' | 'critical' | 'open'

const CHARACTERS: Readonly<Record<Cell, string>> = { frame: ' ', running: '━', critical: '█', open: '░' }

/**
 * A bar that shows when spans ran: `█` where the trace waited for them, `━` elsewhere, `░` for open ones.
 *
 * @param offset of the bar's left end, and `duration` of the whole bar: in ns from the start of the trace
 * @param columns how many it has within its frame
 */
export function barOf(
  nodes: readonly SpanNode[],
  range: { offset: number; duration: number },
  columns: number,
): Piece[] {
  const whole = range.duration > 0 ? range.duration : 1
  const fill = (cells: Cell[], cell: Cell, start: number, end: number): void => {
    const from = Math.min(columns - 1, Math.max(0, Math.round(((start - range.offset) / whole) * columns)))
    const to = Math.round(((end - range.offset) / whole) * columns)
    cells.fill(cell, from, Math.max(from + 1, Math.min(columns, to)))
  }
  const cells = new Array<Cell>(columns).fill('frame')
  for (const { span, start, end } of nodes) fill(cells, span.finish === undefined ? 'open' : 'running', start, end)
  for (const { span, critical } of nodes) {
    if (span.finish !== undefined) for (const { start, end } of critical) fill(cells, 'critical', start, end)
  }
  return [{ text: '│', role: 'frame' }, ...joined(cells), { text: '│', role: 'frame' }]
}

/** Cells that are alike, and follow one another, are one piece. */
function joined(cells: readonly Cell[]): Piece[] {
  const pieces: Piece[] = []
  for (let from = 0; from < cells.length; ) {
    const role = cells[from] ?? 'frame'
    let to = from + 1
    while (to < cells.length && cells[to] === role) to++
    pieces.push({ text: CHARACTERS[role].repeat(to - from), role })
    from = to
  }
  return pieces
}
