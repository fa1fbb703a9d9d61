import { isFailed, laterRecord, type Span, serviceOf } from '@trace/core/spans'
import { markCriticalPath } from './critical-path.js'
import type { CriticalStretch, MutableNode, SpanNode, TraceTree } from './node.js'

/** Most spans are not on the critical path: they share one list. */
const NOT_CRITICAL: CriticalStretch[] = []

/** Options of {@link buildTree}. */
export interface TreeOptions {
  /** Whether a span has failed: for spans whose data is not at hand. Default: core's `isFailed`, which looks into its data. */
  readonly isFailed?: (span: Span) => boolean
}

/**
 * Builds the tree of a trace, in linear time but for sorting. The spans may be in any order; there may be several records of a
 * span, several roots, missing parents, and parents that form a circle. Each span is in the result once: of several records the
 * last one that is finished, or the last one if none is.
 *
 * @param spans the spans of one trace
 */
export function buildTree(spans: Iterable<Span>, options: TreeOptions = {}): TraceTree {
  const { isFailed: failed = isFailed } = options
  const nodes = new Map<bigint, MutableNode>()
  for (const span of spans) {
    const node = nodes.get(span.spanId)
    if (node === undefined) nodes.set(span.spanId, nodeOf(span))
    else node.span = laterRecord(node.span, span)
  }
  const { start, finish } = rangeOf(nodes.values())
  const duration = Number(finish - start)
  const services = new Map<string, string>()
  for (const node of nodes.values()) {
    const { span } = node
    node.service = services.get(span.process) ?? serviceOf(span.process)
    services.set(span.process, node.service)
    node.start = Number(span.start - start)
    node.end = span.finish === undefined ? duration : Number(span.finish - start)
    node.duration = node.end - node.start
    if (failed(span)) node.failed = 1
  }
  const roots = linkParents(nodes)
  cutCircles(nodes, roots)
  roots.sort(byStart)
  for (const node of nodes.values()) if (node.children.length > 1) node.children.sort(byStart)
  const inOrder = readingOrder(roots)
  sumUp(inOrder)
  return {
    traceId: inOrder[0]?.span.traceId ?? 0n,
    roots,
    nodes: inOrder,
    start,
    duration,
    failed: roots.reduce((sum, root) => sum + root.failed, 0),
    open: inOrder.reduce((sum, { span }) => sum + (span.finish === undefined ? 1 : 0), 0),
    services: [...new Set(inOrder.map(({ service }) => service))],
    criticalPath: roots[0] === undefined ? [] : markCriticalPath(roots[0]),
  }
}

function rangeOf(nodes: Iterable<SpanNode>): { readonly start: bigint; readonly finish: bigint } {
  let [start, finish]: [bigint | undefined, bigint] = [undefined, 0n]
  for (const { span } of nodes) {
    const begin = span.start
    if (start === undefined) [start, finish] = [begin, begin]
    if (begin < start) start = begin
    const end = span.finish ?? begin
    if (end > finish) finish = end
    if (begin > finish) finish = begin
  }
  return { start: start ?? 0n, finish }
}

/** What depends on other spans is filled in later. */
function nodeOf(span: Span): MutableNode {
  return {
    span,
    service: '',
    parent: undefined,
    children: [],
    depth: 0,
    cutOff: undefined,
    start: 0,
    end: 0,
    duration: 0,
    selfTime: 0,
    critical: NOT_CRITICAL,
    size: 1,
    failed: 0,
  }
}

/** @returns the spans that have no parent here */
function linkParents(nodes: ReadonlyMap<bigint, MutableNode>): MutableNode[] {
  const roots: MutableNode[] = []
  for (const node of nodes.values()) {
    const { parentId } = node.span
    const parent = parentId === 0n ? undefined : nodes.get(parentId)
    if (parent !== undefined && parent !== node) {
      node.parent = parent
      parent.children.push(node)
      continue
    }
    if (parent === node) node.cutOff = 'circle'
    else if (parentId !== 0n) node.cutOff = 'parent missing'
    roots.push(node)
  }
  return roots
}

/** Spans that no root leads to hang on a circle. The earliest span of each circle becomes a root. */
function cutCircles(nodes: ReadonlyMap<bigint, MutableNode>, roots: MutableNode[]): void {
  if (roots.reduce((sum, root) => sum + countBelow(root), 0) === nodes.size) return
  const reached = new Set<MutableNode>()
  for (const root of roots) reach(root, reached)
  for (const node of nodes.values()) {
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

function byStart(a: MutableNode, b: MutableNode): number {
  // Offsets are compared first, since reading a bigint may make one. Of two that are the same, the starts can differ.
  if (a.start !== b.start) return a.start - b.start
  if (a.span.start !== b.span.start) return a.span.start < b.span.start ? -1 : 1
  return a.span.spanId < b.span.spanId ? -1 : 1
}

function readingOrder(roots: readonly MutableNode[]): MutableNode[] {
  const inOrder: MutableNode[] = []
  const waiting = roots.toReversed()
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    inOrder.push(node)
    for (let at = node.children.length - 1; at >= 0; at--) {
      const child = node.children[at]
      if (child === undefined) continue
      child.depth = node.depth + 1
      waiting.push(child)
    }
  }
  return inOrder
}

/** Fills in what a span says of those below it: the last of the order comes first. */
function sumUp(inOrder: readonly MutableNode[]): void {
  for (let at = inOrder.length - 1; at >= 0; at--) {
    const node = inOrder[at]
    if (node === undefined) continue
    node.selfTime = selfTimeOf(node)
    if (node.parent === undefined) continue
    node.parent.size += node.size
    node.parent.failed += node.failed
  }
}

function selfTimeOf({ start, end, children }: SpanNode): number {
  let covered = 0
  let coveredTo = start
  for (const child of children) {
    const from = Math.max(child.start, coveredTo)
    const to = Math.min(child.end, end)
    if (to <= from) continue
    covered += to - from
    coveredTo = to
  }
  return Math.max(0, end - start - covered)
}
