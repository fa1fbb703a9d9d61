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
  let text = `\n---\nspan_id: ${span.spanId}\ntrace_id: ${span.traceId}\nparent_id: ${span.parentId}`
  text += kindText(span.process, span.kind)
  if (span.name !== '') text += `\nname: ${stringText(span.name)}`
  text += `\nstart: "${formatTime(span.start)}`
  if (span.finish !== undefined) text += `"\nfinish: "${formatTime(span.finish)}`
  return `${text}"${dataText(span.data)}\n...\n`
}

/** Of the process whose spans were formatted last: programs use a few kinds. */
const kinds = new Map<string, string>()
let processOfKinds = ''

function kindText(process: string, kind: string): string {
  if (process !== processOfKinds) kinds.clear()
  processOfKinds = process
  let text = kinds.get(kind)
  if (text === undefined) {
    text = process === '' ? '' : `\nprocess: ${stringText(process)}`
    if (kind !== '') text += `\nkind: ${stringText(kind)}`
    remember(kinds, kind, text)
  }
  return text
}

const MAX_REMEMBERED = 1_000
/** In characters. */
const MAX_LENGTH = 256

/** As one piece: V8 makes a tree of texts that are added to each other, and copies from each of them when it makes bytes of it. */
function remember(texts: Map<string, string>, key: string, text: string): void {
  if (texts.size === MAX_REMEMBERED) texts.clear()
  if (text.length <= MAX_LENGTH) texts.set(key, Buffer.from(text).toString())
}

function dataText(data: PlainData): string {
  let text = ''
  for (const key in data) {
    const beginning = beginnings.get(key) ?? newBeginning(key)
    if (beginning === undefined) return dataText(wellFormedKeys(data))
    text += beginning + valueText(data[key])
  }
  return text
}

/** By key, the text from the end of the line before to its value. Programs use the same few keys over and over. */
const beginnings = new Map<string, string>()

/** @returns undefined if the key is not well-formed */
function newBeginning(key: string): string | undefined {
  if (!key.isWellFormed()) return undefined
  const name = stringText(storedKey(key))
  const text = name.length > MAX_SIMPLE_KEY ? `\n? ${name}\n: ` : `\n${name}: `
  remember(beginnings, key, text)
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
