import { type ContextSpan, context } from '../context/context.js'
import type { ActiveSpan, Run } from '../contract/active-span.js'
import type { RemoteContext } from '../contract/remote.js'
import type { TraceOptions, Tracer } from '../contract/tracer.js'
import { describe } from '../values/errors.js'
import { inputsOutside, nothingToRun } from './inputs.js'
import { addData, dataOf } from './live-data.js'
import type { SpanOwner } from './span-owner.js'
import type { TracedSpan } from './traced-span.js'

/** A span outside any trace. It can be used like any other, and is not recorded. */
export class DetachedSpan implements ActiveSpan {
  // With `declare` as in `TracedSpan`.
  declare readonly spanId: bigint
  declare readonly traceId: bigint
  declare readonly parentId: bigint
  declare readonly process: string
  declare readonly kind: string
  declare name: string
  declare readonly remote: RemoteContext | undefined
  #data: Record<string, unknown> | undefined = undefined

  constructor(kind: string, name: string, origin: UnsampledOrigin = NO_TRACE, process = '') {
    this.spanId = origin.spanId
    this.traceId = origin.traceId
    this.parentId = origin.parentId
    this.process = process
    this.kind = kind
    this.name = name
    this.remote = origin.remote
  }

  get start(): bigint {
    return 0n
  }

  get elapsed(): bigint {
    return 0n
  }

  get isFinished(): boolean {
    return false
  }

  get lateData(): undefined {
    return undefined
  }

  get lazyData(): Record<string, unknown> | undefined {
    return this.#data
  }

  get isDataShown(): boolean {
    return true
  }

  setData(data: Record<string, unknown>): void {
    this.#data = data
  }

  get sampled(): boolean {
    return false
  }

  get recording(): false {
    return false
  }

  get data(): Record<string, unknown> {
    return dataOf(this)
  }

  set data(entries: Readonly<Record<string, unknown>>) {
    if (!addData(this, entries)) this.badInput(`data of a span: expected an object, got ${describe(entries)}`)
  }

  run<T>(fn: (span: ActiveSpan) => T): T
  run(fn: Run): unknown {
    if (typeof fn === 'function') return this.call(fn)
    this.badInput(nothingToRun(fn))
    return undefined
  }

  protected call(fn: Run): unknown {
    return fn(this)
  }

  badInput(message: string): void {
    inputsOutside().bad(message)
  }

  fail(): void {}

  event(): void {}

  link(): void {}

  finish(): void {}

  [Symbol.dispose](): void {}
}

/** The place of an unsampled span in its trace. */
export type UnsampledOrigin = Pick<ContextSpan, 'traceId' | 'spanId' | 'parentId' | 'remote'>

const NO_TRACE: UnsampledOrigin = { spanId: 0n, traceId: 0n, parentId: 0n, remote: undefined }

/**
 * A span of a trace that is not sampled. It carries the trace's ids on, and is not recorded. All spans of this process's part
 * of the trace have the id of the first one, since none of them will be the parent of a recorded span.
 */
export class UnsampledSpan extends DetachedSpan implements ContextSpan {
  declare readonly tracer: SpanOwner<TracedSpan>

  constructor(tracer: SpanOwner<TracedSpan>, origin: UnsampledOrigin, kind: string, name: string) {
    super(kind, name, origin, tracer.process)
    this.tracer = tracer
  }

  get clockOffset(): bigint {
    return 0n
  }

  get late(): undefined {
    return undefined
  }

  override badInput(message: string): void {
    this.tracer.badInput(message)
  }

  protected override call(fn: Run): unknown {
    return context.run(this, fn, this)
  }
}

/**
 * For adapters: the span of another process, to `run` a function below it. What starts there continues its trace, as the first span of
 * this process's part. It is not recorded itself.
 *
 * @param tracer starts the children
 * @param origin what a propagator has read: the ids of the trace and of that span, and what came with them
 */
export function remoteSpan(tracer: Tracer, origin: TraceOptions): ActiveSpan {
  return new RemoteSpan(tracer, origin)
}

class RemoteSpan extends DetachedSpan implements ContextSpan {
  declare readonly tracer: Tracer
  declare readonly origin: TraceOptions

  constructor(tracer: Tracer, origin: TraceOptions) {
    const { traceId = 0n, parentId = 0n, remote, process } = origin
    super('', '', { traceId, spanId: parentId, parentId: 0n, remote }, process)
    this.tracer = tracer
    this.origin = origin
  }

  override get sampled(): boolean {
    return this.origin.sampled ?? true
  }

  get clockOffset(): bigint {
    return 0n
  }

  get late(): undefined {
    return undefined
  }

  protected override call(fn: Run): unknown {
    return context.run(this, fn, this)
  }
}
