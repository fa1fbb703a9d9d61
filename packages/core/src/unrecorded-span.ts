import type { ActiveSpan } from './active-span.js'
import { type ContextSpan, context } from './context.js'
import { newData } from './plain.js'
import type { RemoteContext } from './remote.js'
import type { Tracer } from './tracer.js'

/** A span outside any trace: takes whatever a program does with a span, and records nothing. */
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
  readonly remote: RemoteContext | undefined = undefined
  #data: Record<string, unknown> | undefined

  constructor(kind: string, name: string) {
    this.kind = kind
    this.name = name
  }

  get data(): Record<string, unknown> {
    this.#data ??= newData()
    return this.#data
  }

  run<T>(fn: (span: ActiveSpan) => T): T {
    return fn(this)
  }

  fail(): void {}

  finish(): void {}

  [Symbol.dispose](): void {}
}

/** Where an unsampled span stands. */
export type UnsampledOrigin = Pick<ContextSpan, 'traceId' | 'spanId' | 'parentId' | 'remote'>

/**
 * A span of a trace that is not sampled: carries the trace's ids on, and records nothing. All spans of this process's
 * part of the trace share the first one's id, since none of them will be anybody's recorded parent.
 */
export class UnsampledSpan extends DetachedSpan implements ContextSpan {
  override readonly spanId: bigint
  override readonly traceId: bigint
  override readonly parentId: bigint
  override readonly process: string
  override readonly remote: RemoteContext | undefined
  readonly clockOffset = 0n
  readonly tracer: Tracer

  constructor(tracer: Tracer, origin: UnsampledOrigin, kind: string, name: string) {
    super(kind, name)
    this.tracer = tracer
    this.process = tracer.process
    this.spanId = origin.spanId
    this.traceId = origin.traceId
    this.parentId = origin.parentId
    this.remote = origin.remote
  }

  override run<T>(fn: (span: ActiveSpan) => T): T {
    return context.run(this, fn, this)
  }
}
