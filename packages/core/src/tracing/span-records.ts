import type { PlainData, Span } from '../contract/span.js'
import type { Recorded } from '../queue/open-spans.js'
import { NO_DATA, type Plain, toPlain } from '../values/plain.js'
import type { Inputs } from './inputs.js'
import type { SpanOwner, TracedSpan } from './traced-span.js'

/** About how much memory a record takes besides its texts and data, in bytes: the object, its bigints, its place in the queue. */
const SPAN_BYTES = 256

/** Makes the records of a tracer's spans. */
export class SpanRecords {
  readonly #owner: SpanOwner
  readonly #inputs: Inputs

  constructor(owner: SpanOwner, inputs: Inputs) {
    this.#owner = owner
    this.#inputs = inputs
  }

  /** The data of a span as they are now. */
  dataOf({ lazyData }: TracedSpan): Plain {
    return lazyData === undefined ? NO_DATA : toPlain(lazyData, this.#owner.stacks)
  }

  /** The record of a span. @param finish undefined if it is open */
  of(span: TracedSpan, finish: bigint | undefined, data: PlainData): Span {
    const { spanId, traceId, parentId, start } = span
    const process = this.#inputs.text(span.process, 'process', this.#owner.process)
    const kind = this.#inputs.text(span.kind, 'kind')
    const name = this.#inputs.text(span.name, 'name')
    return { spanId, traceId, parentId, process, kind, name, start, finish, data }
  }

  /** The record of a span that is open. */
  ofOpen(span: TracedSpan): Recorded {
    const { data, size } = this.dataOf(span)
    const record = this.of(span, undefined, data)
    return { span: record, bytes: bytesOf(record, size) }
  }
}

/** About how much memory a record takes, in bytes. @param size what its data take */
export function bytesOf({ kind, name }: Span, size: number): number {
  return SPAN_BYTES + kind.length + name.length + size
}
