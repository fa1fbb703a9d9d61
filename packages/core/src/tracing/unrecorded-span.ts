import { type ContextSpan, context } from '../context/context.js'
import type { ActiveSpan, Run } from '../contract/active-span.js'
import type { RemoteContext } from '../contract/remote.js'
import { describe } from '../values/errors.js'
import { inputsOutside, nothingToRun } from './inputs.js'
import { addData, dataOf } from './live-data.js'
import type { SpanOwner } from './traced-span.js'

/** A span outside any trace. It can be used like any other, and is not recorded. */
export class DetachedSpan implements ActiveSpan {
  readonly spanId: bigint = 0n
  readonly traceId: bigint = 0n
  readonly parentId: bigint = 0n
  readonly process: string = ''
  readonly kind: string
  name: string
  readonly start: bigint = 0n
  readonly elapsed: bigint = 0n
  readonly sampled = false
  readonly recording = false
  readonly remote: RemoteContext | undefined = undefined
  lazyData: Record<string, unknown> | undefined = undefined

  constructor(kind: string, name: string) {
    this.kind = kind
    this.name = name
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

/**
 * A span of a trace that is not sampled. It carries the trace's ids on, and is not recorded. All spans of this process's part
 * of the trace have the id of the first one, since none of them will be the parent of a recorded span.
 */
export class UnsampledSpan extends DetachedSpan implements ContextSpan {
  override readonly spanId: bigint
  override readonly traceId: bigint
  override readonly parentId: bigint
  override readonly process: string
  override readonly remote: RemoteContext | undefined
  readonly clockOffset = 0n
  readonly late = undefined
  readonly tracer: SpanOwner

  constructor(tracer: SpanOwner, origin: UnsampledOrigin, kind: string, name: string) {
    super(kind, name)
    this.tracer = tracer
    this.process = tracer.process
    this.spanId = origin.spanId
    this.traceId = origin.traceId
    this.parentId = origin.parentId
    this.remote = origin.remote
  }

  override badInput(message: string): void {
    this.tracer.badInput(message)
  }

  protected override call(fn: Run): unknown {
    return context.run(this, fn, this)
  }
}
