import { parseSearch } from '@trace/analysis'
import type { TraceQuery } from '@trace/core'

/** How many traces a list has, where nothing else is asked for, and how many more each "more" shows. */
export const PAGE = 100
/** How many traces a list has at most, whatever is asked for: a page with more rows is slow. What is older is listed by its time. */
export const MOST_LISTED = 2_000

/** Time ranges up to now, as the URL names them, in ms. */
export const RANGES: Readonly<Record<string, number>> = {
  '15m': 900_000,
  '1h': 3_600_000,
  '24h': 86_400_000,
  '7d': 604_800_000,
}

/**
 * What the URL of a list asks for: `q`, a search; `from` and `to`, in ms since the epoch, or a `range`; and a `limit`.
 *
 * @throws {SearchError} points at a mistake in the search
 */
export function listQuery(asked: URLSearchParams): TraceQuery & { readonly limit: number } {
  const limit = Math.min(MOST_LISTED, numberOf(asked.get('limit')) ?? PAGE)
  const range = asked.get('range')
  const length = range !== null && Object.hasOwn(RANGES, range) ? RANGES[range] : undefined
  const from = length === undefined ? numberOf(asked.get('from')) : Date.now() - length
  const to = numberOf(asked.get('to'))
  return {
    ...(from === undefined ? {} : { from: BigInt(from) * 1_000_000n }),
    ...(to === undefined ? {} : { to: BigInt(to) * 1_000_000n }),
    ...parseSearch(asked.get('q') ?? '').query,
    limit,
  }
}

function numberOf(text: string | null): number | undefined {
  return text !== null && /^\d{1,15}$/.test(text) && Number(text) > 0 ? Number(text) : undefined
}
