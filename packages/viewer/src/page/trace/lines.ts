import { type Row, rowsOf, type SpanNode } from '@trace/analysis'
import type { TraceModel } from './model.js'

/** A line that is seen: a span, or like siblings folded into one. */
export interface Line {
  /** The span's id; of folded ones, `f` and the first one's. */
  readonly id: string
  readonly row: Row
  readonly node: SpanNode
  readonly depth: number
  /** In ns from the trace's start: of folded ones, from the first start to the last end. */
  readonly start: number
  readonly end: number
  readonly canToggle: boolean
  readonly isClosed: boolean
}

/** What the reader has chosen to see. */
export interface Choice {
  /** The ids of the lines that the reader has closed, and of those that the reader has opened. */
  readonly closed: ReadonlySet<string>
  readonly opened: ReadonlySet<string>
  /** Spans at this depth are closed unless they were opened. */
  readonly level: number
  readonly folds: boolean
  /** The span that is shown as the root; undefined for all. */
  readonly root: SpanNode | undefined
  /** Whether a span is left out, unless what is below it is seen; undefined where none is. */
  readonly isHidden: ((node: SpanNode) => boolean) | undefined
}

/**
 * The lines that are seen.
 *
 * @param lens what a search has found: that and what is above it is shown, whatever is closed
 */
export function linesOf(
  { tree }: TraceModel,
  choice: Choice,
  lens: ReadonlySet<SpanNode> | undefined,
): readonly Line[] {
  const { isHidden, root, level, closed, opened } = choice
  const base = root?.depth ?? 0
  const isClosed = (node: SpanNode): boolean => {
    if (node.children.length === 0) return false
    // Ids as text take long to make: most traces have nothing closed.
    if (closed.size > 0 && closed.has(String(node.span.spanId))) return true
    return node.depth - base >= level && !opened.has(String(node.span.spanId))
  }
  const shows =
    lens === undefined
      ? (node: SpanNode) => isHidden?.(node) !== true || node.failed > 0
      : (node: SpanNode) => lens.has(node)
  const isLens = lens !== undefined
  const options = {
    foldFrom: choice.folds && !isLens ? 5 : Infinity,
    ...(isLens || isHidden !== undefined ? { only: shows } : {}),
    ...(isLens ? {} : { collapsed: isClosed }),
  }
  const lines: Line[] = []
  const add = (rows: readonly Row[], above: number): void => {
    for (const row of rows) {
      const line = lineOf(row, above, isLens ? undefined : isClosed, opened)
      lines.push(line)
      if (row.fold !== undefined && !line.isClosed)
        add(rowsOf(row.fold.nodes, { ...options, foldFrom: Infinity }), line.depth + 1)
    }
  }
  add(rowsOf(root === undefined ? tree.roots : [root], options), 0)
  return lines
}

function lineOf(
  row: Row,
  above: number,
  isClosed: ((node: SpanNode) => boolean) | undefined,
  opened: ReadonlySet<string>,
): Line {
  const { node, fold } = row
  const depth = row.depth + above
  if (fold === undefined) {
    const canToggle = isClosed !== undefined && node.children.length > 0
    return {
      id: String(node.span.spanId),
      row,
      node,
      depth,
      start: node.start,
      end: node.end,
      canToggle,
      isClosed: canToggle && isClosed(node),
    }
  }
  const id = `f${node.span.spanId}`
  let { start, end } = node
  for (const each of fold.nodes) {
    if (each.start < start) start = each.start
    if (each.end > end) end = each.end
  }
  return { id, row, node, depth, start, end, canToggle: true, isClosed: !opened.has(id) }
}
