import { randomUUID } from 'node:crypto'
import { formatTime, type PlainData, type PlainValue, type Span } from '@trace/core'
import { newPlainData, SpanDraft, storedKey, wellFormedKeys } from '@trace/core/text-file'

/**
 * A span as the line that stands in the file: ids as decimal strings, fields that are empty left out, data under `data`.
 *
 * Integers are written in full, however long. A number that is no safe integer has a dot or an exponent, so that a reader can
 * tell it from a bigint. NaN and the infinities become text; a lone surrogate becomes U+FFFD.
 *
 * @returns one line, with its line break
 * @throws {RangeError} where a time is outside the years 0000 to 9999, or data is nested too deep or contains itself
 * @throws {TypeError} where data holds what is no plain value (see core's `toPlain`)
 */
export function spanToJsonLine(span: Span): string {
  let text = `{"span_id":"${span.spanId}","trace_id":"${span.traceId}","parent_id":"${span.parentId}"`
  if (span.process !== '') text += `,"process":${stringText(span.process)}`
  if (span.kind !== '') text += `,"kind":${stringText(span.kind)}`
  if (span.name !== '') text += `,"name":${stringText(span.name)}`
  text += `,"start":"${formatTime(span.start)}"`
  if (span.finish !== undefined) text += `,"finish":"${formatTime(span.finish)}"`
  const data = mapText(span.data, storedKey)
  return data === '{}' ? `${text}}\n` : `${text},"data":${data}}\n`
}

function stringText(value: string): string {
  return JSON.stringify(value.toWellFormed())
}

function mapText(map: PlainData, nameOf: (key: string) => string): string {
  let text = ''
  for (const key in map) {
    if (!key.isWellFormed()) return mapText(wellFormedKeys(map), nameOf)
    text += `${text === '' ? '' : ','}${JSON.stringify(nameOf(key))}:${valueText(map[key])}`
  }
  return `{${text}}`
}

function valueText(value: PlainValue | undefined): string {
  switch (typeof value) {
    case 'string':
      return stringText(value)
    case 'number':
      return numberText(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'bigint':
      return String(value)
    case 'object':
      if (value === null) return 'null'
      return isList(value) ? `[${value.map(valueText).join(',')}]` : mapText(value, (key) => key)
    default:
      throw new TypeError(`data holds ${typeof value}, which cannot be recorded; make it plain first (toPlain)`)
  }
}

function isList(value: PlainData | readonly PlainValue[]): value is readonly PlainValue[] {
  return Array.isArray(value)
}

function numberText(value: number): string {
  if (Number.isSafeInteger(value)) return Object.is(value, -0) ? '-0' : String(value)
  if (!Number.isFinite(value)) return `"${value}"`
  const text = String(value)
  return /[.e]/.test(text) ? text : `${text}.0`
}

/** Nested deeper, a line is no span: far above what anything records, and far below what the stack takes. */
const MAX_DEPTH = 100
/** Reading an integer of n digits costs n²; the longest bigint that core records has 1,234 digits. */
const MAX_DIGITS = 2_000

/** Whether a line may hold an integer that a number cannot hold; one in a string costs time only. */
const LONG_INTEGER = /[:[,]\s*-?\d{16}/
/** Whether a line may hold an id that is written as a number with a fraction or an exponent. */
const FLOAT_ID = /"(?:span|trace|parent)_id"\s*:\s*-?\d+[.eE]/
const STRING_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g
const INTEGER = /^-?\d{16,}$/
const FLOAT = /^-?\d+[.eE]/
const ID_FIELDS: ReadonlySet<string> = new Set(['span_id', 'trace_id', 'parent_id'])
/** Stands before such numbers while JSON.parse has the line. Nobody can guess it, so no string of a file begins with it. */
const MARK = randomUUID()

/**
 * Reads a line: what this package or the original wrote, and JSON like it of any other writer. Integers beyond 2^53 are
 * bigints; keys that are neither fields nor `data` are left out, as the original leaves them.
 *
 * @param line with or without its line break
 * @returns the span, or why the line is none; never throws
 */
export function spanFromJsonLine(line: string): Span | string {
  try {
    const isMarked = LONG_INTEGER.test(line) || FLOAT_ID.test(line)
    const record: unknown = JSON.parse(isMarked ? line.replace(STRING_OR_NUMBER, marked) : line)
    if (!isObject(record)) return 'it is no JSON object'
    const draft = new SpanDraft()
    for (const key of Object.keys(record)) {
      const value: unknown = Reflect.get(record, key)
      if (key !== 'data') draft.setField(key, ID_FIELDS.has(key) ? idText(value, isMarked) : plain(value, isMarked, 1))
      else if (!isObject(value)) return 'its data is no JSON object'
      else
        for (const stored of Object.keys(value)) {
          draft.setData(stored.toWellFormed(), plain(Reflect.get(value, stored), isMarked, 1))
        }
    }
    return draft.finished()
  } catch (error) {
    return error instanceof TooDeep ? `it is nested deeper than ${MAX_DEPTH} levels` : 'it is not JSON'
  }
}

class TooDeep extends Error {}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function marked(token: string): string {
  const isLong = INTEGER.test(token) && !Number.isSafeInteger(Number(token))
  return isLong || FLOAT.test(token) ? `"${MARK}${token}"` : token
}

/** As it is written, so that `12.0` and `1e3` are no ids. */
function idText(value: unknown, isMarked: boolean): PlainValue {
  const isMark = isMarked && typeof value === 'string' && value.startsWith(MARK)
  return isMark ? value.slice(MARK.length) : plain(value, isMarked, 1)
}

/** What JSON.parse gave, with bigints, and maps that inherit nothing. */
function plain(value: unknown, isMarked: boolean, depth: number): PlainValue {
  if (typeof value === 'string') return isMarked && value.startsWith(MARK) ? number(value) : value.toWellFormed()
  if (typeof value === 'number' || typeof value === 'boolean') return value
  if (typeof value !== 'object' || value === null) return null
  if (depth > MAX_DEPTH) throw new TooDeep()
  if (Array.isArray(value)) return value.map((item: unknown) => plain(item, isMarked, depth + 1))
  const map = newPlainData()
  for (const key of Object.keys(value)) map[key.toWellFormed()] = plain(Reflect.get(value, key), isMarked, depth + 1)
  return map
}

function number(markedText: string): number | bigint | string {
  const text = markedText.slice(MARK.length)
  if (FLOAT.test(text)) return Number(text)
  return text.length > MAX_DIGITS ? text : BigInt(text)
}
