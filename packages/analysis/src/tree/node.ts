import type { Span } from '@trace/core/spans'

/** A stretch of time in which a trace waited for a span itself, in ns from the start of the trace. */
export interface CriticalStretch {
  readonly node: SpanNode
  readonly start: number
  readonly end: number
}

/** A span in its place in the tree of its trace. Times are offsets from the start of the trace, in nanoseconds. */
export interface SpanNode {
  readonly span: Span
  /** The service that it ran in; see `serviceOf` of `@trace/core`. */
  readonly service: string
  readonly parent: SpanNode | undefined
  /** Sorted by start. */
  readonly children: readonly SpanNode[]
  /** How many spans are above it. */
  readonly depth: number
  /** Its place among the nodes of its tree, in reading order: `tree.nodes[node.place]` is the node. */
  readonly place: number
  /**
   * Why a span with a parent is a root: its parent is missing (it is not stored, or belongs to another system), or its parents
   * form a circle, which was cut here. Undefined for other spans.
   */
  readonly cutOff: 'parent missing' | 'circle' | undefined
  /** In ns from the start of the trace. */
  readonly start: number
  /** In ns from the start of the trace. An open span ends with the trace: at the latest time that any of its spans knows. */
  readonly end: number
  /** `end − start`, in ns; below 0 where a clock ran backwards. */
  readonly duration: number
  /** How long none of its children ran, in ns. Children that ran at the same time count once; what they ran beyond it, not. */
  readonly selfTime: number
  /** When the trace waited for this span itself, the earliest first; see {@link TraceTree.criticalPath}. */
  readonly critical: readonly CriticalStretch[]
  /** How many spans are in this subtree, with this one. */
  readonly size: number
  /** How many of them failed. */
  readonly failed: number
}

/** A trace as a tree. */
export interface TraceTree {
  /** 0 if there are no spans. */
  readonly traceId: bigint
  /** Spans without a parent, and those that are cut off from theirs; sorted by start. */
  readonly roots: readonly SpanNode[]
  /** All spans in reading order: each before its children. */
  readonly nodes: readonly SpanNode[]
  /** The earliest start, in nanoseconds since the Unix epoch; 0 if there are no spans. */
  readonly start: bigint
  /** From there to the latest time that any span knows, in ns. */
  readonly duration: number
  /** How many spans failed. */
  readonly failed: number
  /** How many spans are stored as open. */
  readonly open: number
  /** The services in order of their first spans. */
  readonly services: readonly string[]
  /**
   * What the first root waited for, the earliest first: stretches that follow one another from its start to its end. Each is of the
   * span that ran while none of its own children was waited for.
   */
  readonly criticalPath: readonly CriticalStretch[]
}

/** When the spans of a tree ran, in ns from its start, by their places in it: kept in each node, they would be objects of their own. */
export interface NodeTimes {
  readonly starts: Float64Array
  readonly ends: Float64Array
  readonly selfTimes: Float64Array
}

/** Most spans are not on the critical path, and most have no children: they share one list. */
const NOT_CRITICAL: CriticalStretch[] = []
const CHILDLESS: TreeNode[] = []

/** There may be hundreds of thousands: so little is kept. */
export class TreeNode implements SpanNode {
  readonly span: Span
  readonly service: string
  readonly parent: TreeNode | undefined
  readonly depth: number
  readonly place: number
  readonly #times: NodeTimes
  children: TreeNode[] = CHILDLESS
  cutOff: SpanNode['cutOff']
  critical: CriticalStretch[] = NOT_CRITICAL
  size = 1
  failed = 0

  /** What depends on the spans below is filled in later. */
  constructor(own: Pick<TreeNode, 'span' | 'service' | 'parent' | 'place'> & { readonly times: NodeTimes }) {
    this.span = own.span
    this.service = own.service
    this.parent = own.parent
    this.depth = own.parent === undefined ? 0 : own.parent.depth + 1
    this.place = own.place
    this.#times = own.times
  }

  get start(): number {
    return this.#times.starts[this.place] ?? 0
  }

  get end(): number {
    return this.#times.ends[this.place] ?? 0
  }

  get duration(): number {
    return this.end - this.start
  }

  get selfTime(): number {
    return this.#times.selfTimes[this.place] ?? 0
  }
}
