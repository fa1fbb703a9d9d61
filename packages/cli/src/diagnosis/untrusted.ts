import { DATA_KEYS, type Span, serviceOf } from '@trace/core/spans'
import { Tally } from './tally.js'

/** How many requests wait for their callers. What comes after them is taken for a stranger's. */
const MOST_WAITING = 20_000
const IDS = /^\d{1,20}:(\d{1,20})$/

/**
 * Tells requests that a service of the store has sent from those of strangers, who may send any ids: of the first, the named span is
 * there. All spans are to be looked at twice: first for such requests, which are few, and then for their callers.
 */
export class UntrustedRequests {
  /** By the ids that they came with, and then by their own: a store may have several records of one. */
  readonly #waiting = new Map<string, Map<string, Span>>()
  #count = 0
  /** Those of services, by the service that did not trust them. */
  readonly known = new Tally()
  readonly #strangers = new Tally()
  readonly #exampleOf: (span: Span) => string

  constructor(exampleOf: (span: Span) => string) {
    this.#exampleOf = exampleOf
  }

  addRequest(span: Span): void {
    if (!Object.hasOwn(span.data, DATA_KEYS.untrustedParent)) return
    const named = String(span.data[DATA_KEYS.untrustedParent])
    // A client that says again what a response told it names no span, and waits for none.
    const spanId = IDS.exec(named)?.[1] ?? '0'
    const key = BigInt(spanId) === 0n ? '' : named
    const waiting = this.#waiting.get(key) ?? new Map<string, Span>()
    const own = keyOf(span)
    if (waiting.has(own)) return
    if (this.#count === MOST_WAITING) this.#add(this.#strangers, span)
    else {
      this.#count++
      this.#waiting.set(key, waiting.set(own, span))
    }
  }

  addCaller(span: Span): void {
    if (this.#waiting.size > 0) this.#take(keyOf(span), this.known)
  }

  #take(key: string, tally: Tally): void {
    for (const request of this.#waiting.get(key)?.values() ?? []) this.#add(tally, request)
    this.#waiting.delete(key)
  }

  #add(tally: Tally, request: Span): void {
    tally.add(serviceOf(request.process), this.#exampleOf(request))
  }

  /** Those whose caller is not there, once all callers have come. */
  strangers(): Tally {
    for (const key of [...this.#waiting.keys()]) this.#take(key, this.#strangers)
    return this.#strangers
  }
}

function keyOf({ traceId, spanId }: Span): string {
  return `${traceId}:${spanId}`
}
