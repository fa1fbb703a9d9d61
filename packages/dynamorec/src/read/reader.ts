import {
  checkOptions,
  optionRules,
  type ReadOptions,
  type Span,
  TraceError,
  type TraceList,
  type TraceQuery,
  type TraceReader,
} from '@trace/core'
import { checkQuery, checkTraceId, isId, listTraces, newestFirst } from '@trace/core/store'
import { Connection, TABLE_RULES, type TableOptions } from '../table/client.js'
import { ownSignal } from '../table/deadline.js'
import { createCommand, explain } from '../table/problem.js'
import { Examiner } from './examine.js'
import { Query } from './query.js'
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

/**
 * Reads the traces of a DynamoDB table: items of this package in either layout, and items of the Go package. Expired items are
 * left out, although DynamoDB deletes them some days later.
 *
 * `trace` reads all pages, consistently. `traces` reads the index if the table has it. Otherwise it scans a limited part of the
 * table, and `incomplete` says so. Every read rejects with a `TraceError` of code `TRACE_CANNOT_READ` if the table is missing or does
 * not answer.
 *
 * @throws {TraceError} `TRACE_BAD_OPTION` for an unknown option, one that is missing, or one of the wrong type
 */
export function dynamoReader(options: DynamoReaderOptions): TraceReader {
  checkOptions('dynamoReader', options, { ...TABLE_RULES, index: optionRules.boolean, scanPages: optionRules.count })
  const { table, requestTimeout = 10_000, scanPages = DEFAULT_SCAN_PAGES } = options
  const name = `dynamodb(${table})`
  const connection = new Connection({ ...options, requestTimeout })

  /** @param isCallers whether an error was thrown by a function of the caller's, and is none of the table's */
  async function read<T>(
    signal: AbortSignal | undefined,
    use: (query: Query) => Promise<T>,
    isCallers: (error: unknown) => boolean = () => false,
  ): Promise<T> {
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
    trace: (traceId, { signal }: ReadOptions = {}) =>
      read(signal, async (query) => {
        checkTraceId(traceId)
        const spans = isId(traceId) ? await query.trace(traceId) : []
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
    close: async () => connection.close(),
  }
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
