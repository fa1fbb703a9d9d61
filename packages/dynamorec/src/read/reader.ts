import {
  checkOptions,
  optionRules,
  type ReadOptions,
  type Span,
  type SpanBatch,
  type SpanQuery,
  TraceError,
  type TraceList,
  type TraceQuery,
  type TraceReader,
} from '@trace/core'
import { LEDGER_KIND } from '@trace/core/spans'
import {
  checkQuery,
  checkSpanQuery,
  checkTraceId,
  isId,
  listTraces,
  matchesSpanQuery,
  newestFirst,
} from '@trace/core/store'
import { Connection, TABLE_RULES, type TableOptions } from '../table/client.js'
import { ownSignal } from '../table/deadline.js'
import { createCommand, explain } from '../table/problem.js'
import { Examiner } from './examine.js'
import { type Key, Query } from './query.js'
import { listFromIndex } from './recent.js'

/** Options of {@link dynamoReader}. */
export interface DynamoReaderOptions extends TableOptions {
  /** Time until a request is aborted, in ms. Default 10,000. */
  readonly requestTimeout?: number
  /**
   * Whether `traces` reads the index of recent traces. Default: if the table has it. `false` scans the table, which also finds
   * traces recorded without the index's attribute.
   */
  readonly index?: boolean
  /** How many pages of 1 MB a scan reads at most. Default 16. */
  readonly scanPages?: number
}

const DEFAULT_SCAN_PAGES = 16
/** How long before a time traces begin of which spans may start after it, where the index finds them, in ns: an hour. */
const LONGEST_TRACE = 3_600_000_000_000n

/**
 * Reads the traces of a DynamoDB table: items of this package in either layout, and items of the Go package. Expired items are
 * left out, although DynamoDB deletes them some days later.
 *
 * `trace` reads all pages, consistently. `traces` reads the index if the table has it. Otherwise it scans a limited part of the
 * table, and `incomplete` says so. `scan` reads such a part of the table too, or, from a time on, what the index has: up to 1,000 traces
 * that began at most an hour before that time. Every read rejects with a `TraceError` of code `TRACE_CANNOT_READ` if the table is missing or does
 * not answer.
 *
 * @throws {TraceError} `TRACE_BAD_OPTION` for an unknown option, one that is missing, or one of the wrong type
 */
export function dynamoReader(options: DynamoReaderOptions): TraceReader {
  checkOptions('dynamoReader', options, { ...TABLE_RULES, index: optionRules.boolean, scanPages: optionRules.count })
  const { table, requestTimeout = 10_000, scanPages = DEFAULT_SCAN_PAGES } = options
  const name = `dynamodb(${table})`
  const connection = new Connection({ ...options, requestTimeout })

  const read: Read = async (signal, use, isCallers = () => false) => {
    signal?.throwIfAborted()
    try {
      const own = signal === undefined ? undefined : ownSignal(signal)
      return await use(new Query({ connection, table, signal: own }))
    } catch (error) {
      signal?.throwIfAborted()
      if (error instanceof TraceError || isCallers(error)) throw error
      throw new TraceError('TRACE_CANNOT_READ', `${name}: ${explain(error, { table, place: connection.place })}`, {
        cause: error,
      })
    }
  }

  return {
    name,
    trace: (traceId, { signal, onPlace }: ReadOptions = {}) =>
      read(signal, async (query) => {
        checkTraceId(traceId)
        const spans = isId(traceId) ? await query.trace(traceId) : []
        tellPlaces(name, spans, onPlace)
        return { spans, ...query.report }
      }),
    traces: (query = {}, { signal }: ReadOptions = {}) => {
      const thrown = new Set<unknown>()
      const list = async (reading: Query): Promise<TraceList> => {
        const wanted = { ...checkQuery(query), ...noting(query.where, thrown) }
        const listed = options.index === false ? undefined : await listFromIndex(reading, wanted, wanted.limit)
        return listed ?? (await listByScan(reading, wanted, { limit: wanted.limit, scanPages }))
      }
      return read(signal, list, (error) => thrown.has(error))
    },
    scan: async function* (query = {}, { signal, onPlace }: ReadOptions = {}) {
      const how = { index: options.index !== false, scanPages, query }
      for await (const batch of scan((use) => read(signal, use), how)) {
        tellPlaces(name, batch.spans, onPlace)
        yield batch
      }
    },
    close: async () => connection.close(),
  }
}

/** @param name of the reader */
function tellPlaces(name: string, spans: readonly Span[], onPlace: ReadOptions['onPlace']): void {
  if (onPlace === undefined) return
  for (const span of spans) onPlace(span, `${name} trace_id ${span.traceId}, span_id ${span.spanId}`)
}

/** @param isCallers whether an error was thrown by a function of the caller's, and is none of the table's */
type Read = <T>(
  signal: AbortSignal | undefined,
  use: (query: Query) => Promise<T>,
  isCallers?: (error: unknown) => boolean,
) => Promise<T>

interface Scan {
  /** Whether it may read the index. */
  readonly index: boolean
  readonly scanPages: number
  readonly query: SpanQuery
}

async function* scan(
  read: <T>(use: (reading: Query) => Promise<T>) => Promise<T>,
  { index, scanPages, query }: Scan,
): AsyncGenerator<SpanBatch> {
  checkSpanQuery(query)
  const indexed = index ? await read((reading) => spansByIndex(reading, query)) : undefined
  if (indexed !== undefined) {
    yield indexed
    return
  }
  let start: Key | undefined
  for (let pages = 0; pages < scanPages; pages++) {
    const { spans, next, report } = await read(async (reading) => {
      const page = await reading.spansPage(start)
      return { ...page, report: reading.report }
    })
    yield { spans: spans.filter((span) => matchesSpanQuery(span, query)), ...report }
    start = next
    if (start === undefined) return
  }
  const incomplete = `the table was read only in part, ${scanPages} MB of it; scanPages reads more`
  yield { spans: [], skipped: 0, places: [], incomplete }
}

/** The spans from a time on, by the index; undefined if there is no such time, or no index. */
async function spansByIndex(reading: Query, query: SpanQuery): Promise<SpanBatch | undefined> {
  const { from, to } = query
  if (from === undefined) return undefined
  const spans: Span[] = []
  const where = (span: Span): boolean => {
    if (matchesSpanQuery(span, query)) spans.push(span)
    return false
  }
  const range = { from: from - LONGEST_TRACE, ...(to === undefined ? {} : { to }) }
  const reports: string[] = []
  // Ledgers are listed apart. No trace has such a span, so that all are read.
  for (const kind of [{}, { kind: LEDGER_KIND }]) {
    const list = await listFromIndex(reading, { ...range, ...kind, where }, 1)
    if (list === undefined) return undefined
    if (list.incomplete !== undefined && !reports.includes(list.incomplete)) reports.push(list.incomplete)
  }
  return { spans, ...reading.report, ...(reports.length === 0 ? {} : { incomplete: reports.join('; ') }) }
}

/** The condition `where`, which leaves in `thrown` what it throws. */
function noting(where: TraceQuery['where'], thrown: Set<unknown>): Pick<TraceQuery, 'where'> {
  if (where === undefined) return {}
  return {
    where: (span) => {
      try {
        return where(span)
      } catch (error) {
        thrown.add(error)
        throw error
      }
    },
  }
}

/** How much of a table a list reads. */
interface ScanLimits {
  readonly limit: number
  /** In pages of 1 MB. */
  readonly scanPages: number
}

/** The traces that match, by a scan of the table; if it is larger than the limits, those found so far. */
async function listByScan(query: Query, wanted: TraceQuery, limits: ScanLimits): Promise<TraceList> {
  const { limit, scanPages } = limits
  const spans: Span[] = []
  const isWhole = await query.scan(wanted, scanPages, (page) => {
    for (const span of page) spans.push(span)
  })
  if (isWhole) return { traces: listTraces(spans, wanted), ...query.report }
  const examiner = new Examiner(query, wanted, limit)
  await examiner.examine(newestTraces(spans))
  const advice = `\`${createCommand(query.table)} --index\` adds an index, and scanPages reads more`
  const incomplete = `the table was read only in part, ${scanPages} MB of it, so that newer traces may be missing: ${advice}`
  return { traces: examiner.found.sort(newestFirst).slice(0, limit), ...query.report, incomplete }
}

function newestTraces(spans: readonly Span[]): bigint[] {
  const starts = new Map<bigint, bigint>()
  for (const { traceId, start } of spans) {
    const earliest = starts.get(traceId)
    if (earliest === undefined || start < earliest) starts.set(traceId, start)
  }
  return [...starts]
    .map(([traceId, start]) => ({ traceId, start }))
    .sort(newestFirst)
    .map(({ traceId }) => traceId)
}
