import { parseSearch, SearchError } from '@trace/analysis'
import type { TraceQuery, TraceReader } from '@trace/core'
import { type Answer, json } from './answer.js'

/** How many traces a list has at most, whatever is asked for. */
const MOST = 5_000
const DEFAULT_LIMIT = 100
/** Time ranges by their names, in ms. */
const RANGES: Readonly<Record<string, number>> = {
  '15m': 900_000,
  '1h': 3_600_000,
  '24h': 86_400_000,
  '7d': 604_800_000,
}

/** The traces that the page asks for: `q`, a search; `from` and `to`, in ms since the epoch, or a `range`; and a `limit`. */
export async function listAnswer(reader: TraceReader, asked: URLSearchParams): Promise<Answer> {
  const limit = Math.min(MOST, countOf(asked.get('limit')) ?? DEFAULT_LIMIT)
  try {
    // One more than is shown tells whether there are more.
    const query = { ...timesOf(asked), ...parseSearch(asked.get('q') ?? '').query, limit: limit + 1 }
    const { traces, skipped, places, incomplete } = await reader.traces(query)
    return json(200, {
      store: reader.name,
      traces: traces.slice(0, limit),
      more: traces.length > limit,
      skipped,
      places,
      incomplete,
    })
  } catch (error) {
    if (error instanceof SearchError) return json(400, { message: error.message, at: error.from })
    throw error
  }
}

function timesOf(asked: URLSearchParams): Pick<TraceQuery, 'from' | 'to'> {
  const range = asked.get('range')
  const length = range !== null && Object.hasOwn(RANGES, range) ? RANGES[range] : undefined
  const [from, to] = [length === undefined ? countOf(asked.get('from')) : Date.now() - length, countOf(asked.get('to'))]
  return {
    ...(from === undefined ? {} : { from: BigInt(from) * 1_000_000n }),
    ...(to === undefined ? {} : { to: BigInt(to) * 1_000_000n }),
  }
}

function countOf(text: string | null): number | undefined {
  return text !== null && /^\d{1,15}$/.test(text) && Number(text) > 0 ? Number(text) : undefined
}
