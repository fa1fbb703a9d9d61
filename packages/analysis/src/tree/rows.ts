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

/** Set in {@link TreeRow.lines} where the row is not the last of its siblings. */
const GOES_ON = 1 << (MOST_GUIDES - 1)

/** There may be hundreds of thousands, of which few are seen: guides are made when they are asked for. */
class TreeRow implements Row {
  readonly node: SpanNode
  readonly fold: Fold | undefined
  readonly depth: number
  /** A bit for each level above, from depth 1 on, where a line goes on; and {@link GOES_ON}. */
  lines: number
  readonly isCritical: boolean
  hidden = 0

  constructor(node: SpanNode, group: Group | undefined, depth: number, lines: number) {
    this.node = node
    this.fold = group === undefined ? undefined : foldOf(group)
    this.depth = depth
    this.lines = lines
    this.isCritical = group === undefined ? node.critical.length > 0 : group.some(({ critical }) => critical.length > 0)
  }

  get guides(): string {
    const { depth, lines } = this
    if (depth === 0) return ''
    let guides = ''
    for (let level = 1; level < Math.min(depth, MOST_GUIDES); level++) guides += (lines >> (level - 1)) & 1 ? '│' : ' '
    return guides + (lines & GOES_ON ? '├' : '└')
  }

  /** What its children have of {@link lines}. */
  get linesBelow(): number {
    const { depth, lines } = this
    const own = (lines & GOES_ON) !== 0 && depth > 0 && depth < MOST_GUIDES ? 1 << (depth - 1) : 0
    return (lines & ~GOES_ON) | own
  }
}

/**
 * The rows of a drawn tree, from top to bottom, in linear time.
 *
 * @param roots of a {@link TraceTree}, or any of its nodes, to draw what is below it
 */
export function rowsOf(roots: readonly SpanNode[], options: RowOptions = {}): Row[] {
  const { foldFrom = 5, collapsed, only } = options
  const shown = only === undefined ? undefined : withAncestors(roots, only)
  const isShown = ({ place }: SpanNode): boolean => shown === undefined || shown[place] === 1
  const rows: Row[] = []
  // No more is kept of each than the row itself: there may be hundreds of thousands.
  const waiting: TreeRow[] = []
  /** @returns how many spans the subtrees of those that are shown have */
  const push = (nodes: readonly SpanNode[], folds: Folds | undefined, depth: number, above: number): number => {
    let lines = above
    let shownBelow = 0
    for (let at = nodes.length - 1; at >= 0; at--) {
      const node = nodes[at]
      if (node === undefined || !isShown(node)) continue
      shownBelow += node.size
      if (folds?.within.has(node) === true) continue
      waiting.push(new TreeRow(node, folds?.groups.get(node), depth, lines))
      lines = above | GOES_ON
    }
    return shownBelow
  }
  push(roots, undefined, 0, 0)
  for (let row = waiting.pop(); row !== undefined; row = waiting.pop()) {
    rows.push(row)
    const { node, fold, depth } = row
    const { children } = node
    row.hidden = fold === undefined ? node.size - 1 : fold.nodes.reduce((sum, { size }) => sum + size - 1, 0)
    if (row.hidden === 0 || fold !== undefined || collapsed?.(node) === true) continue
    const folds = children.length < foldFrom ? undefined : foldsOf(children.filter(isShown), foldFrom)
    row.hidden -= push(children, folds, depth + 1, row.linesBelow)
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
  const listed = new Set(typeof only === 'function' ? [] : only)
  const isFound = typeof only === 'function' ? only : (node: SpanNode) => listed.has(node)
  const waiting = [...roots]
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    for (const child of node.children) waiting.push(child)
    if (isFound(node))
      for (let at: SpanNode | undefined = node; at !== undefined && shown[at.place] !== 1; at = at.parent)
        shown[at.place] = 1
  }
  return shown
}
