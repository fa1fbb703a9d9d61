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
  const cells = new Array<Cell>(columns).fill('frame')
  const whole = range.duration > 0 ? range.duration : 1
  const columnOf = (time: number): number => Math.round(((time - range.offset) / whole) * columns)
  for (const { span, start, end } of nodes) {
    const from = Math.min(columns - 1, Math.max(0, columnOf(start)))
    const to = Math.max(from + 1, Math.min(columns, columnOf(end)))
    cells.fill(span.finish === undefined ? 'open' : 'running', from, to)
  }
  for (const { span, critical } of nodes) {
    if (span.finish === undefined) continue
    for (const { start, end } of critical) {
      const from = Math.min(columns - 1, Math.max(0, columnOf(start)))
      cells.fill('critical', from, Math.max(from + 1, Math.min(columns, columnOf(end))))
    }
  }
  return [{ text: '│', role: 'frame' }, ...joined(cells), { text: '│', role: 'frame' }]
}

function joined(cells: readonly Cell[]): Piece[] {
  const pieces: { text: string; role: Cell }[] = []
  for (const cell of cells) {
    const last = pieces.at(-1)
    if (last?.role === cell) last.text += CHARACTERS[cell]
    else pieces.push({ text: CHARACTERS[cell], role: cell })
  }
  return pieces
}
