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
  /** Shows only these spans, or those for which this is true, and the ones above them. */
  readonly only?: Iterable<SpanNode> | ((node: SpanNode) => boolean)
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

/** Several like siblings that get one row. */
type Group = readonly [SpanNode, ...SpanNode[]]

interface Waiting {
  readonly node: SpanNode
  /** The like siblings of which it is the first. */
  readonly group: Group | undefined
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
  const visible = (nodes: readonly SpanNode[]): readonly SpanNode[] =>
    shown === undefined ? nodes : nodes.filter(({ place }) => shown[place] === 1)
  const push = (nodes: readonly SpanNode[], folds: Folds | undefined, depth: number, above: string): void => {
    let last = true
    for (let at = nodes.length - 1; at >= 0; at--) {
      const node = nodes[at]
      if (node === undefined || folds?.within.has(node) === true) continue
      waiting.push({ node, group: folds?.groups.get(node), depth, above, last })
      last = false
    }
  }
  push(visible(roots), undefined, 0, '')
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { node, group, depth, above, last } = next
    const isLeaf = group !== undefined || collapsed?.(node) === true
    const children = isLeaf ? [] : visible(node.children)
    let hidden = group === undefined ? node.size - 1 : sizeOf(group) - group.length
    for (const child of children) hidden -= child.size
    rows.push({
      node,
      fold: group === undefined ? undefined : foldOf(group),
      depth,
      guides: depth === 0 ? '' : above + (last ? '└' : '├'),
      hidden,
      isCritical: group === undefined ? node.critical.length > 0 : group.some(({ critical }) => critical.length > 0),
    })
    if (children.length === 0) continue
    const below = depth === 0 || above.length >= MOST_GUIDES - 1 ? above : above + (last ? ' ' : '│')
    push(children, children.length < foldFrom ? undefined : foldsOf(children, foldFrom), depth + 1, below)
  }
  return rows
}

function sizeOf(group: Group): number {
  return group.reduce((sum, { size }) => sum + size, 0)
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

interface Folds {
  /** By the first of each. */
  readonly groups: ReadonlyMap<SpanNode, Group>
  /** Those that are in a group and not the first of it. */
  readonly within: ReadonlySet<SpanNode>
}

function foldsOf(children: readonly SpanNode[], foldFrom: number): Folds | undefined {
  const alike = new Map<string, [SpanNode, ...SpanNode[]]>()
  for (const child of children) {
    const key = likeness(child)
    const group = key === undefined ? undefined : alike.get(key)
    if (group !== undefined) group.push(child)
    else if (key !== undefined) alike.set(key, [child])
  }
  const groups = [...alike.values()].filter(({ length }) => length >= foldFrom)
  if (groups.length === 0) return undefined
  return {
    groups: new Map(groups.map((group) => [group[0], group])),
    within: new Set(groups.flatMap((group) => group.slice(1))),
  }
}

/** What siblings that may be folded have in common. */
function likeness({ span, service, failed }: SpanNode): string | undefined {
  if (failed > 0 || span.finish === undefined) return undefined
  return `${service}\n${span.kind}\n${span.name}`
}

/** @returns not 0 at the places of those that are shown */
function withAncestors(roots: readonly SpanNode[], only: NonNullable<RowOptions['only']>): Uint8Array {
  const shown = new Uint8Array(roots.reduce((most, { place, size }) => Math.max(most, place + size), 0))
  const show = (node: SpanNode): void => {
    for (let at: SpanNode | undefined = node; at !== undefined && shown[at.place] !== 1; at = at.parent) {
      // Of another part of the tree: its parents may be in this one, but it is not drawn.
      if (at.place >= shown.length) break
      shown[at.place] = 1
    }
  }
  if (typeof only !== 'function') {
    for (const node of only) show(node)
    return shown
  }
  const waiting = [...roots]
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    for (const child of node.children) waiting.push(child)
    if (only(node)) show(node)
  }
  return shown
}
