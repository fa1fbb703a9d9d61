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
  if ('span' in within) {
    const gaps: Gap[] = []
    const { start, end, children } = within
    if (children.length > 0) addGaps(gaps, children, { node: within, start, end }, least)
    return gaps
  }
  const { nodes, roots, duration } = within
  if (roots.some(({ start, end }) => start === 0 && end === duration)) return []
  // Spans may outlive those that began them, so all of them count.
  const still = stillness(nodes, duration, least)
  const [after, before] = [new Map<number, SpanNode | undefined>(), new Map<number, SpanNode | undefined>()]
  for (const [start, end] of still) {
    after.set(start, undefined)
    before.set(end, undefined)
  }
  if (still.length > 0) {
    for (const node of nodes) {
      if (after.has(node.end)) after.set(node.end, after.get(node.end) ?? node)
      if (before.has(node.start)) before.set(node.start, before.get(node.start) ?? node)
    }
  }
  return still.map(([start, end]) => ({
    node: undefined,
    start,
    end,
    after: after.get(start),
    before: before.get(end),
  }))
}

/**
 * When no span runs: as many have ended as have begun. Starts and ends are sorted each on their own, as numbers, which takes a fraction of the
 * time that it takes to sort many spans.
 */
function stillness(nodes: readonly SpanNode[], duration: number, least: number): (readonly [number, number])[] {
  const [starts, ends] = [new Float64Array(nodes.length), new Float64Array(nodes.length)]
  for (let at = 0; at < nodes.length; at++) {
    const { start = 0, end = 0 } = nodes[at] ?? {}
    starts[at] = start
    // A clock that ran backwards ends no other span.
    ends[at] = Math.max(start, end)
  }
  starts.sort()
  ends.sort()
  const found: (readonly [number, number])[] = []
  for (let at = 0; at <= nodes.length; at++) {
    const from = ends[at - 1] ?? 0
    const to = starts[at] ?? duration
    if (to - from >= least) found.push([from, to])
  }
  return found
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
