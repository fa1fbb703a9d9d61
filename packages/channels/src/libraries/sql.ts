/** How much of a query is recorded at most, in characters. */
const MAX_QUERY = 4_096

/** Whose rules a query's text follows: in MySQL, double quotes enclose a text; elsewhere, a name. */
export type Dialect = 'mysql' | 'standard'

const WORD = /[\p{L}_$@]/u
const WORD_REST = /[\p{L}\p{N}_$@.]/u
const DIGIT = /[0-9]/
/** What a number may go on with: digits, a fraction, an exponent, hexadecimal. */
const NUMBER_REST = /[0-9a-fA-FxX._]/

/**
 * A query without its literals: each text and number becomes `?`. Names, keywords and placeholders stay; comments become a space, since
 * programs put values there, too. Where a text does not end, all that follows is left out.
 */
export function maskQuery(query: string, dialect: Dialect): string {
  if (query === last.query && dialect === last.dialect) return last.masked
  const masked = withoutLiterals(query, dialect)
  if (query.length <= MAX_QUERY) last = { query, dialect, masked }
  return masked
}

/** The last one, since a span needs it for its name and for its data, and programs repeat their queries. */
let last: { readonly query: string; readonly dialect: Dialect; readonly masked: string } = {
  query: '',
  dialect: 'standard',
  masked: '',
}

function withoutLiterals(query: string, dialect: Dialect): string {
  const text = query.slice(0, MAX_QUERY)
  let masked = ''
  let at = 0
  while (at < text.length) {
    const [end, replacement] = pieceAt(text, at, dialect)
    masked += replacement ?? text.slice(at, end)
    at = end
  }
  return query.length > MAX_QUERY ? `${masked} [cut]` : masked
}

/** Where the piece ends that begins there, and what stands for it; undefined for itself. */
function pieceAt(text: string, at: number, dialect: Dialect): [number, string | undefined] {
  const first = text[at] ?? ''
  const two = text.slice(at, at + 2)
  if (first === "'") return [quoteEnd(text, at, first, dialect), '?']
  if (first === '"') return [quoteEnd(text, at, first, dialect), dialect === 'mysql' ? '?' : undefined]
  if (first === '`') return [quoteEnd(text, at, first, 'standard'), undefined]
  if (two === '--' || (first === '#' && dialect === 'mysql')) return [until(text, at, '\n', 0), ' ']
  if (two === '/*') return [until(text, at + 2, '*/', 2), ' ']
  if (first === '$') return dollarPiece(text, at, dialect)
  if (WORD.test(first)) return wordPiece(text, at, dialect)
  if (DIGIT.test(first)) return [restEnd(text, at, NUMBER_REST), '?']
  return [at + 1, undefined]
}

/** A placeholder such as `$1`, or a text in dollar quotes, `$$…$$` or `$tag$…$tag$`. */
function dollarPiece(text: string, at: number, dialect: Dialect): [number, string | undefined] {
  const tag =
    dialect === 'standard' ? /^\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$/u.exec(text.slice(at, at + 64))?.[0] : undefined
  if (tag !== undefined) return [until(text, at + tag.length, tag, tag.length), '?']
  return [restEnd(text, at + 1, WORD_REST), undefined]
}

/** A name or keyword; or the letters before a text, as in `E'…'`, `x'…'` and `_utf8'…'`. */
function wordPiece(text: string, at: number, dialect: Dialect): [number, string | undefined] {
  const end = restEnd(text, at, WORD_REST)
  if (text[end] !== "'") return [end, undefined]
  const escapes = /^e$/i.test(text.slice(at, end)) ? 'mysql' : dialect
  return [quoteEnd(text, end, "'", escapes), '?']
}

function restEnd(text: string, at: number, rest: RegExp): number {
  let end = at
  while (end < text.length && rest.test(text[end] ?? '')) end++
  return end
}

/** Behind the closing quote; the end of the text if there is none. Doubled quotes stay inside, and in MySQL's rules escaped ones. */
function quoteEnd(text: string, at: number, quote: string, dialect: Dialect): number {
  for (let end = at + 1; end < text.length; end++) {
    if (text[end] === '\\' && dialect === 'mysql') end++
    else if (text[end] === quote) {
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
const TABLE =
  /\b(?:from|into|update|join|table)\s+(?:if\s+(?:not\s+)?exists\s+|only\s+)?([`"[]?[\p{L}_][\p{L}\p{N}_.$]*)/iu

/** The operation and the first table of a masked query, such as `SELECT users`: a name with few values. */
export function summaryOf(masked: string): string {
  const operation = operationOf(masked) ?? 'query'
  const table = TABLE.exec(masked)?.[1]?.replace(/[`"[]/g, '')
  return table === undefined ? operation : `${operation} ${table}`
}

/** The first word of a query, in capitals: `SELECT`. */
export function operationOf(masked: string): string | undefined {
  return OPERATION.exec(masked)?.[1]?.toUpperCase()
}
