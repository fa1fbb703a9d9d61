import { buildTree, type PrintOptions, type SpanNode, type TraceTree, traceLines } from '@trace/analysis'
import { isFailed } from '@trace/core/spans'
import { spanToJsonLine } from '@trace/jsonrec'
import { isSource } from '../sources/locate.js'
import { openSources } from '../sources/open.js'
import { resolveTrace } from '../sources/resolve.js'
import { bytesOfLines, cutLines } from '../terminal/budget.js'
import { type Context, EXIT, Failure, print } from '../terminal/context.js'
import { printable } from '../terminal/json.js'
import { styleOf, treeWidth } from '../terminal/style.js'

/** Options of `trace show`. */
export interface ShowFlags {
  readonly from?: readonly string[]
  readonly data?: boolean
  readonly span?: string
  readonly noFold?: boolean
  readonly json?: boolean
  readonly budget?: number
}

/** `trace show`. */
export async function showTrace(context: Context, flags: ShowFlags, words: readonly string[]): Promise<void> {
  const ids = words.filter((word) => !isSource(word))
  const [id = 'last'] = ids
  if (ids.length > 1) throw new Failure(`expected one trace, got ${ids.join(' and ')}`)
  const { reader } = await openSources(context, [...(flags.from ?? []), ...words.filter(isSource)])
  const spans = await resolveTrace(context, reader, id)
  const tree = buildTree(spans)
  const root = flags.span === undefined ? undefined : spanOf(tree, flags.span)
  if (flags.json === true) {
    const nodes = root === undefined ? tree.nodes : subtree(root)
    print(
      context,
      cutLines(
        nodes.map(({ span }) => printable(spanToJsonLine(span).trimEnd())),
        flags.budget,
        'a larger --budget, or --span ID',
      ),
    )
    return
  }
  const options: PrintOptions = {
    width: treeWidth(context),
    ...styleOf(context),
    foldFrom: flags.noFold === true ? Infinity : 5,
    data: flags.data === true ? 'all' : 'line',
    ...(root === undefined ? {} : { root }),
  }
  print(context, fitted(tree, options, flags.budget))
}

/** @throws {Failure} if the trace has no such span, or several */
function spanOf(tree: TraceTree, wanted: string): SpanNode {
  const found = tree.nodes.filter(({ span }) => String(span.spanId) === wanted)
  const [node] = found.length > 0 ? found : tree.nodes.filter(({ span }) => String(span.spanId).startsWith(wanted))
  if (node !== undefined) return node
  throw new Failure(
    `trace ${tree.traceId} has no span ${wanted}. trace show ${tree.traceId} --json lists their ids`,
    EXIT.nothing,
  )
}

function subtree(root: SpanNode): SpanNode[] {
  const nodes: SpanNode[] = []
  const waiting = [root]
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    nodes.push(node)
    waiting.push(...node.children.toReversed())
  }
  return nodes
}

/** The lines of a trace, ever more folded until they fit. */
function fitted(tree: TraceTree, options: PrintOptions, budget: number | undefined): string[] {
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
