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

const remembered: Readonly<Record<Dialect, Map<string, DescribedQuery>>> = {
  mysql: new Map(),
  standard: new Map(),
  any: new Map(),
}

/** The last query: a span asks for its name and for its data, one after the other. */
let lastQuery: string | undefined
let lastDialect: Dialect = 'standard'
let lastDescribed: DescribedQuery = { masked: '', summary: 'query', operation: undefined }

/** Describes a query that a program repeats as it is. */
export function describeQuery(query: string, dialect: Dialect): DescribedQuery {
  if (query === lastQuery && dialect === lastDialect) return lastDescribed
  const described = describeOften(query, dialect)
  lastQuery = query.length > MAX_QUERY ? undefined : query
  lastDialect = dialect
  lastDescribed = described
  return described
}

/**
 * Describes a query that has values in it, so that it is another text each time. It is not looked for among those of before, nor compared
 * with the last one: that takes time for a text that is not the same object.
 */
export function describeNewQuery(query: string, dialect: Dialect): DescribedQuery {
  // Blanks around it are not recorded. Where there are none, this gives the same text.
  const before = scan.mask(query.trim(), dialect) ? scanned[scan.hash() & 0xff] : undefined
  // What is recorded was masked by `maskQuery` in any case: the quick scan only finds which masked query of before it is.
  return before !== undefined && scan.equals(before.codes)
    ? before.described
    : describeMasked(maskQuery(query, dialect))
}

function describeOften(query: string, dialect: Dialect): DescribedQuery {
  const known = remembered[dialect]
  const before = known.get(query)
  if (before !== undefined) return before
  const described = describeNewQuery(query, dialect)
  // One with literals is soon replaced by the next: with them, it would only push others out.
  if (described.masked !== query.trim() || query.length > MAX_QUERY) return described
  if (known.size >= MAX_REMEMBERED) known.clear()
  known.set(query, described)
  return described
}

const scan = new QueryScan(1_024)

/** A description with its masked query as the scan has it. */
interface Scanned {
  readonly described: DescribedQuery
  readonly codes: Uint8Array
}

/** By the hash of the masked query, which repeats where literals differ; of those with the same hash, the last. At most 0.75 MB. */
const scanned: (Scanned | undefined)[] = new Array(256).fill(undefined)

function describeMasked(text: string): DescribedQuery {
  const place = scan.mask(text, 'masked') ? scan.hash() & 0xff : -1
  const before = scanned[place]?.described
  if (before?.masked === text) return before
  const described = { masked: text, summary: summaryOf(text), operation: operationOf(text) }
  if (place !== -1) scanned[place] = { described, codes: scan.codes() }
  return described
}
