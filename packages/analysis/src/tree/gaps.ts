import type { SpanNode, TraceTree } from './node.js'

/** A stretch of time in which nothing is recorded. */
export interface Gap {
  /** The span that ran without any of its children; undefined where no span of the trace ran at all. */
  readonly node: SpanNode | undefined
  /** In ns from the start of the trace. */
  readonly start: number
  readonly end: number
  /** What ended last before it, and what began first after it: children of the span, or roots; undefined at its ends. */
  readonly after: SpanNode | undefined
  readonly before: SpanNode | undefined
}

/**
 * Finds where the time of a trace goes unseen: stretches of a span between its children, before the first and after the last, and
 * stretches in which no span ran.
 *
 * @param least how long a stretch is at least, in ns. Default: a tenth of the trace
 * @returns the longest first
 */
export function gapsOf(tree: TraceTree, least: number = Math.max(1, tree.duration / 10)): Gap[] {
  const gaps = gapsIn(tree, least)
  for (const node of tree.nodes) for (const gap of gapsIn(node, least)) gaps.push(gap)
  return gaps.sort((a, b) => b.end - b.start - (a.end - a.start) || a.start - b.start)
}

/**
 * Finds the stretches of one span in which none of its children ran, or those of a trace in which no span ran.
 *
 * @param least how long a stretch is at least, in ns
 * @returns the earliest first; none of a span without children
 */
export function gapsIn(within: SpanNode | TraceTree, least: number): Gap[] {
  const gaps: Gap[] = []
  if ('span' in within) {
    const { start, end, children } = within
    if (children.length > 0) addGaps(gaps, children, { node: within, start, end }, least)
    return gaps
  }
  const { nodes, roots, duration } = within
  if (roots.some(({ start, end }) => start === 0 && end === duration)) return gaps
  // Spans may outlive those that began them, so all of them count, in the order of their starts.
  const all = nodes.toSorted((a, b) => a.start - b.start)
  addGaps(gaps, all, { node: undefined, start: 0, end: duration }, least)
  return gaps
}

function addGaps(
  gaps: Gap[],
  nodes: readonly SpanNode[],
  within: Pick<Gap, 'node' | 'start' | 'end'>,
  least: number,
): void {
  let coveredTo = within.start
  let after: SpanNode | undefined
  for (const node of nodes) {
    const from = Math.min(node.start, within.end)
    if (from - coveredTo >= least) gaps.push({ node: within.node, start: coveredTo, end: from, after, before: node })
    if (node.end <= coveredTo) continue
    coveredTo = node.end
    after = node
  }
  if (within.end - coveredTo >= least)
    gaps.push({ node: within.node, start: coveredTo, end: within.end, after, before: undefined })
}
