import { SearchError, ValueCollector } from '@trace/analysis'
import type { TraceReader } from '@trace/core'
import { listQuery } from '../wire/list-query.js'
import { type Answer, json } from './answer.js'

/** The traces that the page asks for; see `listQuery`. */
export async function listAnswer(reader: TraceReader, asked: URLSearchParams, signal: AbortSignal): Promise<Answer> {
  try {
    const { limit, ...query } = listQuery(asked)
    // One more than is shown tells whether there are more.
    const { traces, skipped, places, incomplete } = await reader.traces({ ...query, limit: limit + 1 }, { signal })
    const more = traces.length > limit
    return json(200, { store: reader.name, traces: traces.slice(0, limit), more, skipped, places, incomplete })
  } catch (error) {
    if (error instanceof SearchError) return json(400, { message: error.message, at: error.from })
    throw error
  }
}

/** What the newest spans of a store have that a search may name. */
export async function valuesAnswer(reader: TraceReader, signal: AbortSignal): Promise<Answer> {
  const values = new ValueCollector()
  await reader.traces({ limit: 1, where: (span) => values.add(span) }, { signal })
  return json(200, values.values())
}

/**
 * Reads one thing after another, so that many tabs take no more memory than one: a search may have to keep a few figures of every
 * trace of a store. What nobody waits for any more is not begun, and holds up nobody.
 */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  /** @param read ends early where the signal aborts */
  take<T>(signal: AbortSignal, read: () => Promise<T>): Promise<T> {
    const aborted = new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
    const result = Promise.race([this.#last, aborted]).then(() => {
      signal.throwIfAborted()
      return read()
    })
    this.#last = Promise.allSettled([this.#last, Promise.race([result.catch(() => {}), aborted])])
    return result
  }
}
