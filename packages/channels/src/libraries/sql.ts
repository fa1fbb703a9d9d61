/** How much of a query is recorded at most, in characters. */
export const MAX_QUERY = 4_096

/**
 * Whose rules a query's text follows: in MySQL, double quotes enclose a text; elsewhere, a name. Where nobody knows, `any`: what is in
 * double quotes is taken for a text, and all is left out from where two databases would not agree what is a text.
 */
export type Dialect = 'mysql' | 'standard' | 'any'

const STANDARD = /^(?:postgresql|cockroachdb|sqlite|libsql|duckdb|mssql|microsoft\.sql_server)$/

/** @param system a name of OpenTelemetry's for a database, or a library's own */
export function dialectOf(system: unknown): Dialect {
  const name = String(system)
  if (/^(?:mysql|mariadb)$/.test(name)) return 'mysql'
  return STANDARD.test(name) ? 'standard' : 'any'
}

const WORD = /[\p{L}_$@]/u
const WORD_REST = /[\p{L}\p{N}_$@.]*/uy
const DIGIT = /[0-9]/
/** What a number may go on with: digits, a fraction, an exponent, hexadecimal. */
const NUMBER_REST = /[0-9a-fA-FxX._]*/y
/** What neither is a part of a literal or a comment, nor begins one: most of a query at once. Other words are looked at one by one. */
const PLAIN = /(?:[\s(),;=<>*+?|&!%^~:[\]]+|[A-Za-z_][\w.]*(?![\w.$@'\u0080-\uffff]))*/y
/** The same, but for a bracket, which may enclose a name. */
const PLAIN_IN_ANY = /(?:[\s(),;=<>*+?|&!%^~:\]]+|[A-Za-z_][\w.]*(?![\w.$@'\u0080-\uffff]))*/y
const BLANKS = /\s*/y

/** What stands for a literal, and for a comment. */
const [LITERAL, COMMENT] = ['?', ' '] as const

/**
 * A query without its literals: each text and number becomes `?`. Names, keywords and placeholders stay. Comments are left out, since
 * programs put values there, too: one with the blanks around it becomes a space. Where a text or a name does not end, all that follows
 * is left out.
 *
 * @param literals gets the literals as the query has them
 */
export function maskQuery(query: string, dialect: Dialect, literals?: string[]): string {
  const whole = query.trim()
  const text = whole.slice(0, MAX_QUERY)
  const plain = dialect === 'any' ? PLAIN_IN_ANY : PLAIN
  let masked = ''
  let at = 0
  while (at < text.length) {
    const begin = restEnd(text, at, plain)
    if (begin > at) masked += text.slice(at, begin)
    if (begin === text.length) break
    const [end, replacement] = pieceAt(text, begin, dialect)
    at = end
    if (replacement === COMMENT) {
      masked = masked.trimEnd()
      if (masked !== '') masked += COMMENT
      at = restEnd(text, end, BLANKS)
    } else {
      masked += replacement ?? text.slice(begin, end)
      if (replacement === LITERAL) literals?.push(text.slice(begin, end))
    }
  }
  return whole.length > MAX_QUERY ? `${masked.trimEnd()} [cut]` : masked.trimEnd()
}

/** Where the piece ends that begins there, and what stands for it; undefined for itself. */
function pieceAt(text: string, at: number, dialect: Dialect): [number, string | undefined] {
  const first = text[at] ?? ''
  const two = text.slice(at, at + 2)
  if (first === "'") return [quoteEnd(text, at, first, dialect), LITERAL]
  if (first === '"' && dialect !== 'standard') return [quoteEnd(text, at, first, dialect), LITERAL]
  if (first === '"' || first === '`') return namePiece(text, at, first)
  if (two === '--' || (first === '#' && dialect !== 'standard')) return linePiece(text, at, dialect)
  if (two === '/*') return commentPiece(text, at, dialect)
  if (first === '[' && dialect === 'any') return bracketPiece(text, at)
  if (first === '$') return dollarPiece(text, at, dialect)
  if (WORD.test(first)) return wordPiece(text, at, dialect)
  if (DIGIT.test(first)) return [restEnd(text, at, NUMBER_REST), LITERAL]
  return [at + 1, undefined]
}

/** From where on databases may not agree what is a text. */
function restPiece(text: string): [number, string] {
  return [text.length, LITERAL]
}

const DASHES_OF_MYSQL = /--(?![^\s\p{Cc}])/uy

/** A comment until the line's end; or a minus, since in MySQL a blank has to follow the dashes of a comment. */
function linePiece(text: string, at: number, dialect: Dialect): [number, string | undefined] {
  if (dialect === 'any' && text[at] === '#') return restPiece(text)
  DASHES_OF_MYSQL.lastIndex = at
  if (dialect !== 'standard' && text[at] === '-' && !DASHES_OF_MYSQL.test(text)) {
    return dialect === 'any' ? restPiece(text) : [at + 1, undefined]
  }
  return [until(text, at, '\n', 0), COMMENT]
}

/** MySQL does what stands in a comment such as this, in which a text may have what ends others. */
const DONE_BY_MYSQL = /\/\*M?!/y

function commentPiece(text: string, at: number, dialect: Dialect): [number, string | undefined] {
  if (dialect === 'standard') return [commentEnd(text, at), COMMENT]
  const end = until(text, at + 2, '*/', 2)
  DONE_BY_MYSQL.lastIndex = at
  if (DONE_BY_MYSQL.test(text) && /["'`]/.test(text.slice(at, end))) return restPiece(text)
  const isNested = dialect === 'any' && text.slice(at + 2, end).includes('/*')
  return isNested ? restPiece(text) : [end, COMMENT]
}

/** A name of SQL Server's, or an index of PostgreSQL's: the same where neither has what begins a text, another name or a comment. */
function bracketPiece(text: string, at: number): [number, string | undefined] {
  return /["'`$#]|--|\/\*/.test(text.slice(at, until(text, at, ']', 1))) ? restPiece(text) : [at + 1, undefined]
}

/** A name in quotes; what stands behind an opening quote that none closes may be anything. */
function namePiece(text: string, at: number, quote: string): [number, string | undefined] {
  const end = quoteEnd(text, at, quote, 'standard')
  return [end, end - at > 1 && text[end - 1] === quote ? undefined : LITERAL]
}

const COMMENT_EDGE = /\/\*|\*\//g

/** Behind a comment that may hold others, as PostgreSQL's do. */
function commentEnd(text: string, at: number): number {
  let depth = 0
  COMMENT_EDGE.lastIndex = at
  for (let edge = COMMENT_EDGE.exec(text); edge !== null; edge = COMMENT_EDGE.exec(text)) {
    depth += edge[0] === '/*' ? 1 : -1
    if (depth === 0) return COMMENT_EDGE.lastIndex
  }
  return text.length
}

const DOLLAR_TAG = /\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$/uy

/** A placeholder such as `$1`, or a text in dollar quotes, `$$…$$` or `$tag$…$tag$`. */
function dollarPiece(text: string, at: number, dialect: Dialect): [number, string | undefined] {
  DOLLAR_TAG.lastIndex = at
  const tag = dialect === 'mysql' ? undefined : DOLLAR_TAG.exec(text)?.[0]
  if (tag !== undefined && dialect === 'any') return restPiece(text)
  if (tag !== undefined) return [until(text, at + tag.length, tag, tag.length), LITERAL]
  return [restEnd(text, at + 1, WORD_REST), undefined]
}

const CONTINUED = /[ \t\f\v]*(?:--[^\r\n]*)?[\r\n](?:\s|--[^\r\n]*[\r\n])*'/y

/** A name or keyword; or the letters before a text, as in `E'…'`, `x'…'` and `_utf8'…'`. */
function wordPiece(text: string, at: number, dialect: Dialect): [number, string | undefined] {
  const end = restEnd(text, at, WORD_REST)
  if (text[end] !== "'") return [end, undefined]
  const letters = text.slice(at, end)
  // Oracle has texts such as q'[it's]'.
  if (dialect === 'any' && /^n?q$/i.test(letters)) return restPiece(text)
  const escapes = /^e$/i.test(letters) && dialect === 'standard' ? 'mysql' : dialect
  let closed = quoteEnd(text, end, "'", escapes)
  // A text goes on behind a line's end, by the rules of its first part.
  for (let next = closed; ; closed = next) {
    CONTINUED.lastIndex = next
    const gap = CONTINUED.exec(text)?.[0]
    if (gap === undefined) return [closed, LITERAL]
    next = quoteEnd(text, next + gap.length - 1, "'", escapes)
  }
}

/** @param rest a sticky pattern that matches nothing, too */
function restEnd(text: string, at: number, rest: RegExp): number {
  rest.lastIndex = at
  rest.test(text)
  return rest.lastIndex
}

/**
 * Behind the closing quote; the end of the text if there is none, or nobody knows. Doubled quotes stay inside, and in MySQL's rules
 * escaped ones.
 */
function quoteEnd(text: string, at: number, quote: string, dialect: Dialect): number {
  for (let end = at + 1; end < text.length; end++) {
    if (text[end] === '\\' && dialect !== 'standard') {
      end++
      if (dialect === 'any' && text[end] === quote) return text.length
    } else if (text[end] === quote) {
      if (text[end + 1] !== quote) return end + 1
      end++
    }
  }
  return text.length
}

function until(text: string, from: number, closing: string, length: number): number {
  const end = text.indexOf(closing, from)
  return end === -1 ? text.length : end + length
}

const OPERATION = /^[\s(]*([a-z]+)/i
const NAME = '[`"[]?[\\p{L}_][\\p{L}\\p{N}_$]*[`"\\]]?'
const TABLE = new RegExp(
  `\\b(?:copy|from|into|update|join|table)\\s+(?:if\\s+(?:not\\s+)?exists\\s+|only\\s+)?(${NAME}(?:\\.${NAME})*)`,
  'iu',
)

/** The operation and the first table of a masked query, such as `SELECT users`: a name with few values. */
export function summaryOf(masked: string): string {
  const operation = operationOf(masked) ?? 'query'
  const table = TABLE.exec(masked)?.[1]?.replace(/[`"[\]]/g, '')
  return table === undefined ? operation : `${operation} ${table}`
}

/** The first word of a query, in capitals: `SELECT`. */
export function operationOf(masked: string): string | undefined {
  return OPERATION.exec(masked)?.[1]?.toUpperCase()
}
