import { type PrintOptions, type SpanNode, type TraceTree, traceLines } from '@trace/analysis'
import { isFailed } from '@trace/core/spans'
import { bytesOfLines, cutLines } from '../terminal/budget.js'

/** The lines of a trace, ever more folded until they fit. */
export function fitted(tree: TraceTree, options: PrintOptions, budget: number | undefined): string[] {
  const whole = traceLines(tree, options)
  if (budget === undefined || bytesOfLines(whole) <= budget) return whole
  const isTold = (node: SpanNode): boolean =>
    node.critical.length > 0 || isFailed(node.span) || node.span.finish === undefined
  const folded: PrintOptions = { ...options, foldFrom: 2, data: 'none' }
  const steps: readonly (readonly [string, PrintOptions])[] = [
    ['like siblings are one line, and data is left out', folded],
    ['also stacks are left out', { ...folded, stacks: false }],
    ['only failed and open spans, and those that the trace waited for', { ...folded, stacks: false, only: isTold }],
    [
      'only failed and open spans',
      { ...folded, stacks: false, only: (node) => (isTold(node) && node.critical.length === 0) || node.depth === 0 },
    ],
  ]
  const room = budget - 200
  const hint = `trace show ${tree.traceId} --span ID for what is below one, or a larger --budget`
  for (const [what, step] of steps) {
    const lines = traceLines(tree, step)
    if (bytesOfLines(lines) <= room) return [...lines, `… to fit ${budget} bytes: ${what}; ${hint}`]
  }
  const last = traceLines(tree, { ...folded, stacks: false, only: isTold })
  return cutLines(last, budget, hint)
}
