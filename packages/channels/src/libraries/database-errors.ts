import { QUOTE } from './shortened-error.js'
import { read } from './wrapping.js'

/**
 * What the message of an error may repeat: no more than `names` of tables, columns and the like; `perhaps` values, too; values where
 * this matches; or `all` of it is a program's own.
 */
export type Repeats = 'names' | 'perhaps' | 'all' | RegExp

const IN_QUOTES_OR_PARENTHESES = new RegExp(`${QUOTE.source}|\\p{Ps}`, 'u')
const BEHIND_A_COLON = new RegExp(`${IN_QUOTES_OR_PARENTHESES.source}|:`, 'u')

/** What is known of an error by its form, whichever library made it. */
export interface DatabaseError {
  /** The database's code, for `db.response.status_code`. */
  readonly status: string | undefined
  readonly repeats: Repeats
}

export function kindOf(error: unknown): DatabaseError {
  return postgresql(error) ?? mysql(error) ?? sqlServer(error) ?? sqlite(error) ?? other(error)
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const SQLSTATE = /^[0-9A-Z]{5}$/

function postgresql(error: unknown): DatabaseError | undefined {
  const status = read(error, 'code')
  if (typeof status !== 'string' || !SQLSTATE.test(status) || typeof read(error, 'severity') !== 'string')
    return undefined
  // `RAISE` may give any state.
  const isRaised = status === 'P0001' || read(error, 'routine') === 'exec_stmt_raise'
  // Data exceptions and syntax errors; then what violates a constraint, whose value is in the detail.
  const repeats = /^(?:22|42601)/.test(status) ? BEHIND_A_COLON : /^23/.test(status) ? 'names' : 'perhaps'
  return { status, repeats: isRaised ? 'all' : repeats }
}

/** Errors whose messages repeat values, or a piece of the query (https://mariadb.com/docs/server/reference/error-codes). */
const VALUES_OF_MYSQL = /^ER_(?:PARSE_|DUP_ENTRY|TRUNCATED_|WRONG_VALUE|ILLEGAL_VALUE|INVALID_|DATA_|UNKNOWN_ERROR)/
/** Those whose messages name tables, columns, keys and functions. */
const NAMES_OF_MYSQL = new RegExp(
  [
    '^ER_(?:NO_SUCH_TABLE|BAD_FIELD_ERROR|BAD_TABLE_ERROR|TABLE_EXISTS_ERROR|BAD_NULL_ERROR|NO_DEFAULT_FOR_FIELD',
    'NON_UNIQ_ERROR|NO_REFERENCED_ROW|ROW_IS_REFERENCED|DUP_FIELDNAME|DUP_KEYNAME|CANT_DROP_FIELD_OR_KEY',
    'WRONG_FIELD_WITH_GROUP|MIX_OF_GROUP_FUNC|FIELD_SPECIFIED_TWICE|WARN_DATA_OUT_OF_RANGE|DATA_TOO_LONG',
    'CHECK_CONSTRAINT_VIOLATED|SP_DOES_NOT_EXIST|NO_DB_ERROR)|^WARN_DATA_TRUNCATED$',
  ].join('|'),
)

/** ER_SIGNAL_EXCEPTION, and the class of states that are left to programs. */
const SIGNAL_OF_MYSQL = 1644
/** Libraries give it the name that MySQL has for its number. */
const CHECK_OF_MARIADB = 4025

function mysql(error: unknown): DatabaseError | undefined {
  const [code, number, state] = [read(error, 'code'), read(error, 'errno'), read(error, 'sqlState')]
  if (typeof number !== 'number' || typeof state !== 'string') return undefined
  const status = typeof code === 'string' ? code : String(number)
  if (number === SIGNAL_OF_MYSQL || state.startsWith('45')) return { status, repeats: 'all' }
  if (NAMES_OF_MYSQL.test(status) || number === CHECK_OF_MARIADB) return { status, repeats: 'names' }
  return { status, repeats: VALUES_OF_MYSQL.test(status) || state.startsWith('22') ? QUOTE : 'perhaps' }
}

/** Errors whose messages name what there is not, and repeat no value: a column, a table, a procedure, a part of a name. */
const NAMES_OF_SQL_SERVER: readonly number[] = [207, 208, 2812, 4104]
/** From here on messages are those of programs. */
const RAISED_BY_SQL_SERVER = 50_000

function sqlServer(error: unknown): DatabaseError | undefined {
  const number = read(error, 'number')
  if (typeof number !== 'number') return undefined
  const repeats = NAMES_OF_SQL_SERVER.includes(number) ? 'names' : IN_QUOTES_OR_PARENTHESES
  return { status: String(number), repeats: number >= RAISED_BY_SQL_SERVER ? 'all' : repeats }
}

/** https://sqlite.org/rescode.html, as better-sqlite3, libSQL, Node and D1 tell it. */
const CONSTRAINT = 19

function sqlite(error: unknown): DatabaseError | undefined {
  const [code, number] = [read(error, 'code'), read(error, 'errcode')]
  const message = String(read(error, 'message'))
  const status = code === 'ERR_SQLITE_ERROR' ? String(number) : /^SQLITE_\w+$/.exec(String(code))?.[0]
  if (status === undefined && !/^D1_\w+:|\bSQLITE_\w+/.test(message)) return undefined
  const isConstraint = /\bSQLITE_CONSTRAINT/.test(`${status} ${message}`) || (Number(number) & 0xff) === CONSTRAINT
  if (!isConstraint) return { status, repeats: 'perhaps' }
  // Another message is that of a trigger.
  return {
    status,
    repeats: /\b(?:UNIQUE|NOT NULL|CHECK|FOREIGN KEY) constraint failed/.test(message) ? 'names' : 'all',
  }
}

const WHEREVER = new RegExp(`${IN_QUOTES_OR_PARENTHESES.source}|(?<=:\\s)\\S+$`, 'u')

/** An error of the system's names a host or a file. */
function other(error: unknown): DatabaseError {
  const isOfSystem = typeof read(error, 'syscall') === 'string'
  return { status: undefined, repeats: isOfSystem ? 'names' : WHEREVER }
}
