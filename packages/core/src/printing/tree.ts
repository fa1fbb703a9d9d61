import type { Span } from '../contract/span.js'
import { eachOnce } from '../store/query.js'

/** A span in its place in the tree of its trace. */
export interface SpanNode {
  readonly span: Span
  /** In order of start. */
  readonly children: readonly SpanNode[]
  /**
   * Why a root that has a parent is a root all the same: its parent is not among the spans (it is not stored, or is
   * another system's), or its parents run in a circle, which was cut here. Undefined for any other node.
   */
  readonly cutOff?: 'parent missing' | 'circle'
}

interface MutableNode {
  readonly span: Span
  readonly children: MutableNode[]
  cutOff?: 'parent missing' | 'circle'
}

/**
 * Builds the tree of a trace, whatever came of it: spans in any order, several records of one span (of which it takes the
 * last, and rather a finished one), several roots, missing parents, and parents that run in a circle. Every span is in the
 * result once.
 *
 * @param spans of one trace
 * @returns the roots, in order of start: spans without a parent, and those cut off from theirs
 */
export function buildTree(spans: Iterable<Span>): SpanNode[] {
  const nodes = new Map<bigint, MutableNode>()
  for (const span of eachOnce(spans)) nodes.set(span.spanId, { span, children: [] })
  const roots: MutableNode[] = []
  for (const node of nodes.values()) {
    const parent = nodes.get(node.span.parentId)
    if (parent !== undefined && parent !== node) {
      parent.children.push(node)
      continue
    }
    if (parent === node) node.cutOff = 'circle'
    else if (node.span.parentId !== 0n) node.cutOff = 'parent missing'
    roots.push(node)
  }
  cutCircles(nodes, roots)
  roots.sort(byStart)
  for (const node of nodes.values()) node.children.sort(byStart)
  return roots
}

/** What no root leads to hangs on a circle: the earliest span of each circle becomes a root. */
function cutCircles(nodes: ReadonlyMap<bigint, MutableNode>, roots: MutableNode[]): void {
  const reached = new Set<MutableNode>()
  for (const root of roots) reach(root, reached)
  if (reached.size === nodes.size) return
  for (const node of nodes.values()) {
    if (reached.has(node)) continue
    const first = circleAbove(node, nodes).reduce((a, b) => (byStart(a, b) <= 0 ? a : b))
    const parent = nodes.get(first.span.parentId)
    parent?.children.splice(parent.children.indexOf(first), 1)
    first.cutOff = 'circle'
    roots.push(first)
    reach(first, reached)
  }
}

function reach(root: MutableNode, reached: Set<MutableNode>): void {
  const waiting = [root]
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    reached.add(node)
    for (const child of node.children) waiting.push(child)
  }
}

/** The nodes of the circle that a node's parents lead into. */
function circleAbove(start: MutableNode, nodes: ReadonlyMap<bigint, MutableNode>): MutableNode[] {
  const path = new Set<MutableNode>()
  let node: MutableNode | undefined = start
  while (node !== undefined && !path.has(node)) {
    path.add(node)
    node = nodes.get(node.span.parentId)
  }
  const line = [...path]
  return node === undefined ? line : line.slice(line.indexOf(node))
}

function byStart(a: MutableNode, b: MutableNode): number {
  if (a.span.start !== b.span.start) return a.span.start < b.span.start ? -1 : 1
  return a.span.spanId < b.span.spanId ? -1 : 1
}
