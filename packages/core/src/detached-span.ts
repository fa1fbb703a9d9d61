import type { ActiveSpan } from './active-span.js'
import { newData } from './plain.js'

/** A span outside any trace: takes whatever a program does with a span, and records nothing. */
export class DetachedSpan implements ActiveSpan {
  readonly spanId = 0n
  readonly traceId = 0n
  readonly parentId = 0n
  readonly process = ''
  readonly kind: string
  name: string
  readonly start = 0n
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
