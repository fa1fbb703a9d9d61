import type { TraceTree } from '@trace/analysis'

/** How far a child may begin before its parent on another host until clocks are said to differ, in ns. */
const SKEW = 1_000_000

/** What a reader should know of a trace before they believe it. */
export function notesOf({ roots, nodes, open }: TraceTree): string[] {
  const notes: string[] = []
  const lost = roots.filter(({ cutOff }) => cutOff === 'parent missing').length
  if (lost > 0) {
    notes.push(
      `${lost === 1 ? '1 span has a parent that is' : `${lost} spans have parents that are`} not stored here: in another store or system, lost, or not finished when its process died.`,
    )
  }
  if (roots.some(({ cutOff }) => cutOff === 'circle'))
    notes.push('Some spans name each other as parents, in a circle, which is cut here.')
  if (open > 0)
    notes.push(
      `${open === 1 ? '1 span is' : `${open} spans are`} open: still running, or cut off when the process died.`,
    )
  const skewed = nodes.filter(
    ({ parent, span, start }) =>
      parent !== undefined && parent.span.process !== span.process && start + SKEW < parent.start,
  ).length
  if (skewed > 0) {
    notes.push(
      `${skewed === 1 ? '1 span begins' : `${skewed} spans begin`} before the span that called it: the clocks of their hosts differ. Times are shown as they were recorded.`,
    )
  }
  return notes
}
