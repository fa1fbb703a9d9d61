import { type ActiveSpan, dataToWrite } from '@trace/core'
import { kindOf, type Repeats } from './database-errors.js'
import { cutAt, QUOTE, withMessage } from './shortened-error.js'
import { type Dialect, maskQuery } from './sql.js'
import { isObject, read } from './wrapping.js'

/** A query that may have failed. */
export interface Query {
  /** Empty where something else has failed, such as connecting. */
  readonly text: string
  readonly dialect: Dialect
}

/** Marks the span of a query as failed: with the database's code, and without what the message may repeat of values. */
export function failQuery(span: ActiveSpan, error: unknown, query: Query): void {
  const { status } = kindOf(error)
  if (status !== undefined) dataToWrite(span)['db.response.status_code'] = status
  span.fail(withoutValues(error, query))
}

/** The code that a database told with an error; undefined for an error that is not of a database, such as one of the connection. */
export function statusOf(error: unknown): string | undefined {
  return kindOf(error).status
}

/** How many errors are looked at, each of which the next one caused. */
const MAX_CAUSES = 5

/** An error of a database without the values that its message, or that of an error in it, may repeat. */
export function withoutValues(error: unknown, query: Query, depth = 0): unknown {
  if (!isObject(error)) return error
  const original = String(read(error, 'message'))
  const message = maskMessage(original, kindOf(error).repeats, query)
  const [cause, errors]: unknown[] = [read(error, 'cause'), read(error, 'errors')]
  const inner = (each: unknown): unknown => (depth < MAX_CAUSES ? withoutValues(each, query, depth + 1) : undefined)
  const masked = message === original ? error : withMessage(error, message)
  if (!isObject(cause) && !Array.isArray(errors)) return masked
  return Object.create(masked, {
    cause: { value: inner(cause) },
    errors: { value: Array.isArray(errors) ? errors.map(inner) : undefined },
  })
}

/** Statements that run code which stands in a text, or say what the message is. */
const RUNS_A_TEXT = /(?:^|;)\s*(?:DO|EXEC|EXECUTE|PREPARE|SIGNAL|RESIGNAL|RAISERROR|THROW)\b/i

function maskMessage(message: string, repeats: Repeats, { text, dialect }: Query): string {
  const literals: string[] = []
  const masked = maskQuery(text, dialect, literals)
  const isOfText = literals.length > 0 && RUNS_A_TEXT.test(masked)
  if (repeats === 'all' || isOfText) return '?'
  return withoutLiterals(cutAt(message, placeOf(message, repeats, masked)), literals)
}

/** What a driver of MariaDB adds to a message: the query, and its values. */
const ADDED = /\n ?sql: /i

/** Where a value may begin in a message; -1 if nowhere. */
function placeOf(message: string, repeats: Repeats, masked: string): number {
  const added = message.search(ADDED)
  const own = added === -1 ? message : message.slice(0, added)
  const place = placeOfValue(own, repeats, masked)
  return place === -1 ? added : place
}

function placeOfValue(message: string, repeats: Repeats, masked: string): number {
  if (repeats === 'perhaps') return unknownPlace(message, masked)
  return typeof repeats === 'string' ? -1 : message.search(repeats)
}

const QUOTES = new RegExp(QUOTE.source, 'gu')
const NAME_IN_QUOTES = /["'`]([\p{L}\p{N}_$.]+)["'`](?![\p{L}\p{N}])/uy
const WORD_AT_END = /:\s+([^\s:]+)$/u

/** Where something is in quotes that is no name of the query's: then the query has it in a text, or as a value. */
function unknownPlace(message: string, masked: string): number {
  const names = new Set(masked.toLowerCase().match(/[\p{L}\p{N}_$]+/gu))
  const isKnown = (name: string): boolean => name.split('.').every((part) => names.has(part.toLowerCase()))
  QUOTES.lastIndex = 0
  for (let quote = QUOTES.exec(message); quote !== null; quote = QUOTES.exec(message)) {
    NAME_IN_QUOTES.lastIndex = quote.index
    const name = NAME_IN_QUOTES.exec(message)?.[1]
    if (name === undefined || !isKnown(name)) return quote.index
    QUOTES.lastIndex = NAME_IN_QUOTES.lastIndex
  }
  const last = WORD_AT_END.exec(message)
  return last === null || isKnown(last[1] ?? '') ? -1 : last.index + 1
}

/** A message with `?` for each literal of the query that it repeats, in whatever case. */
function withoutLiterals(message: string, literals: readonly string[]): string {
  let masked = message
  for (const value of literals.flatMap(valuesOf).sort((a, b) => b.length - a.length)) {
    if (!masked.toLowerCase().includes(value.toLowerCase())) continue
    const before = /^[\p{L}\p{N}_]/u.test(value) ? '(?<![\\p{L}\\p{N}_])' : ''
    const after = /[\p{L}\p{N}_]$/u.test(value) ? '(?![\\p{L}\\p{N}_])' : ''
    const escaped = value.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
    masked = masked.replace(new RegExp(before + escaped + after, 'giu'), '?')
  }
  return masked
}

const IN_QUOTES = /^(?:[\p{L}_$][\p{L}\p{N}_$]*)?(['"`])([\s\S]*?)\1?$|^(\$[^$]*\$)([\s\S]*?)(?:\3)?$/u

/** What a literal may stand for: the same where nothing is escaped in it. */
function valuesOf(literal: string): string[] {
  const [, quote, quoted, , dollars] = IN_QUOTES.exec(literal) ?? []
  const inner = quoted ?? dollars ?? literal
  const single = quote === undefined ? inner : inner.replaceAll(quote + quote, quote)
  return [...new Set([inner, single, single.replace(/\\(.)/gs, '$1')])].filter((value) => value.trim() !== '')
}
