import type { PlainData, PlainValue, Span } from '@trace/core'
import { dataKey, isId, readTime, setEntry } from '@trace/core/text-file'
import { Declined, keyText, lineValue, quotedEnd } from './plain-value.js'
import { plainValue } from './scalar.js'

/**
 * Unquoted text of the most common form, or a word such as `true`. Words have a limit: if someone wrote megabytes, a
 * loop over more than one kind of character overflows the stack of regular expressions.
 */
const TEXT = String.raw`([A-Za-z_/][\w./@+=?&%(),;~$*!-]*(?:[ :][\w./@+=?&%(),;~$*!-]+){0,200})`
const STRING = `(?:${TEXT}|(.+))`
const ID = String.raw`([1-9]\d*)`
const TIME = String.raw`"([^"\n]+)"`

/** The mark, and the fields as recorders write them. */
const FIELDS = new RegExp(
  String.raw`---\nspan_id: ${ID}\ntrace_id: ${ID}\nparent_id: (?:0|${ID})\n` +
    String.raw`(?:process: ${STRING}\n)?(?:kind: ${STRING}\n)?(?:name: ${STRING}\n)?` +
    String.raw`start: ${TIME}\n(?:finish: ${TIME}\n)?`,
  'y',
)
const FIELD_KEY = '(?:span_id|trace_id|parent_id|process|kind|name|start|finish)'
/** A line of data, as most are: an integer, text without quotes, or text without escapes in quotes. */
const COMMON_LINE = new RegExp(
  String.raw`(?!data\.|${FIELD_KEY}:)([A-Za-z_][\w./-]*): (?:(\d{1,15})|${TEXT}|"([^"\\\x00-\x1f]*)")\n`,
  'y',
)
/** Keys that data does not have here: `spanToYaml` writes them with `data.` in front. */
const NOT_DATA = new RegExp(`^${FIELD_KEY}$`)
const MAX_KEY = 1_000
/** Of an id, which is at most 2^64−1. */
const MAX_DIGITS = 20

/**
 * Reads the documents that this package and the Go package write for plain data: the fields in their order, then a line for
 * each key of data, its value a scalar or a list or map of the written form. About forty times faster than a YAML
 * library, to which it leaves all else, and all that is wrong.
 *
 * @param text of the document, from its line `---` on, with a line break at its end
 * @returns undefined where the document is not of that form
 */
export function readPlainDocument(text: string): Span | undefined {
  FIELDS.lastIndex = 0
  const fields = FIELDS.exec(text)
  if (fields === null) return undefined
  try {
    return spanOf(fields, text, FIELDS.lastIndex)
  } catch (error) {
    if (error instanceof Declined) return undefined
    throw error
  }
}

function spanOf(fields: RegExpExecArray, text: string, dataFrom: number): Span {
  const [, spanId = '', traceId = '', parentId] = fields
  const [, , , , process, otherProcess, kind, otherKind, name, otherName, start = '', finish] = fields
  return {
    spanId: idOf(spanId),
    traceId: idOf(traceId),
    parentId: parentId === undefined ? 0n : idOf(parentId),
    process: stringOf(process, otherProcess),
    kind: stringOf(kind, otherKind),
    name: stringOf(name, otherName),
    start: timeOf(start),
    finish: finish === undefined ? undefined : timeOf(finish),
    data: dataOf(text, dataFrom),
  }
}

function idOf(digits: string): bigint {
  if (digits.length > MAX_DIGITS) throw new Declined()
  const id = BigInt(digits)
  if (digits.length < MAX_DIGITS || isId(id)) return id
  throw new Declined()
}

function stringOf(text: string | undefined, other: string | undefined): string {
  const value = text !== undefined ? plainValue(text) : other !== undefined ? lineValue(other) : ''
  if (typeof value === 'string') return value
  throw new Declined()
}

function timeOf(text: string): bigint {
  const time = readTime(text)
  if (time !== undefined) return time
  throw new Declined()
}

function dataOf(text: string, from: number): PlainData {
  const data: Record<string, PlainValue> = {}
  for (let at = from; at < text.length; ) {
    COMMON_LINE.lastIndex = at
    const line = COMMON_LINE.exec(text)
    if (line === null) {
      const end = text.indexOf('\n', at)
      if (end < 0) throw new Declined()
      putLine(data, text.slice(at, end))
      at = end + 1
    } else {
      const [, key = '', integer, unquoted, quoted = ''] = line
      put(data, key, integer !== undefined ? Number(integer) : unquoted !== undefined ? plainValue(unquoted) : quoted)
      at = COMMON_LINE.lastIndex
    }
  }
  return data
}

function putLine(data: Record<string, PlainValue>, line: string): void {
  const colon = line.startsWith('"') ? quotedEnd(line, 0) : line.indexOf(': ')
  if (colon < 1 || colon > MAX_KEY || !line.startsWith(': ', colon)) throw new Declined()
  const key = keyText(line.slice(0, colon))
  if (NOT_DATA.test(key)) throw new Declined()
  put(data, dataKey(key), lineValue(line.slice(colon + 2)))
}

function put(data: Record<string, PlainValue>, key: string, value: PlainValue): void {
  // What it means that a key is there twice is for the library to say.
  if (key.length > MAX_KEY || Object.hasOwn(data, key)) throw new Declined()
  setEntry(data, key, value)
}
