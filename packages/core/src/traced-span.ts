import type { ActiveSpan } from './active-span.js'
import { timeAt } from './clock.js'
import { type ContextSpan, context } from './context.js'
import { errorMessage, errorType } from './errors.js'
import { generateId } from './ids.js'
import { newData } from './plain.js'
import type { RemoteContext } from './remote.js'
import { ERROR_MESSAGE, ERROR_TYPE } from './span.js'
import type { Tracer } from './tracer.js'

/** What a span needs of the tracer that started it. */
export interface SpanOwner extends Tracer {
  /** A span has finished, at this time in nanoseconds since the Unix epoch. Called once. */
  finished(span: TracedSpan, finish: bigint): void
}

/** What a new span takes from the span above it, or from the trace that it begins. */
export interface Parent extends Pick<ContextSpan, 'traceId' | 'spanId' | 'clockOffset' | 'remote'> {
  /** By the monotonic clock, where it has just been read. */
  readonly now?: bigint
}

/** A span that will be recorded. */
export class TracedSpan implements ContextSpan {
  readonly spanId: bigint
  readonly traceId: bigint
  readonly parentId: bigint
  process: string
  readonly kind: string
  name: string
  readonly start: bigint
  readonly clockOffset: bigint
  readonly sampled = true
  readonly remote: RemoteContext | undefined
  readonly tracer: SpanOwner
  /** Made on first use: most spans have no data. */
  lazyData: Record<string, unknown> | undefined = undefined
  isFinished = false

  constructor(tracer: SpanOwner, parent: Parent, kind: string, name: string) {
    this.spanId = generateId()
    this.traceId = parent.traceId
    this.parentId = parent.spanId
    this.process = tracer.process
    this.kind = kind
    this.name = name
    this.clockOffset = parent.clockOffset
    this.remote = parent.remote
    this.start = parent.now === undefined ? timeAt(parent.clockOffset) : parent.now + parent.clockOffset
    this.tracer = tracer
  }

  get elapsed(): bigint {
    return timeAt(this.clockOffset) - this.start
  }

  get data(): Record<string, unknown> {
    this.lazyData ??= newData()
    return this.lazyData
  }

  run<T>(fn: (span: ActiveSpan) => T): T {
    return context.run(this, fn, this)
  }

  fail(error: unknown): void {
    if (this.isFinished || Object.hasOwn(this.data, ERROR_TYPE)) return
    this.data[ERROR_TYPE] = errorType(error)
    this.data[ERROR_MESSAGE] = errorMessage(error)
  }

  finish(): void {
    if (this.isFinished) return
    this.isFinished = true
    this.tracer.finished(this, timeAt(this.clockOffset))
  }

  [Symbol.dispose](): void {
    this.finish()
  }
}
