import type { Fold, SpanNode } from '@trace/analysis'

export interface LineParts {
  /** The span; of folded ones the first. */
  readonly node: SpanNode
  readonly fold?: Fold | undefined
  /** How many spans below it have no line. */
  readonly hidden?: number
  readonly depth: number
  readonly canToggle?: boolean
  readonly isClosed?: boolean
  /** How many spans it shows of which each is the only child of the one before; 0 for one. What is below the last stands below this line. */
  readonly chain?: number
}

/** A line that is seen: a span, like siblings folded into one, or a chain. */
export class Line implements LineParts {
  readonly node: SpanNode
  readonly fold: Fold | undefined
  readonly hidden: number
  readonly depth: number
  readonly canToggle: boolean
  readonly isClosed: boolean
  readonly chain: number

  constructor({ node, fold, hidden = 0, depth, canToggle = false, isClosed = false, chain = 0 }: LineParts) {
    this.node = node
    this.fold = fold
    this.hidden = hidden
    this.depth = depth
    this.canToggle = canToggle
    this.isClosed = isClosed
    this.chain = chain
  }

  /** The span's id, with `f` before it where it is folded, and `c` where it is a chain. */
  get id(): string {
    return `${this.fold === undefined ? '' : 'f'}${this.chain > 0 ? 'c' : ''}${this.node.span.spanId}`
  }

  /** How many spans have failed that it hides. */
  get failedBelow(): number {
    return this.isClosed && this.chain === 0 ? this.node.failed : 0
  }

  /** Whether the trace waited for it; for folded ones, for one of them. */
  get isCritical(): boolean {
    return (this.fold?.nodes ?? [this.node]).some(({ critical }) => critical.length > 0)
  }

  /** In ns from the trace's start. */
  get start(): number {
    return this.node.start
  }

  /** The same: of folded ones, the last end. */
  get end(): number {
    const { node, fold } = this
    return fold === undefined ? node.end : fold.nodes.reduce((most, { end }) => Math.max(most, end), node.end)
  }
}
