import type { SpanNode, TraceTree } from '@trace/analysis'
import { DATA_KEYS, onOneLine } from '@trace/core/spans'

/** A call that has no span on its other side, or a request that has none on its own. */
interface Half {
  readonly service: string
  readonly path: string
  readonly method: string
  /** In nanoseconds since the Unix epoch. */
  readonly start: bigint
  readonly finish: bigint
  readonly traceId: bigint
}

/** Calls of one service that another one did not join. */
export interface DroppedCalls {
  readonly from: string
  readonly to: string
  readonly count: number
  readonly examples: readonly string[]
}

/** How many calls and requests are remembered. */
const MOST = 20_000
/** How much earlier than its call a request may seem to begin, in ns, since clocks differ. */
const TOLERANCE = 5_000_000n

/**
 * Finds calls whose ids did not arrive: a client's span that has no span below it, and a request of another service that begins a
 * trace of its own, with the same method and path, and within its time.
 */
export class Calls {
  readonly #calls: Half[] = []
  readonly #requests: Half[] = []

  add({ nodes }: TraceTree): void {
    for (const node of nodes) {
      const { kind, parentId, data } = node.span
      if (kind === 'client' && node.children.length === 0) keep(this.#calls, node)
      const isOwn = kind === 'request' && parentId === 0n && !Object.hasOwn(data, DATA_KEYS.untrustedParent)
      if (isOwn) keep(this.#requests, node)
    }
  }

  dropped(): DroppedCalls[] {
    const requests = new Map<string, Half[]>()
    for (const request of this.#requests.toSorted(byStart)) {
      const known = requests.get(keyOf(request))
      if (known === undefined) requests.set(keyOf(request), [request])
      else known.push(request)
    }
    const pairs = new Map<string, { from: string; to: string; count: number; examples: string[] }>()
    for (const call of this.#calls.toSorted(byStart)) {
      const answer = takeWithin(requests.get(keyOf(call)) ?? [], call)
      if (answer === undefined) continue
      const key = `${call.service}\n${answer.service}`
      const pair = pairs.get(key) ?? {
        from: onOneLine(call.service, 80),
        to: onOneLine(answer.service, 80),
        count: 0,
        examples: [],
      }
      pairs.set(key, pair)
      pair.count++
      const example = `${call.method} ${onOneLine(call.path, 80)}, traces ${call.traceId} and ${answer.traceId}`
      if (pair.examples.length < 3) pair.examples.push(example)
    }
    return [...pairs.values()].sort((a, b) => b.count - a.count)
  }
}

function keep(halves: Half[], { span, service }: SpanNode): void {
  const { [DATA_KEYS.urlPath]: path, [DATA_KEYS.httpMethod]: method = '' } = span.data
  if (typeof path !== 'string' || typeof method !== 'string' || span.finish === undefined || halves.length >= MOST)
    return
  halves.push({ service, path, method, start: span.start, finish: span.finish, traceId: span.traceId })
}

function byStart(a: Half, b: Half): number {
  return a.start < b.start ? -1 : a.start > b.start ? 1 : 0
}

function keyOf({ path, method }: Half): string {
  return `${method}\n${path}`
}

/** Takes the first request of another service that ran while a call did. */
function takeWithin(requests: Half[], { service, start, finish }: Half): Half | undefined {
  // Calls come in the order of their starts: what begins earlier than this one is no later one's.
  let early = 0
  while ((requests[early]?.start ?? start) < start - TOLERANCE) early++
  requests.splice(0, early)
  for (const [at, request] of requests.entries()) {
    if (request.start > finish) return undefined
    if (request.service !== service && request.finish <= finish + TOLERANCE) return requests.splice(at, 1)[0]
  }
  return undefined
}
