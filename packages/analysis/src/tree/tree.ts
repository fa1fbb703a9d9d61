import { isFailed, laterRecord, type Span, serviceOf } from '@trace/core/spans'
import { markCriticalPath } from './critical-path.js'
import { type NodeTimes, type SpanNode, type TraceTree, TreeNode } from './node.js'
import { CUT, readingOrder, type SpanTable } from './order.js'

/** Options of {@link buildTree}. */
export interface TreeOptions {
  /** Whether a span has failed: for spans whose data is not at hand. Default: core's `isFailed`, which looks into its data. */
  readonly isFailed?: (span: Span) => boolean
  /** What is known of the spans without a look at each. Default: they are looked at. */
  readonly table?: SpanTable
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
  const { once, table } = options.table === undefined ? tabled(spans) : { once: [...spans], table: options.table }
  const { places, parents } = readingOrder(once, table)
  const { times, duration } = timesOf(places, table)
  const nodes = nodesOf(once, places, parents, times)
  const roots = nodes.filter(({ parent }) => parent === undefined)
  for (const node of nodes) if (failed(node.span)) node.failed = 1
  sumUp(nodes, times)
  for (const root of roots)
    if (root.span.parentId !== 0n) root.cutOff = parents[root.place] === CUT ? 'circle' : 'parent missing'
  return {
    traceId: roots[0]?.span.traceId ?? 0n,
    roots,
    nodes,
    start: table.start,
    duration,
    failed: roots.reduce((sum, root) => sum + root.failed, 0),
    open: table.finishes.reduce((sum, finish) => (Number.isNaN(finish) ? sum + 1 : sum), 0),
    services: [...new Set(nodes.map(({ service }) => service))],
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

/** By the places in reading order. @returns with the duration from the start to the latest time that any span knows, in ns */
function timesOf(
  places: Uint32Array,
  { starts, finishes }: SpanTable,
): { readonly times: NodeTimes; readonly duration: number } {
  let duration = 0
  for (const times of [starts, finishes]) for (const time of times) if (time > duration) duration = time
  const count = places.length
  const times = { starts: new Float64Array(count), ends: new Float64Array(count), selfTimes: new Float64Array(count) }
  for (let at = 0; at < count; at++) {
    const place = places[at] ?? 0
    const finish = finishes[place] ?? 0
    times.starts[at] = starts[place] ?? 0
    times.ends[at] = Number.isNaN(finish) ? duration : finish
  }
  return { times, duration }
}

/** In reading order: nodes that are looked at one after the other then lie beside each other, and a processor is fast with them. */
function nodesOf(spans: readonly Span[], places: Uint32Array, parents: Int32Array, times: NodeTimes): TreeNode[] {
  const services = new Map<string, string>()
  const nodes: TreeNode[] = []
  for (let at = 0; at < places.length; at++) {
    const span = spans[places[at] ?? 0]
    if (span === undefined) continue
    const { process } = span
    let service = services.get(process)
    if (service === undefined) {
      service = serviceOf(process)
      services.set(process, service)
    }
    nodes.push(new TreeNode({ span, service, parent: nodes[parents[at] ?? -1], place: at, times }))
  }
  return nodes
}

/** Fills in what a span says of those below it: the last of the order comes first. */
function sumUp(nodes: readonly TreeNode[], { selfTimes }: NodeTimes): void {
  /** How many of its children each does not have yet. */
  const lacking = new Uint32Array(nodes.length)
  for (const { parent } of nodes) if (parent !== undefined) lacking[parent.place] = (lacking[parent.place] ?? 0) + 1
  for (let at = nodes.length - 1; at >= 0; at--) {
    const node = nodes[at]
    if (node === undefined) continue
    selfTimes[at] = selfTimeOf(node)
    const { parent } = node
    if (parent === undefined) continue
    const lacks = lacking[parent.place] ?? 0
    // A list that grows takes more room than it needs.
    if (parent.children.length === 0) parent.children = new Array<TreeNode>(lacks)
    parent.children[lacks - 1] = node
    lacking[parent.place] = lacks - 1
    parent.size += node.size
    parent.failed += node.failed
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
