import type { PlainData, PlainValue, Span } from '@trace/core'
import {
  formatTime,
  parseJson,
  plainJson,
  RefusedJson,
  SpanDraft,
  storedKey,
  numberText as textOfNumber,
  wellFormedKeys,
} from '@trace/core/text-file'

/**
 * Formats a span as a line of the file: ids as decimal strings, no empty fields, data under `data`.
 *
 * Integers are written with all their digits. A number that is not a safe integer has a dot or an exponent, so that a reader can
 * tell it from a bigint. NaN and the infinities become text; a lone surrogate becomes U+FFFD.
 *
 * @returns one line, with its line break
 * @throws {RangeError} if a time is outside the years 0000 to 9999, or data is nested too deep or contains itself
 * @throws {TypeError} if data holds a value that is not plain (see core's `toPlain`)
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

/** Whether a line may hold an id that is written as a number with a fraction or an exponent. */
const FLOAT_ID = /_id"\s*:\s*-?\d+[.eE]/
const ID_FIELDS: ReadonlySet<string> = new Set(['span_id', 'trace_id', 'parent_id'])

/**
 * Reads a line that this package, the Go package or another writer of the same JSON wrote. Integers beyond 2^53 become bigints. Keys
 * that are neither fields nor `data` are ignored, as the Go package does.
 *
 * @param line with or without its line break
 * @returns the span, or why the line is not a span; never throws
 */
export function spanFromJsonLine(line: string): Span | string {
  try {
    const record = parseJson(line, FLOAT_ID.test(line))
    if (!isObject(record)) return 'it is not a JSON object'
    const draft = new SpanDraft()
    for (const key of Object.keys(record)) {
      const value: unknown = Reflect.get(record, key)
      // An id is taken as it is written, so that `12.0` and `1e3` are refused.
      if (key !== 'data')
        draft.setField(key, (ID_FIELDS.has(key) ? textOfNumber(value) : undefined) ?? plainJson(value))
      else if (!isObject(value)) return 'its data is not a JSON object'
      else
        for (const stored of Object.keys(value)) {
          draft.setData(stored.toWellFormed(), plainJson(Reflect.get(value, stored)))
        }
    }
    return draft.finished()
  } catch (error) {
    return error instanceof RefusedJson ? error.message : 'it is not JSON'
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
