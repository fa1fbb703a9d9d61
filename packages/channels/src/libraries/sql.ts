/** How much of a query is recorded at most, in characters. */
export const MAX_QUERY = 4_096

/** Whose rules a query's text follows: in MySQL, double quotes enclose a text; elsewhere, a name. */
export type Dialect = 'mysql' | 'standard'

const WORD = /[\p{L}_$@]/u
const WORD_REST = /[\p{L}\p{N}_$@.]*/uy
const DIGIT = /[0-9]/
/** What a number may go on with: digits, a fraction, an exponent, hexadecimal. */
const NUMBER_REST = /[0-9a-fA-FxX._]*/y
/** What neither is a part of a literal or a comment, nor begins one: most of a query at once. Other words are looked at one by one. */
const PLAIN = /(?:[\s(),;=<>*+?|&!%^~:[\]]+|[A-Za-z_][\w.]*(?![\w.$@'\u0080-\uffff]))*/y

/**
 * A query without its literals: each text and number becomes `?`. Names, keywords and placeholders stay; comments become a space, since
 * programs put values there, too. Where a text or a name does not end, all that follows is left out.
 */
export function maskQuery(query: string, dialect: Dialect): string {
  const text = query.slice(0, MAX_QUERY)
  let masked = ''
  let at = 0
  while (at < text.length) {
    const plain = restEnd(text, at, PLAIN)
    if (plain > at) masked += text.slice(at, plain)
    if (plain === text.length) break
    const [end, replacement] = pieceAt(text, plain, dialect)
    masked += replacement ?? text.slice(plain, end)
    at = end
  }
  return query.length > MAX_QUERY ? `${masked} [cut]` : masked
}

/** Where the piece ends that begins there, and what stands for it; undefined for itself. */
function pieceAt(text: string, at: number, dialect: Dialect): [number, string | undefined] {
  const first = text[at] ?? ''
  const two = text.slice(at, at + 2)
  if (first === "'") return [quoteEnd(text, at, first, dialect), '?']
  if (first === '"') return dialect === 'mysql' ? [quoteEnd(text, at, first, dialect), '?'] : namePiece(text, at, first)
  if (first === '`') return namePiece(text, at, first)
  if (two === '--' || (first === '#' && dialect === 'mysql')) return [until(text, at, '\n', 0), ' ']
  if (two === '/*') return [dialect === 'mysql' ? until(text, at + 2, '*/', 2) : commentEnd(text, at), ' ']
  if (first === '$') return dollarPiece(text, at, dialect)
  if (WORD.test(first)) return wordPiece(text, at, dialect)
  if (DIGIT.test(first)) return [restEnd(text, at, NUMBER_REST), '?']
  return [at + 1, undefined]
}

/** A name in quotes; what stands behind an opening quote that none closes may be anything. */
function namePiece(text: string, at: number, quote: string): [number, string | undefined] {
  const end = quoteEnd(text, at, quote, 'standard')
  return [end, end - at > 1 && text[end - 1] === quote ? undefined : '?']
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
  const tag = dialect === 'standard' ? DOLLAR_TAG.exec(text)?.[0] : undefined
  if (tag !== undefined) return [until(text, at + tag.length, tag, tag.length), '?']
  return [restEnd(text, at + 1, WORD_REST), undefined]
}

const CONTINUED = /[ \t\f\v]*[\r\n]\s*'/y

/** A name or keyword; or the letters before a text, as in `E'…'`, `x'…'` and `_utf8'…'`. */
function wordPiece(text: string, at: number, dialect: Dialect): [number, string | undefined] {
  const end = restEnd(text, at, WORD_REST)
  if (text[end] !== "'") return [end, undefined]
  const escapes = /^e$/i.test(text.slice(at, end)) ? 'mysql' : dialect
  let closed = quoteEnd(text, end, "'", escapes)
  // A text goes on behind a line's end, by the rules of its first part.
  for (let next = closed; ; closed = next) {
    CONTINUED.lastIndex = next
    const gap = CONTINUED.exec(text)?.[0]
    if (gap === undefined) return [closed, '?']
    next = quoteEnd(text, next + gap.length - 1, "'", escapes)
  }
}

/** @param rest a sticky pattern that matches nothing, too */
function restEnd(text: string, at: number, rest: RegExp): number {
  rest.lastIndex = at
  rest.test(text)
  return rest.lastIndex
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
