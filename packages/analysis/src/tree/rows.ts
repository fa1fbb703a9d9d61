import type { SpanNode } from './node.js'

/** How many levels have guides. Deeper rows have the guides of this level. */
export const MOST_GUIDES = 20

/** Options of {@link rowsOf}. */
export interface RowOptions {
  /**
   * From how many like siblings on one row stands for all of them: children of one span with the same service, kind and name,
   * finished, and nothing failed in or below them. `Infinity` folds none. Default: 5.
   */
  readonly foldFrom?: number
  /** Spans whose descendants are left out. */
  readonly collapsed?: (node: SpanNode) => boolean
  /** Shows only the spans for which this is true, and those above them. */
  readonly only?: (node: SpanNode) => boolean
}

/** Like siblings that one row stands for. */
export interface Fold {
  /** Sorted by start. */
  readonly nodes: readonly SpanNode[]
  /** The sum of their durations, in ns. */
  readonly duration: number
  /** The sum of their self times, in ns. */
  readonly selfTime: number
  readonly slowest: SpanNode
}

/** A line of a drawn tree: a span, or several like siblings. */
export interface Row {
  /** The span; of like siblings the first. */
  readonly node: SpanNode
  readonly fold: Fold | undefined
  /** How many rows are above it in the tree. */
  readonly depth: number
  /**
   * The lines that lead to it, a character for each level: `│` where a line goes on, ` ` where none does, and at last `├` or `└`.
   * Empty for roots. At most 20 levels have one.
   */
  readonly guides: string
  /** How many spans below this row have no row: they are collapsed, folded away, or not shown. */
  readonly hidden: number
  /** Whether the trace waited for it; for like siblings, whether it waited for one of them. */
  readonly isCritical: boolean
}

/** A span, or several like siblings, that get a row. */
type Group = readonly [SpanNode, ...SpanNode[]]

interface Waiting {
  readonly group: Group
  readonly depth: number
  readonly above: string
  readonly last: boolean
}

/**
 * The rows of a drawn tree, from top to bottom, in linear time.
 *
 * @param roots of a {@link TraceTree}, or any of its nodes, to draw what is below it
 */
export function rowsOf(roots: readonly SpanNode[], options: RowOptions = {}): Row[] {
  const { foldFrom = 5, collapsed, only } = options
  const shown = only === undefined ? undefined : withAncestors(roots, only)
  const rows: Row[] = []
  const waiting: Waiting[] = []
  const push = (groups: readonly Group[], depth: number, above: string): void => {
    for (let at = groups.length - 1; at >= 0; at--) {
      const group = groups[at]
      if (group !== undefined) waiting.push({ group, depth, above, last: at === groups.length - 1 })
    }
  }
  const visible = (nodes: readonly SpanNode[]): readonly SpanNode[] =>
    shown === undefined ? nodes : nodes.filter((node) => shown.has(node))
  push(
    visible(roots).map((root): Group => [root]),
    0,
    '',
  )
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { group, depth, above, last } = next
    const [node] = group
    const isLeaf = group.length > 1 || collapsed?.(node) === true
    const children = isLeaf ? [] : visible(node.children)
    const size = group.reduce((sum, each) => sum + each.size, 0) - group.length
    const kept = children.reduce((sum, child) => sum + child.size, 0)
    rows.push({
      node,
      fold: group.length > 1 ? foldOf(group) : undefined,
      depth,
      guides: depth === 0 ? '' : above + (last ? '└' : '├'),
      hidden: size - kept,
      isCritical: group.some(({ critical }) => critical.length > 0),
    })
    const below = depth === 0 || above.length >= MOST_GUIDES - 1 ? above : above + (last ? ' ' : '│')
    push(groupsOf(children, foldFrom), depth + 1, below)
  }
  return rows
}

function foldOf(nodes: Group): Fold {
  let duration = 0
  let selfTime = 0
  let slowest = nodes[0]
  for (const node of nodes) {
    duration += node.duration
    selfTime += node.selfTime
    if (node.duration > slowest.duration) slowest = node
  }
  return { nodes, duration, selfTime, slowest }
}

function groupsOf(children: readonly SpanNode[], foldFrom: number): Group[] {
  if (children.length < foldFrom) return children.map((child) => [child])
  const alike = new Map<string, [SpanNode, ...SpanNode[]]>()
  for (const child of children) {
    const key = likeness(child)
    const group = key === undefined ? undefined : alike.get(key)
    if (group !== undefined) group.push(child)
    else if (key !== undefined) alike.set(key, [child])
  }
  return children.flatMap((child): Group[] => {
    const key = likeness(child)
    const group = key === undefined ? undefined : alike.get(key)
    if (group === undefined || group.length < foldFrom) return [[child]]
    return group[0] === child ? [group] : []
  })
}

/** What siblings that may be folded have in common. */
function likeness({ span, service, failed }: SpanNode): string | undefined {
  if (failed > 0 || span.finish === undefined) return undefined
  return `${service}\n${span.kind}\n${span.name}`
}

function withAncestors(roots: readonly SpanNode[], only: (node: SpanNode) => boolean): Set<SpanNode> {
  const shown = new Set<SpanNode>()
  const waiting = [...roots]
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    for (const child of node.children) waiting.push(child)
    if (!only(node)) continue
    for (let at: SpanNode | undefined = node; at !== undefined && !shown.has(at); at = at.parent) shown.add(at)
  }
  return shown
}
