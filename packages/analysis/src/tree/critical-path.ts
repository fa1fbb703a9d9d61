import type { CriticalStretch, TreeNode } from './node.js'

interface Stretch extends CriticalStretch {
  readonly node: TreeNode
}

/** A span that is being walked backwards, from its end to its start. */
interface Walk {
  readonly node: TreeNode
  /** Those that it may have waited for, by their ends; the last one is next. */
  readonly waitedFor: readonly TreeNode[]
  next: number
  /** What is before this time is not on the path: the span had not begun, or its parent had not. */
  readonly from: number
  /** What is after this time is on the path already. */
  until: number
}

/**
 * Finds what a span waited for: backwards from its end, always the child that ended last before the time reached. A child that
 * outlives its parent in the same process was not waited for, and neither was one that is open below a finished one. One that
 * outlives it in another process was: clocks differ, so what is beyond the parent is cut.
 *
 * @returns the stretches, the earliest first, which each node has in `critical` too
 */
export function markCriticalPath(root: TreeNode): CriticalStretch[] {
  const backwards: Stretch[] = []
  const walks = [walkOf(root, root.start, root.end)]
  for (let walk = walks.at(-1); walk !== undefined; walk = walks.at(-1)) {
    const child = nextWaitedFor(walk)
    if (child === undefined) {
      add(backwards, walk.node, walk.from, walk.until)
      walks.pop()
      continue
    }
    const end = Math.min(child.end, walk.node.end)
    add(backwards, walk.node, end, walk.until)
    walk.until = Math.max(child.start, walk.from)
    walks.push(walkOf(child, walk.until, end))
  }
  const path = backwards.toReversed()
  for (const stretch of path) mark(stretch)
  return path
}

function walkOf(node: TreeNode, from: number, until: number): Walk {
  const waitedFor = node.children.filter((child) => isWaitedFor(child, node))
  waitedFor.sort((a, b) => Math.min(a.end, node.end) - Math.min(b.end, node.end) || a.start - b.start)
  return { node, waitedFor, next: waitedFor.length - 1, from, until }
}

function isWaitedFor(child: TreeNode, parent: TreeNode): boolean {
  if (child.end <= parent.start || child.start >= parent.end || child.end <= child.start) return false
  if (parent.span.finish === undefined) return true
  if (child.span.finish === undefined) return false
  return child.end <= parent.end || child.span.process !== parent.span.process
}

function nextWaitedFor(walk: Walk): TreeNode | undefined {
  while (walk.next >= 0 && walk.until > walk.from) {
    const child = walk.waitedFor[walk.next--]
    if (child === undefined || child.end <= walk.from) continue
    // Another that is on the path already ran at the time when this one ended.
    if (Math.min(child.end, walk.node.end) <= walk.until) return child
  }
  return undefined
}

function add(backwards: Stretch[], node: TreeNode, start: number, end: number): void {
  if (end > start) backwards.push({ node, start, end })
}

function mark(stretch: Stretch): void {
  const { node } = stretch
  if (node.critical.length === 0) node.critical = [stretch]
  else node.critical.push(stretch)
}
