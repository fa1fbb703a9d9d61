import { QueryScan } from './query-scan.js'
import { type Dialect, MAX_QUERY, maskQuery, operationOf, summaryOf } from './sql.js'

/** What of a query can be recorded. */
export interface DescribedQuery {
  /** The query without its literals. */
  readonly masked: string
  /** Its operation and first table, such as `SELECT users`. */
  readonly summary: string
  /** Its first word, in capitals. */
  readonly operation: string | undefined
}

/** How many queries without literals are remembered for each dialect, since programs repeat theirs: in the worst case, 4 MB. */
const MAX_REMEMBERED = 100

const remembered: Readonly<Record<Dialect, Map<string, DescribedQuery>>> = { mysql: new Map(), standard: new Map() }

/** The last query: a span asks for its name and for its data, one after the other. */
let lastQuery: string | undefined
let lastDialect: Dialect = 'standard'
let lastDescribed: DescribedQuery = { masked: '', summary: 'query', operation: undefined }

/**
 * @param isNew whether the query has values in it, so that it is another text each time: then it is not looked for among those of
 *   before, which takes time for a text that is not the same object
 */
export function describeQuery(query: string, dialect: Dialect, isNew: boolean = false): DescribedQuery {
  if (query === lastQuery && dialect === lastDialect) return lastDescribed
  const described = isNew ? describe(query, dialect) : describeOften(query, dialect)
  lastQuery = query.length > MAX_QUERY ? undefined : query
  lastDialect = dialect
  lastDescribed = described
  return described
}

function describeOften(query: string, dialect: Dialect): DescribedQuery {
  const known = remembered[dialect]
  const before = known.get(query)
  if (before !== undefined) return before
  const described = describe(query, dialect)
  // One with literals is soon replaced by the next: with them, it would only push others out.
  if (described.masked !== query || query.length > MAX_QUERY) return described
  if (known.size >= MAX_REMEMBERED) known.clear()
  known.set(query, described)
  return described
}

const scan = new QueryScan(1_024)

/** By the hash of the masked query, which repeats where literals differ; of those with the same hash, the last. Half a megabyte at most. */
const masked: (DescribedQuery | undefined)[] = new Array(256).fill(undefined)

/** What is recorded was masked by `maskQuery` in any case: the quick scan only finds which masked query of before it is. */
function describe(query: string, dialect: Dialect): DescribedQuery {
  const before = scan.mask(query, dialect) ? masked[scan.hash() & 0xff] : undefined
  return before !== undefined && scan.equals(before.masked) ? before : describeMasked(maskQuery(query, dialect))
}

function describeMasked(text: string): DescribedQuery {
  const place = scan.take(text) ? scan.hash() & 0xff : -1
  const before = masked[place]
  if (before?.masked === text) return before
  const described = { masked: text, summary: summaryOf(text), operation: operationOf(text) }
  if (place !== -1) masked[place] = described
  return described
}
