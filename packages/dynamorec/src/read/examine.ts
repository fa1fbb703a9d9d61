import type { TraceQuery, TraceSummary } from '@trace/core'
import { eachOnce, matches, matchesSpans, summarize } from '@trace/core/store'
import type { Query } from './query.js'

/** How many traces a list reads at most to find those that match, and how many at once. */
const MAX_EXAMINED = 1_000
const AT_ONCE = 8

/** Reads traces until enough of them match. */
export class Examiner {
  /** The traces that match, in no particular order. */
  readonly found: TraceSummary[] = []
  readonly #query: Query
  readonly #wanted: TraceQuery
  readonly #limit: number
  readonly #seen = new Set<bigint>()

  constructor(query: Query, wanted: TraceQuery, limit: number) {
    this.#query = query
    this.#wanted = wanted
    this.#limit = limit
  }

  get hasEnough(): boolean {
    return this.found.length >= this.#limit
  }

  /** Whether it has read as many traces as it may. */
  get isSpent(): boolean {
    return this.#seen.size >= MAX_EXAMINED
  }

  /** Why the list may lack traces if {@link isSpent}. */
  get spentReason(): string {
    return `stopped after reading ${MAX_EXAMINED} traces; give a time range (from, to) to reach older ones`
  }

  /** Reads candidates, newest first, until enough match, none is left, or it is spent. */
  async examine(candidates: AsyncIterable<bigint> | Iterable<bigint>): Promise<void> {
    let group: bigint[] = []
    for await (const traceId of candidates) {
      if (this.#seen.has(traceId)) continue
      this.#seen.add(traceId)
      group.push(traceId)
      if (group.length < Math.max(AT_ONCE, this.#limit - this.found.length) && !this.isSpent) continue
      await this.#read(group)
      group = []
      if (this.hasEnough || this.isSpent) return
    }
    await this.#read(group)
  }

  async #read(traceIds: readonly bigint[]): Promise<void> {
    const waiting = traceIds.values()
    const work = async (): Promise<void> => {
      for (const traceId of waiting) {
        const spans = eachOnce(await this.#query.traceFor(traceId, this.#wanted))
        const summary = summarize(spans)
        if (summary === undefined || !matches(summary, this.#wanted) || !matchesSpans(spans, this.#wanted)) continue
        this.found.push(summary)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
  }
}
