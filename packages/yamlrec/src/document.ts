import type { PlainData, Span } from '@trace/core'
import { storedKey, textOf, Utf8Piece, type Utf8Text, wellFormedKeys } from '@trace/core/text-file'
import { Line } from './line.js'

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
  if (span.process !== '') PROCESS.write(span.process, text)
  if (span.kind !== '') KIND.write(span.kind, text)
  if (span.name !== '') NAME.write(span.name, text)
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
    line.write(data[key], text)
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
  before.next = lines.get(key) ?? newLine(key)
  return before.next
}

function newLine(key: string): Line {
  const line = new Line(storedKey(key), key)
  if (lines.size < MOST_KEYS && key.length <= LONGEST_KEY) lines.set(key, line)
  return line
}
