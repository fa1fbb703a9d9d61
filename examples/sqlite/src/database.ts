import { existsSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, resolve } from 'node:path'
import { checkOptions, optionRules, TraceError } from '@trace/core'

/** The part of a prepared statement that is used here. */
export interface Statement {
  run(...values: unknown[]): unknown
  all(...values: unknown[]): unknown[]
}

/**
 * The part of a database that is used here. `DatabaseSync` of node:sqlite has it, and so has `Database` of better-sqlite3 and of
 * libsql.
 */
export interface Database {
  exec(sql: string): unknown
  prepare(sql: string): Statement
  close(): unknown
}

/** Options of `sqliteRecorder` and `sqliteReader`: either a file or a database. */
export type SqliteOptions =
  | {
      /** The database file: an absolute path, or one from the current folder as it is now. */
      readonly path: string
      readonly database?: undefined
    }
  | {
      /** A database that the program has opened. It is never closed here. */
      readonly database: Database
      readonly path?: undefined
    }

/** Where spans are stored. */
export interface Store {
  /** For logs and messages: `sqlite(traces.db)`, or `sqlite` for a database that the program has opened. */
  readonly name: string
  /** Whether the program has opened the database: its settings are left as they are, and it is not closed. */
  readonly isForeign: boolean
  /** Opens the file, creating it only if `create` is set, or returns the database that the program has opened. */
  open(settings: string, create: boolean): Database
  /** What went wrong and what to do about it. */
  explain(error: unknown): string
}

/**
 * Checks the options of a factory. Does no I/O.
 *
 * @throws {TraceError} `TRACE_BAD_OPTION` for an unknown option or one of the wrong type, or for both or neither of the two
 */
export function storeOf(factory: string, options: SqliteOptions): Store {
  checkOptions(factory, options, {
    path: optionRules.string,
    database: { expected: 'a database with the methods exec, prepare and close', test: isDatabase },
  })
  const { path, database } = options
  if (database !== undefined && path === undefined) {
    return {
      name: 'sqlite',
      isForeign: true,
      open: () => database,
      explain: (error) => `the database: ${adviceFor(error)}`,
    }
  }
  if (path !== undefined && database === undefined) {
    const absolute = resolve(path)
    const explain = (error: unknown): string => pathAdvice(absolute, error) ?? adviceFor(error)
    return {
      name: `sqlite(${path})`,
      isForeign: false,
      open: (settings, create) => {
        // SQLite itself would create it.
        if (!create && !existsSync(absolute)) throw new Error(MISSING)
        return openFile(absolute, settings)
      },
      explain: (error) => `${absolute}: ${explain(error)}`,
    }
  }
  const got = path === undefined ? 'neither' : 'both'
  throw new TraceError('TRACE_BAD_OPTION', `${factory}: expected either "path" or "database", got ${got}`)
}

const MISSING = 'there is no such file; check the path, or record something first'

function isDatabase(value: unknown): value is Database {
  const methods = ['exec', 'prepare', 'close'].map((name): unknown => Reflect.get(Object(value), name))
  return methods.every((method) => typeof method === 'function')
}

function openFile(path: string, settings: string): Database {
  const database: unknown = Reflect.construct(loadDriver(), [path])
  if (!isDatabase(database)) throw new TypeError('the driver opened something that is no database')
  try {
    database.exec(settings)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** node:sqlite where this Node has it, else libsql, which brings compiled binaries along and needs no compiler. */
function loadDriver(): new (path: string) => unknown {
  const builtIn: unknown = process.getBuiltinModule('node:sqlite')
  const driver: unknown =
    builtIn === undefined ? createRequire(import.meta.url)('libsql') : Reflect.get(Object(builtIn), 'DatabaseSync')
  if (!isConstructor(driver)) throw new TypeError('the driver exports no class of databases')
  return driver
}

function isConstructor(value: unknown): value is new (path: string) => unknown {
  return typeof value === 'function'
}

/** SQLite keeps the text of this statement, and {@link hasTable} compares it. */
const TABLE = `CREATE TABLE trace_spans (
  trace_id INTEGER NOT NULL, -- the 64 bits of the id as a signed integer
  span_id INTEGER NOT NULL, -- likewise
  start_us INTEGER NOT NULL, -- microseconds since 1970, since nanoseconds of the year 9999 do not fit
  finished INTEGER NOT NULL, -- 0 while the span is open
  line TEXT NOT NULL, -- the span as @trace/jsonrec writes it
  PRIMARY KEY (trace_id, span_id)
) STRICT`
const INDICES = `
CREATE INDEX trace_spans_by_start ON trace_spans (start_us, trace_id, span_id);
CREATE INDEX trace_spans_by_trace ON trace_spans (trace_id, start_us, span_id);`

/** Creates the table of spans and its indices. */
export function createTable(database: Database): void {
  database.exec(`${TABLE};${INDICES}`)
}

/**
 * Whether the database has the table of spans.
 *
 * @throws {Error} if it has another one of that name: of a program that stores something else, or a view that never ends
 */
export function hasTable(database: Database): boolean {
  const [row] = database.prepare("SELECT sql FROM sqlite_master WHERE name = 'trace_spans' COLLATE NOCASE").all()
  if (row !== undefined && columnOf(row, 'sql') !== TABLE) {
    throw new Error('it has a table trace_spans of another form; give another database')
  }
  return row !== undefined
}

/** A column of a row, as text. */
export function columnOf(row: unknown, name: string): string {
  return String(Reflect.get(Object(row), name))
}

/** An id as SQLite stores it: the same 64 bits, with a sign. */
export function toInteger(id: bigint): bigint {
  return BigInt.asIntN(64, id)
}

/** The microsecond in which a time lies. @param time nanoseconds since the Unix epoch */
export function microsecond(time: bigint): bigint {
  return time >= 0n ? time / 1_000n : -((999n - time) / 1_000n)
}

const ADVICE: readonly (readonly [symptom: RegExp, advice: string])[] = [
  [/not a database|malformed/, 'it is not an SQLite database, or it is damaged; give another path'],
  [/readonly|read-only/, 'this user may not write there; allow it, or give another path'],
  [/ is locked/, 'another program keeps it locked; end its transaction, or give another path'],
  [/is full/, 'the disk is full; free some space'],
  [
    /Cannot find module/,
    'this Node has no node:sqlite, and the package libsql cannot be loaded; use Node 22.13 or later, or open the database yourself and pass it as the option "database"',
  ],
]

function adviceFor(error: unknown): string {
  const message = messageOf(error)
  return ADVICE.find(([symptom]) => symptom.test(message))?.[1] ?? message
}

function pathAdvice(path: string, error: unknown): string | undefined {
  if (!/unable to open/i.test(messageOf(error))) return undefined
  if (isFolder(path)) return 'it is a folder; give the path of a file in it'
  if (!existsSync(dirname(path))) return 'its folder does not exist; create the folder, or give another path'
  return 'this user may not open it, or not write to its folder; allow it, or give another path'
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}

/** The message of an error, of any realm. */
export function messageOf(error: unknown): string {
  return columnOf(error, 'message')
}
