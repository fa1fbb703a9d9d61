import {
  type Span,
  TraceError,
  type TraceList,
  type TraceQuery,
  type TraceReader,
  type TraceSpans,
  type TraceSummary,
} from '@trace/core'
import { checkQuery, checkTraceId, isId, listTraces, newestFirst, sleep } from '@trace/core/store'
import { spanFromJsonLine } from '@trace/jsonrec'
import { columnOf, type Database, hasTable, microsecond, type SqliteOptions, storeOf, toInteger } from './database.js'

const SETTINGS = 'PRAGMA busy_timeout = 1000; PRAGMA query_only = ON'
/** A line longer than this is skipped, in characters, so that no database makes a reader hold more. */
const MAX_LINE = 16 * 1024 * 1024
/** How many skipped rows are listed one by one; see `ReadReport`. */
const MAX_PLACES = 10

const SPANS = `
  SELECT CAST(span_id AS TEXT) AS span, iif(length(line) <= ${MAX_LINE}, line, '') AS line
  FROM trace_spans WHERE trace_id = ?`

/**
 * The next traces, the newest first, each by its earliest span. Both indices are read as far as is needed, and no span itself.
 * Integers come as text, since the drivers do not agree on those beyond 2^53.
 */
const TRACES = `
  SELECT CAST(start_us AS TEXT) AS start, CAST(trace_id AS TEXT) AS trace, CAST(span_id AS TEXT) AS span
  FROM trace_spans AS first
  WHERE (start_us, trace_id, span_id) < (?, ?, ?) AND start_us >= ? AND NOT EXISTS (
    SELECT 1 FROM trace_spans AS earlier
    WHERE earlier.trace_id = first.trace_id
    AND (earlier.start_us, earlier.span_id) < (first.start_us, first.span_id))
  ORDER BY start_us DESC, trace_id DESC, span_id DESC LIMIT 100`

const [SMALLEST, LARGEST] = [-(2n ** 63n), 2n ** 63n - 1n]

/**
 * Reads the traces that {@link sqliteRecorder} stores, while it is written too. The first read opens the file, which then
 * stays open until `close`, and is never changed.
 *
 * Both methods reject with a `TraceError` of code `TRACE_CANNOT_READ` if the file is missing, or cannot be read.
 *
 * @throws {TraceError} `TRACE_BAD_OPTION` as `sqliteRecorder` does
 */
export function sqliteReader(options: SqliteOptions): TraceReader {
  const store = storeOf('sqliteReader', options)
  let opened: Database | undefined
  let hasSpans = false

  function attempt<T>(read: () => T): T {
    try {
      return read()
    } catch (cause) {
      throw new TraceError('TRACE_CANNOT_READ', `${store.name}: cannot read ${store.explain(cause)}`, { cause })
    }
  }

  /** The rows are none if nothing has been recorded yet. */
  function rows(sql: string, ...values: readonly bigint[]): unknown[] {
    return attempt(() => {
      opened ??= store.open(SETTINGS, false)
      hasSpans ||= hasTable(opened)
      return hasSpans ? opened.prepare(sql).all(...values) : []
    })
  }

  return {
    name: store.name,
    async trace(traceId, { signal } = {}) {
      signal?.throwIfAborted()
      checkTraceId(traceId)
      return spansOf(rows, traceId)
    },
    async traces(query = {}, { signal } = {}) {
      signal?.throwIfAborted()
      return list(rows, query, signal)
    },
    async close() {
      if (!store.isForeign) opened?.close()
      opened = undefined
      hasSpans = false
    },
  }
}

type Rows = (sql: string, ...values: readonly bigint[]) => unknown[]

async function list(rows: Rows, query: TraceQuery, signal: AbortSignal | undefined): Promise<TraceList> {
  const { limit, from, to } = checkQuery(query)
  const found: TraceSummary[] = []
  const skipped: TraceSpans[] = []
  for await (const { traceId, start } of newestTraces(rows, from, to)) {
    signal?.throwIfAborted()
    // Those of one microsecond come in any order, so all of them are read.
    const last = found.at(-1)
    if (last !== undefined && found.length >= limit && start < microsecond(last.start)) break
    const trace = spansOf(rows, traceId)
    if (trace.skipped > 0) skipped.push(trace)
    found.push(...listTraces(trace.spans, query))
  }
  return { traces: found.sort(newestFirst).slice(0, limit), ...sumOf(skipped) }
}

/** Lets the event loop turn between pages, so that a signal can abort the read. */
async function* newestTraces(
  rows: Rows,
  from: bigint | undefined,
  to: bigint | undefined,
): AsyncGenerator<{ readonly traceId: bigint; readonly start: bigint }> {
  const seen = new Set<bigint>()
  const earliest = from === undefined ? SMALLEST : within64(microsecond(from))
  let after: readonly [bigint, bigint, bigint] = [
    to === undefined ? LARGEST : within64(microsecond(to) + 1n),
    SMALLEST,
    SMALLEST,
  ]
  for (;;) {
    const page = rows(TRACES, ...after, earliest)
    for (const row of page) {
      const [start, id] = [BigInt(columnOf(row, 'start')), BigInt(columnOf(row, 'trace'))]
      after = [start, id, BigInt(columnOf(row, 'span'))]
      const traceId = BigInt.asUintN(64, id)
      // A trace may get an earlier span while it is listed.
      if (!seen.has(traceId)) yield { traceId, start }
      seen.add(traceId)
    }
    if (page.length === 0) return
    await sleep(0)
  }
}

function within64(value: bigint): bigint {
  return value < SMALLEST ? SMALLEST : value > LARGEST ? LARGEST : value
}

function spansOf(rows: Rows, traceId: bigint): TraceSpans {
  const spans: Span[] = []
  const places: { readonly at: string; readonly reason: string }[] = []
  let skipped = 0
  for (const row of isId(traceId) ? rows(SPANS, toInteger(traceId)) : []) {
    const spanId = BigInt.asUintN(64, BigInt(columnOf(row, 'span')))
    const span = spanFromJsonLine(columnOf(row, 'line'))
    const isOfRow = typeof span !== 'string' && span.traceId === traceId && span.spanId === spanId
    if (isOfRow) spans.push(span)
    else if (++skipped <= MAX_PLACES) {
      const reason = typeof span === 'string' ? span : 'its ids are not those of its row'
      places.push({ at: `trace ${traceId}, span ${spanId}`, reason })
    }
  }
  return { spans, skipped, places }
}

function sumOf(traces: readonly TraceSpans[]): Pick<TraceSpans, 'skipped' | 'places'> {
  const skipped = traces.reduce((sum, trace) => sum + trace.skipped, 0)
  return { skipped, places: traces.flatMap(({ places }) => places).slice(0, MAX_PLACES) }
}
