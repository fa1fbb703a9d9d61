import { RecordError, type Recorder, type Span } from '@trace/core'
import { isId, sleep } from '@trace/core/store'
import { spanToJsonLine } from '@trace/jsonrec'
import {
  createTable,
  type Database,
  hasTable,
  messageOf,
  microsecond,
  type SqliteOptions,
  storeOf,
  toInteger,
} from './database.js'

/**
 * With a write-ahead log, readers and the writer do not wait for each other. `NORMAL` does not wait for the disk after every
 * batch: if the power fails, the last batches may be missing. With a timeout of 0, a locked database never stops the event loop.
 */
const SETTINGS = 'PRAGMA busy_timeout = 0; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL'
/** How long to wait for a database that another program has locked, in ms. */
const PATIENCE = 5_000
/** Time between two tries, in ms. */
const PAUSE = 10

/** Of two records of a span, keep the later one, unless only the earlier one is finished. */
const INSERT = `
  INSERT INTO trace_spans (trace_id, span_id, start_us, finished, line) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (trace_id, span_id) DO UPDATE
  SET start_us = excluded.start_us, finished = excluded.finished, line = excluded.line
  WHERE excluded.finished >= trace_spans.finished`

type Row = readonly (bigint | string)[]

/**
 * Records spans to the table `trace_spans` of an SQLite database, to which other processes may record at the same time. The first
 * record opens the file, and creates it if it is missing, but not its folder.
 *
 * If a span cannot be stored, `record` rejects with a `RecordError` that carries it. If the database takes none, it rejects with
 * another error. It can store at exit (`recordSync`).
 *
 * @throws {TraceError} `TRACE_BAD_OPTION` for an unknown option or one of the wrong type, or for both or neither of `path` and
 * `database`
 */
export function sqliteRecorder(options: SqliteOptions): Recorder {
  const store = storeOf('sqliteRecorder', options)
  let opened: Database | undefined

  function write(rows: readonly Row[], isExit: boolean): void {
    if (rows.length === 0) return
    opened ??= store.open(SETTINGS, true)
    // A process that exits has no event loop to wait in, so SQLite waits.
    if (isExit && !store.isForeign) opened.exec(`PRAGMA busy_timeout = ${PATIENCE}`)
    insert(opened, rows)
  }

  function notStored(cause: unknown): Error {
    return new Error(`${store.name}: cannot record to ${store.explain(cause)}`, { cause })
  }

  return {
    name: store.name,
    durable: true,
    async record(spans) {
      const batch = encode(spans)
      for (let waited = 0; ; waited += PAUSE) {
        try {
          write(batch.rows, false)
          break
        } catch (error) {
          if (!isBusy(error) || waited >= PATIENCE) throw notStored(error)
        }
        await sleep(PAUSE, undefined, { ref: false })
      }
      throwIfRefused(store.name, batch)
    },
    recordSync(spans) {
      const batch = encode(spans)
      try {
        write(batch.rows, true)
      } catch (error) {
        throw notStored(error)
      }
      throwIfRefused(store.name, batch)
    },
    async close() {
      if (!store.isForeign) opened?.close()
      opened = undefined
    },
  }
}

/** Inserts all rows, or none. */
function insert(database: Database, rows: readonly Row[]): void {
  database.exec('BEGIN IMMEDIATE')
  try {
    if (!hasTable(database)) createTable(database)
    const statement = database.prepare(INSERT)
    for (const row of rows) statement.run(...row)
    database.exec('COMMIT')
  } catch (error) {
    try {
      database.exec('ROLLBACK')
    } catch {
      // SQLite has done so itself, as it does when the disk is full.
    }
    throw error
  }
}

interface Batch {
  readonly rows: readonly Row[]
  /** Spans that no database of this form can hold. */
  readonly refused: readonly Span[]
  readonly cause: unknown
}

function encode(spans: readonly Span[]): Batch {
  const rows: Row[] = []
  const refused: Span[] = []
  let cause: unknown
  for (const span of spans) {
    try {
      const ids = [span.traceId, span.spanId]
      // Others would be stored as the ids of another span.
      if (!ids.every(isId)) throw new RangeError('its ids are not from 1 to 2^64−1')
      const line = spanToJsonLine(span).trimEnd()
      rows.push([...ids.map(toInteger), microsecond(span.start), span.finish === undefined ? 0n : 1n, line])
    } catch (error) {
      cause ??= error
      refused.push(span)
    }
  }
  return { rows, refused, cause }
}

function throwIfRefused(name: string, { refused, cause }: Batch): void {
  if (refused.length === 0) return
  const message = `${name}: ${refused.length} spans cannot be written, and are left out: ${messageOf(cause)}`
  throw new RecordError(message, refused, { cause })
}

/** Whether another program writes just now, or the program itself has begun a transaction in the database that it handed in. */
function isBusy(error: unknown): boolean {
  return / is locked|within a transaction/.test(messageOf(error))
}
