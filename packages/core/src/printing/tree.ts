import type { Span } from '../contract/span.js'
import { eachOnce } from '../store/query.js'

/** A span in its place in the tree of its trace. */
export interface SpanNode {
  readonly span: Span
  /** Sorted by start. */
  readonly children: readonly SpanNode[]
  /**
   * Why a span with a parent is a root: its parent is missing (it is not stored, or belongs to another system), or its parents
   * form a circle, which was cut here. Undefined for other spans.
   */
  readonly cutOff?: 'parent missing' | 'circle'
}

interface MutableNode {
  readonly span: Span
  readonly children: MutableNode[]
  cutOff?: 'parent missing' | 'circle'
}

/**
 * Builds the tree of a trace. The spans may be in any order; there may be several records of a span, several roots, missing
 * parents, and parents that form a circle. Each span is in the result once: of several records the last one that is finished, or
 * the last one if none is.
 *
 * @param spans the spans of one trace
 * @returns the roots, sorted by start: spans without a parent, and those that are cut off from theirs
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

/** Spans that no root leads to hang on a circle. The earliest span of each circle becomes a root. */
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

/** The nodes of the circle that the parents of a node lead to. */
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
