import {
  buildTree,
  clockSkews,
  missingOf,
  noteLines,
  type PrintOptions,
  type SpanNode,
  type TraceTree,
  withoutSkew,
} from '@trace/analysis'
import { spanToJsonLine } from '@trace/jsonrec'
import { ledgersOf } from '../sources/ledgers.js'
import { sourceIn } from '../sources/locate.js'
import { openSources } from '../sources/open.js'
import { Places } from '../sources/places.js'
import { checkTraceId, resolveTrace } from '../sources/resolve.js'
import { bytesOfLines, cutLines } from '../terminal/budget.js'
import { type Context, EXIT, Failure, print, printObjects } from '../terminal/context.js'
import { spanLine } from '../terminal/json.js'
import { styleOf, treeLayout, wrapped } from '../terminal/style.js'
import { fitted } from './fitted.js'

/** Options of `trace show`. */
export interface ShowFlags {
  readonly from?: readonly string[]
  readonly data?: boolean
  readonly span?: string
  readonly noFold?: boolean
  readonly correctClocks?: boolean
  readonly place?: boolean
  readonly whole?: boolean
  readonly json?: boolean
  readonly budget?: number
}

/** `trace show`. */
export async function showTrace(context: Context, flags: ShowFlags, words: readonly string[]): Promise<void> {
  const isSource = sourceIn(context.cwd)
  const ids = words.filter((word) => !isSource(word))
  const [id = 'last'] = ids
  if (ids.length > 1) throw new Failure(`expected one trace, got ${ids.join(' and ')}`)
  checkTraceId(id)
  const reader = await openSources(context, [...(flags.from ?? []), ...words.filter(isSource)], flags)
  const places = flags.place === true ? new Places(context.cwd) : undefined
  const spans = await resolveTrace(context, reader, id, places?.onPlace)
  // Spans whose times are corrected are others.
  const placeOf = new Map(spans.map((span) => [span.spanId, places?.of(span)]))
  const recorded = buildTree(spans)
  const skews = clockSkews(recorded)
  const isCorrected = flags.correctClocks === true && skews.length > 0
  const tree = isCorrected ? buildTree(withoutSkew(spans, skews)) : recorded
  const root = flags.span === undefined ? undefined : spanOf(tree, flags.span)
  if (flags.json === true) {
    const nodes = root === undefined ? tree.nodes : subtree(root)
    const lines = nodes.map(({ span }) => spanLine(spanToJsonLine(span), placeOf.get(span.spanId)))
    return printObjects(context, lines, flags.budget)
  }
  const options: PrintOptions = {
    ...treeLayout(context),
    ...styleOf(context),
    foldFrom: flags.noFold === true ? Infinity : 5,
    data: flags.data === true ? 'all' : 'line',
    ...(root === undefined ? {} : { root }),
    ...(places === undefined ? {} : { note: ({ spanId }) => placeOf.get(spanId) }),
  }
  const missing = missingOf(tree, await ledgersOf(context, reader, spans))
  const notes = noteLines({ missing, skews, isCorrected }).flatMap((line) => wrapped(context, `! ${line}`))
  const { budget } = flags
  const told = cutLines(notes, budget && budget / 3, (left) => `! ${left} more lines: a larger --budget`)
  const { style = (line: string): string => line } = styleOf(context)
  const below = told.length > 0 ? ['', ...told.map((line) => style(line, 'failure'))] : []
  print(context, [...fitted(tree, options, budget && budget - bytesOfLines(below)), ...below])
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
