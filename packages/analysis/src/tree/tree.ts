import { isFailed, laterRecord, type Span, serviceOf } from '@trace/core/spans'
import { byStart, cutCircles } from './circles.js'
import { markCriticalPath } from './critical-path.js'
import type { CriticalStretch, MutableNode, SpanNode, TraceTree } from './node.js'

/** Most spans are not on the critical path: they share one list. */
const NOT_CRITICAL: CriticalStretch[] = []

/** Options of {@link buildTree}. */
export interface TreeOptions {
  /** Whether a span has failed: for spans whose data is not at hand. Default: core's `isFailed`, which looks into its data. */
  readonly isFailed?: (span: Span) => boolean
  /** What is known of the spans without a look at each. Default: they are looked at. */
  readonly table?: SpanTable
}

/**
 * Where the spans of a trace belong, and when they ran, in numbers, each at the place of its span: of spans that are kept as columns, whose fields
 * would have to be made anew whenever they are looked at. No two of the spans have the same id.
 */
export interface SpanTable {
  /** The places of their parents; -1 where a span has none, or where it is not there. */
  readonly parents: Int32Array
  /** The earliest start, in nanoseconds since the Unix epoch. */
  readonly start: bigint
  /** In ns from there. */
  readonly starts: Float64Array
  /** The same; not a number for spans that are open. */
  readonly finishes: Float64Array
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
  const { once, table } = options.table === undefined ? tabled(spans) : { once: spans, table: options.table }
  const nodes = Array.from(once, nodeOf)
  const duration = setTimes(nodes, table)
  const services = new Map<string, string>()
  for (const node of nodes) {
    const { process } = node.span
    let service = services.get(process)
    if (service === undefined) {
      service = serviceOf(process)
      services.set(process, service)
    }
    node.service = service
    if (failed(node.span)) node.failed = 1
  }
  const roots = linkParents(nodes, table.parents)
  cutCircles(nodes, roots)
  roots.sort(byStart)
  for (const node of nodes) if (node.children.length > 1) node.children.sort(byStart)
  const inOrder = readingOrder(roots)
  sumUp(inOrder)
  return {
    traceId: inOrder[0]?.span.traceId ?? 0n,
    roots,
    nodes: inOrder,
    start: table.start,
    duration,
    failed: roots.reduce((sum, root) => sum + root.failed, 0),
    open: table.finishes.reduce((sum, finish) => (Number.isNaN(finish) ? sum + 1 : sum), 0),
    services: [...new Set(inOrder.map(({ service }) => service))],
    criticalPath: roots[0] === undefined ? [] : markCriticalPath(roots[0]),
  }
}

/** Each span once, and their table. */
function tabled(spans: Iterable<Span>): { readonly once: readonly Span[]; readonly table: SpanTable } {
  const places = new Map<bigint, number>()
  const once: Span[] = []
  for (const span of spans) {
    const place = places.get(span.spanId) ?? once.length
    const earlier = once[place]
    once[place] = earlier === undefined ? span : laterRecord(earlier, span)
    places.set(span.spanId, place)
  }
  let start = once[0]?.start ?? 0n
  for (const span of once) if (span.start < start) start = span.start
  const count = once.length
  const table = {
    start,
    parents: new Int32Array(count),
    starts: new Float64Array(count),
    finishes: new Float64Array(count),
  }
  for (const [at, span] of once.entries()) {
    const { parentId, finish } = span
    table.parents[at] = parentId === 0n ? -1 : (places.get(parentId) ?? -1)
    table.starts[at] = Number(span.start - start)
    table.finishes[at] = finish === undefined ? Number.NaN : Number(finish - start)
  }
  return { once, table }
}

/** @returns from the start to the latest time that any span knows, in ns */
function setTimes(nodes: readonly MutableNode[], { starts, finishes }: SpanTable): number {
  let duration = 0
  for (let at = 0; at < nodes.length; at++) {
    const start = starts[at] ?? 0
    const finish = finishes[at] ?? 0
    if (start > duration) duration = start
    if (finish > duration) duration = finish
  }
  for (let at = 0; at < nodes.length; at++) {
    const node = nodes[at]
    const start = starts[at] ?? 0
    const finish = finishes[at] ?? 0
    if (node === undefined) continue
    node.start = start
    node.end = Number.isNaN(finish) ? duration : finish
    node.duration = node.end - start
  }
  return duration
}

/** What depends on other spans is filled in later. */
function nodeOf(span: Span): MutableNode {
  return {
    span,
    service: '',
    parent: undefined,
    children: [],
    depth: 0,
    place: 0,
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
function linkParents(nodes: readonly MutableNode[], parents: Int32Array): MutableNode[] {
  const roots: MutableNode[] = []
  for (let at = 0; at < nodes.length; at++) {
    const node = nodes[at]
    if (node === undefined) continue
    const parent = nodes[parents[at] ?? -1]
    if (parent !== undefined && parent !== node) {
      node.parent = parent
      parent.children.push(node)
      continue
    }
    if (parent === node) node.cutOff = 'circle'
    else if (node.span.parentId !== 0n) node.cutOff = 'parent missing'
    roots.push(node)
  }
  return roots
}

function readingOrder(roots: readonly MutableNode[]): MutableNode[] {
  const inOrder: MutableNode[] = []
  const waiting = roots.toReversed()
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    node.place = inOrder.length
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
