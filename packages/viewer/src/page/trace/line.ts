import type { Fold, Row, SpanNode } from '@trace/analysis'

/** A line that is seen: a span, or like siblings folded into one. There may be hundreds of thousands: so little is kept. */
export class Line {
  /** The span; of folded ones the first. */
  readonly node: SpanNode
  readonly fold: Fold | undefined
  /** How many spans below it have no line. */
  readonly hidden: number
  readonly isCritical: boolean
  readonly depth: number
  readonly canToggle: boolean
  readonly isClosed: boolean

  /** @param row whose span it shows, or the line */
  constructor(
    row: Pick<Row, 'node' | 'fold' | 'hidden' | 'isCritical'>,
    depth: number,
    canToggle = false,
    isClosed = false,
  ) {
    this.node = row.node
    this.fold = row.fold
    this.hidden = row.hidden
    this.isCritical = row.isCritical
    this.depth = depth
    this.canToggle = canToggle
    this.isClosed = isClosed
  }

  /** The span's id; of folded ones, `f` and the first one's. */
  get id(): string {
    const { node, fold } = this
    return fold === undefined ? String(node.span.spanId) : `f${node.span.spanId}`
  }

  /** How many spans have failed that it hides. */
  get failedBelow(): number {
    return this.isClosed ? this.node.failed : 0
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

/** Spans on one line of which each is the only child of the one before. What is below the last stands below this line. */
export class Chain extends Line {
  readonly length: number

  constructor(first: Line, depth: number, length: number) {
    super(first, depth, true, true)
    this.length = length
  }

  override get id(): string {
    return `c${this.node.span.spanId}`
  }

  override get failedBelow(): number {
    return 0
  }
}
