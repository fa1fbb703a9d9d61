import { type PrintOptions, type SpanNode, type TraceTree, traceLines, wrapText } from '@trace/analysis'
import { isFailed } from '@trace/core/spans'
import { bytesOfLines, cutLines } from '../terminal/budget.js'

/** How wide a tree is that has to fit, in columns: a bar has three bytes in each. At last it is narrower still. */
const NARROW = 80
const NARROWEST = 60

/** The lines of a trace, ever more folded until they have so many bytes at most. The last line says what was folded, and how to see it. */
export function fitted(tree: TraceTree, options: PrintOptions, budget: number | undefined): string[] {
  const whole = traceLines(tree, options)
  if (budget === undefined || bytesOfLines(whole) <= budget) return whole
  const isTold = (node: SpanNode): boolean =>
    node.critical.length > 0 || isFailed(node.span) || node.span.finish === undefined
  const { width = NARROW, wrap = false } = options
  const folded: PrintOptions = { ...options, width: Math.min(width, NARROW), foldFrom: 2, data: 'none' }
  const steps: readonly (readonly [string, PrintOptions])[] = [
    ['like siblings share a line, data is left out', folded],
    ['like siblings share a line, data and stacks are left out', { ...folded, stacks: false }],
    [
      'only spans that failed, are open, or that the trace waited for',
      { ...folded, stacks: false, width: Math.min(width, NARROWEST), only: isTold },
    ],
  ]
  const command = `trace show ${tree.traceId} --span ID (--json has the ids)`
  for (const [what, step] of steps) {
    const hint = `… ${what}: ${command} shows a part, a larger --budget more`
    const lines = [...traceLines(tree, step), ...(wrap ? wrapText(hint, width) : [hint])]
    if (bytesOfLines(lines) <= budget) return lines
  }
  const last = traceLines(tree, { ...folded, stacks: false, width: Math.min(width, NARROWEST), only: isTold })
  const restOf = (left: number): string => `… ${left === 0 ? 'folded' : `${left} more`}: ${command}`
  return cutLines([...last, restOf(0)], budget, (left) => restOf(left - 1))
}
