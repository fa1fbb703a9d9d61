import { setTimeout as sleep } from 'node:timers/promises'
import type { ReadOptions, TraceReader } from '@trace/core'
import type { Span } from '@trace/core/spans'
import { isOfSeveral } from './open.js'
import { SeenSpans } from './seen-spans.js'

/** Time between two looks at a store that cannot be followed, in ms. */
const POLL = 2_000
/** How many of its newest traces are looked at each time. */
const NEWEST = 100

/** How many spans are known to have come. What writes to several stores does so at about the same time. */
const SEEN = 50_000

/**
 * The spans that a store gets from now on, until the signal aborts. A span that several stores get comes once, or twice if it is recorded as
 * open first.
 */
export async function* arrivals(
  reader: TraceReader,
  options: ReadOptions & { readonly signal: AbortSignal },
): AsyncGenerator<readonly Span[]> {
  if (!isOfSeveral(reader)) {
    yield* stored(reader, options)
    return
  }
  const [open, finished] = [new SeenSpans(SEEN), new SeenSpans(SEEN)]
  for await (const spans of stored(reader, options)) {
    const fresh = spans.filter((span) =>
      span.finish === undefined ? !finished.has(span) && open.add(span) : finished.add(span),
    )
    if (fresh.length > 0) yield fresh
  }
}

/**
 * The spans that a store gets from now on, until the signal aborts. A store that cannot be followed, such as a table, is asked for its
 * newest traces every two seconds.
 */
async function* stored(
  reader: TraceReader,
  options: ReadOptions & { readonly signal: AbortSignal },
): AsyncGenerator<readonly Span[]> {
  const { signal } = options
  if (reader.follow !== undefined) {
    yield* reader.follow(options)
    return
  }
  let seen = new Map<bigint, Map<bigint, boolean>>()
  for (let isFirst = true; !signal.aborted; isFirst = false) {
    const latest = new Map<bigint, Map<bigint, boolean>>()
    const fresh: Span[] = []
    try {
      const { traces } = await reader.traces({ limit: NEWEST }, { signal })
      for (const { traceId, spans: count, open } of traces.toReversed()) {
        const before = seen.get(traceId) ?? new Map<bigint, boolean>()
        latest.set(traceId, before)
        const wasOpen = [...before.values()].includes(false)
        if (before.size === count && !(wasOpen && open === 0)) continue
        for (const span of (await reader.trace(traceId, options)).spans) {
          const isFinished = span.finish !== undefined
          if (before.get(span.spanId) === isFinished) continue
          before.set(span.spanId, isFinished)
          if (!isFirst) fresh.push(span)
        }
      }
    } catch (error) {
      if (signal.aborted) return
      throw error
    }
    seen = latest
    if (fresh.length > 0) yield fresh
    await sleep(POLL, undefined, { signal }).catch(() => {})
  }
}
