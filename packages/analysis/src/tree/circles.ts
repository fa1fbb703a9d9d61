import type { MutableNode } from './node.js'

/** Spans that no root leads to hang on a circle. The earliest span of each circle becomes a root. */
export function cutCircles(nodes: readonly MutableNode[], roots: MutableNode[]): void {
  if (roots.reduce((sum, root) => sum + countBelow(root), 0) === nodes.length) return
  const reached = new Set<MutableNode>()
  for (const root of roots) reach(root, reached)
  for (const node of nodes) {
    if (reached.has(node)) continue
    const first = circleAbove(node).reduce((a, b) => (byStart(a, b) <= 0 ? a : b))
    first.parent?.children.splice(first.parent.children.indexOf(first), 1)
    first.parent = undefined
    first.cutOff = 'circle'
    roots.push(first)
    reach(first, reached)
  }
}

/** Of a root: with itself. */
function countBelow(root: MutableNode): number {
  let count = 0
  const waiting = [root]
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    count++
    for (const child of node.children) waiting.push(child)
  }
  return count
}

function reach(root: MutableNode, reached: Set<MutableNode>): void {
  const waiting = [root]
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    reached.add(node)
    for (const child of node.children) waiting.push(child)
  }
}

/** The nodes of the circle that the parents of a node lead to. */
function circleAbove(start: MutableNode): MutableNode[] {
  const path = new Set<MutableNode>()
  let node: MutableNode | undefined = start
  while (node !== undefined && !path.has(node)) {
    path.add(node)
    node = node.parent
  }
  const line = [...path]
  return node === undefined ? line : line.slice(line.indexOf(node))
}

export function byStart(a: MutableNode, b: MutableNode): number {
  // Offsets are compared first, since reading a bigint may make one. Of two that are the same, the starts can differ.
  if (a.start !== b.start) return a.start - b.start
  if (a.span.start !== b.span.start) return a.span.start < b.span.start ? -1 : 1
  return a.span.spanId < b.span.spanId ? -1 : 1
}
