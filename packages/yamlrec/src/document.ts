import type { PlainData, PlainValue, Span } from '@trace/core'
import { storedKey, textOf, type Utf8Text, wellFormedKeys } from '@trace/core/text-file'
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
  return textOf(span, writeSpan)
}

const SPAN_ID = Buffer.from('\n---\nspan_id: ')
const TRACE_ID = Buffer.from('\ntrace_id: ')
const PARENT_ID = Buffer.from('\nparent_id: ')
const NAME = Buffer.from('\nname: ')
const START = Buffer.from('\nstart: "')
const FINISH = Buffer.from('"\nfinish: "')
const QUOTE = Buffer.from('"')
const END = Buffer.from('\n...\n')

/** Adds a span as {@link spanToYaml} formats it, and throws what it throws. */
export function writeSpan(span: Span, text: Utf8Text): void {
  text.add(SPAN_ID)
  text.addId(span.spanId)
  text.add(TRACE_ID)
  text.addId(span.traceId)
  text.add(PARENT_ID)
  text.addId(span.parentId)
  text.add(kindBytes(span.process, span.kind))
  if (span.name !== '') {
    text.add(NAME)
    text.addText(stringText(span.name))
  }
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

/** Of the process whose spans were formatted last: programs use a few kinds. */
const kinds = new Map<string, Uint8Array>()
let processOfKinds = ''

function kindBytes(process: string, kind: string): Uint8Array {
  if (process !== processOfKinds) kinds.clear()
  processOfKinds = process
  const known = kinds.get(kind)
  if (known !== undefined) return known
  const processText = process === '' ? '' : `\nprocess: ${stringText(process)}`
  return remember(kinds, kind, kind === '' ? processText : `${processText}\nkind: ${stringText(kind)}`)
}

const MAX_REMEMBERED = 1_000
/** In bytes. */
const MAX_LENGTH = 256

function remember(texts: Map<string, Uint8Array>, key: string, text: string): Uint8Array {
  const bytes = Buffer.from(text)
  if (texts.size === MAX_REMEMBERED) texts.clear()
  if (bytes.length <= MAX_LENGTH) texts.set(key, bytes)
  return bytes
}

function writeData(data: PlainData, text: Utf8Text): void {
  const { length } = text
  for (const key in data) {
    const beginning = beginnings.get(key) ?? newBeginning(key)
    if (beginning === undefined) {
      text.cutTo(length)
      writeData(wellFormedKeys(data), text)
      return
    }
    text.add(beginning)
    const value = data[key]
    if (typeof value !== 'number' || !text.addShortNumber(value)) text.addText(valueText(value))
  }
}

/** By key, the text from the end of the line before to its value. Programs use the same few keys over and over. */
const beginnings = new Map<string, Uint8Array>()

/** @returns undefined if the key is not well-formed */
function newBeginning(key: string): Uint8Array | undefined {
  if (!key.isWellFormed()) return undefined
  const name = stringText(storedKey(key))
  return remember(beginnings, key, name.length > MAX_SIMPLE_KEY ? `\n? ${name}\n: ` : `\n${name}: `)
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
