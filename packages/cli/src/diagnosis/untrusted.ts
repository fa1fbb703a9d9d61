import type { TraceTree } from '@trace/analysis'
import { DATA_KEYS, type Span } from '@trace/core/spans'
import { Tally } from './tally.js'

/** A request that came with ids which its service does not trust. */
interface Request {
  readonly service: string
  readonly example: string
}

/** How many spans are remembered, so that a request which comes later finds its caller. Most come earlier: their caller waits for them. */
const MOST_SPANS = 100_000
/** How many requests wait for their caller. */
const MOST_WAITING = 20_000
const IDS = /^(\d{1,20}):(\d{1,20})$/

/**
 * Tells requests that a service of the store has sent from those of strangers, who may send any ids: of the first, the named span is
 * there. Its memory is bounded: callers and requests that stand far apart are taken for strangers.
 */
export class UntrustedRequests {
  /** The trace of each span that came, the latest ones. */
  readonly #callers = new Map<bigint, bigint>()
  /** By the ids that they came with; those that wait longest come first. */
  readonly #waiting = new Map<string, Request[]>()
  #count = 0
  /** Those of services, and of strangers, by the service that did not trust them. */
  readonly known = new Tally()
  readonly #strangers = new Tally()

  add({ nodes }: TraceTree, exampleOf: (node: TraceTree['nodes'][number]) => string): void {
    for (const { span } of nodes) {
      this.#callers.set(span.spanId, span.traceId)
      if (this.#count > 0) this.#take(`${span.traceId}:${span.spanId}`, this.known)
    }
    for (const oldest of this.#callers.keys()) {
      if (this.#callers.size <= MOST_SPANS) break
      this.#callers.delete(oldest)
    }
    for (const node of nodes) {
      const { span, service } = node
      if (Object.hasOwn(span.data, DATA_KEYS.untrustedParent))
        this.#addRequest(span, { service, example: exampleOf(node) })
    }
  }

  #addRequest({ data }: Span, { service, example }: Request): void {
    const [key, traceId = '0', spanId = '0'] = IDS.exec(String(data[DATA_KEYS.untrustedParent])) ?? []
    // A client that says again what a response told it names no span.
    if (key === undefined || BigInt(spanId) === 0n) this.#strangers.add(service, example)
    else if (this.#callers.get(BigInt(spanId)) === BigInt(traceId)) this.known.add(service, example)
    else this.#wait(key, { service, example })
  }

  #wait(key: string, request: Request): void {
    const waiting = this.#waiting.get(key) ?? []
    this.#waiting.set(key, waiting)
    waiting.push(request)
    this.#count++
    for (const oldest of this.#waiting.keys()) {
      if (this.#count <= MOST_WAITING) break
      this.#take(oldest, this.#strangers)
    }
  }

  #take(key: string, tally: Tally): void {
    for (const { service, example } of this.#waiting.get(key) ?? []) {
      this.#count--
      tally.add(service, example)
    }
    this.#waiting.delete(key)
  }

  /** Those whose caller is not there, once all traces have come. */
  strangers(): Tally {
    for (const key of [...this.#waiting.keys()]) this.#take(key, this.#strangers)
    return this.#strangers
  }
}
