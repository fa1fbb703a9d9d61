import type { PlainData, PlainValue, Span } from '@trace/core'
import { storedKey, textOf, Utf8Piece, type Utf8Text, wellFormedKeys } from '@trace/core/text-file'
import { Line, MAX_SIMPLE_KEY } from './line.js'
import { numberText, quoted, stringText } from './scalar.js'

/**
 * Formats a span as a YAML document of the file: an empty line, `---`, a line for each field and data key, and `...`. Empty fields
 * are left out.
 *
 * @returns text that begins and ends with a line break
 * @throws {RangeError} if a time is outside the years 0000 to 9999, or data is nested too deep or contains itself
 * @throws {TypeError} if data holds a value that is not plain (see core's `toPlain`)
 */
export function spanToYaml(span: Span): string {
  return textOf(span, writeSpan)
}

const SPAN_ID = new Utf8Piece('\n---\nspan_id: ')
const TRACE_ID = new Utf8Piece('\ntrace_id: ')
const PARENT_ID = new Utf8Piece('\nparent_id: ')
const START = new Utf8Piece('\nstart: "')
const FINISH = new Utf8Piece('"\nfinish: "')
const QUOTE = new Utf8Piece('"')
const END = new Utf8Piece('\n...\n')

const PROCESS = new Line('process')
const KIND = new Line('kind')
const NAME = new Line('name')

/** Adds a span as {@link spanToYaml} formats it, and throws what it throws. */
export function writeSpan(span: Span, text: Utf8Text): void {
  text.add(SPAN_ID)
  text.addId(span.spanId)
  text.add(TRACE_ID)
  text.addId(span.traceId)
  text.add(PARENT_ID)
  text.addId(span.parentId)
  if (span.process !== '') PROCESS.write(span.process, text, writeValue)
  if (span.kind !== '') KIND.write(span.kind, text, writeValue)
  if (span.name !== '') NAME.write(span.name, text, writeValue)
  text.add(START)
  text.addTime(span.start)
  if (span.finish !== undefined) {
    text.add(FINISH)
    text.addTime(span.finish)
  }
  text.add(QUOTE)
  writeData(span.data, text)
  text.add(END)
}

function writeData(data: PlainData, text: Utf8Text): void {
  const { length } = text
  let line = BEFORE_DATA
  for (const key in data) {
    // Most spans have the keys of the one before, in the same order.
    const next = line.next?.key === key ? line.next : lineAfter(line, key)
    if (next === undefined) {
      text.cutTo(length)
      writeData(wellFormedKeys(data), text)
      return
    }
    line = next
    line.write(data[key], text, writeValue)
  }
}

const BEFORE_DATA = new Line('')
/** By key. Programs use the same few keys over and over. */
const lines = new Map<string, Line>()
const MOST_KEYS = 1_000
/** In characters. */
const LONGEST_KEY = 256

/** @returns undefined if the key is not well-formed */
function lineAfter(before: Line, key: string): Line | undefined {
  if (!key.isWellFormed()) return undefined
  const line = lines.get(key) ?? new Line(storedKey(key), key)
  if (lines.size < MOST_KEYS && key.length <= LONGEST_KEY) lines.set(key, line)
  before.next = line
  return line
}

function writeValue(value: PlainValue | undefined, text: Utf8Text): void {
  if (typeof value !== 'number' || !text.addShortNumber(value)) text.addText(valueText(value))
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
