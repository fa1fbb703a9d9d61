import type { PlainData, PlainValue, Span } from '@trace/core'
import { formatTime, storedKey, wellFormedKeys } from '@trace/core/text-file'
import { numberText, quoted, stringText } from './scalar.js'

/** The longest key that may come before its colon without `?` (YAML 1.2.2, 7.4.2; 1.1, 9.3.1), quotes included. */
const MAX_SIMPLE_KEY = 1_024

/**
 * Formats a span as a YAML document of the file: an empty line, `---`, a line for each field and data key, and `...`. Empty fields
 * are left out.
 *
 * @returns text that begins and ends with a line break
 * @throws {RangeError} if a time is outside the years 0000 to 9999, or data is nested too deep or contains itself
 * @throws {TypeError} if data holds a value that is not plain (see core's `toPlain`)
 */
export function spanToYaml(span: Span): string {
  let text = `\n---\nspan_id: ${span.spanId}\ntrace_id: ${span.traceId}\nparent_id: ${span.parentId}\n`
  if (span.process !== '') text += `process: ${stringText(span.process)}\n`
  if (span.kind !== '') text += `kind: ${stringText(span.kind)}\n`
  if (span.name !== '') text += `name: ${stringText(span.name)}\n`
  text += `start: "${formatTime(span.start)}"\n`
  if (span.finish !== undefined) text += `finish: "${formatTime(span.finish)}"\n`
  return `${text}${dataText(span.data)}...\n`
}

function dataText(data: PlainData): string {
  let text = ''
  for (const key in data) {
    if (!key.isWellFormed()) return dataText(wellFormedKeys(data))
    text += `${beforeValue(key)}${valueText(data[key])}\n`
  }
  return text
}

/** Programs use the same few keys over and over. */
const beginnings = new Map<string, string>()
const MAX_BEGINNINGS = 1_000

/** The text before a key's value. */
function beforeValue(key: string): string {
  let text = beginnings.get(key)
  if (text === undefined) {
    const name = stringText(storedKey(key))
    text = name.length > MAX_SIMPLE_KEY ? `? ${name}\n: ` : `${name}: `
    if (beginnings.size === MAX_BEGINNINGS) beginnings.clear()
    if (key.length < 64) beginnings.set(key, text)
  }
  return text
}

function valueText(value: PlainValue | undefined): string {
  switch (typeof value) {
    case 'string':
      return stringText(value)
    case 'object':
      return value === null ? 'null' : flowText(value)
    default:
      return scalarText(value)
  }
}

function scalarText(value: PlainValue | undefined): string {
  switch (typeof value) {
    case 'number':
      return numberText(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'bigint':
      return String(value)
    default:
      throw new TypeError(`data holds ${typeof value}, which cannot be recorded; make it plain first (toPlain)`)
  }
}

/** Lists and maps on one line. Strings within are always quoted: YAML 1.1 takes fewer characters there. */
function flowText(value: Exclude<PlainValue, string | number | bigint | boolean | null>): string {
  let text = ''
  if (isList(value)) {
    for (const item of value) text += `${text === '' ? '' : ', '}${itemText(item)}`
    return `[${text}]`
  }
  for (const key in value) {
    if (!key.isWellFormed()) return flowText(wellFormedKeys(value))
    const name = quoted(key)
    const mark = name.length > MAX_SIMPLE_KEY ? '? ' : ''
    text += `${text === '' ? '' : ', '}${mark}${name}${mark === '' ? '' : ' '}: ${itemText(value[key])}`
  }
  return `{${text}}`
}

function itemText(value: PlainValue | undefined): string {
  if (typeof value === 'string') return quoted(value)
  return valueText(value)
}

function isList(value: PlainData | readonly PlainValue[]): value is readonly PlainValue[] {
  return Array.isArray(value)
}
