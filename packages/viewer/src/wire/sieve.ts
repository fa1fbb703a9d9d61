import type { Span } from '@trace/core/spans'
import { type Columns, placeInColumns } from './read.js'

/** What a search asks for: see `Term` of `@trace/analysis`. */
export interface Wanted {
  readonly negated: boolean
  readonly field: string | undefined
  readonly isKey: boolean
  readonly value: string | undefined
}

/**
 * Which spans a search may find, by the text of their data as it came: so that only a few of a large trace have to be parsed and
 * looked at. Those that it leaves out meet not all conditions; those that it leaves may or may not.
 *
 * @returns undefined where it cannot tell
 */
export function sieveFor(spans: readonly Span[], terms: readonly Wanted[]): ((span: Span) => boolean) | undefined {
  const columns = spans[0] === undefined ? undefined : placeInColumns(spans[0])?.columns
  if (columns === undefined) return undefined
  const [passed, ...others] = terms.flatMap((term) => passedBy(columns, term) ?? [])
  if (passed === undefined) return undefined
  for (const other of others)
    for (let at = 0; at < passed.length; at++) passed[at] = (passed[at] ?? 0) & (other[at] ?? 0)
  return (span) => {
    const place = placeInColumns(span)
    return place === undefined || passed[place.at] === 1
  }
}

/** Not 0 for the spans that may meet a condition; undefined where each may. */
function passedBy(columns: Columns, { negated, field, isKey, value }: Wanted): Uint8Array | undefined {
  if (negated) return undefined
  if (isKey) return passedByKey(columns, field ?? '', value)
  if (field !== undefined || value === undefined || !isPlain(value)) return undefined
  const lowerText = lowerTextOf(columns)
  if (lowerText === undefined) return undefined
  const word = value.toLowerCase()
  const passed = linesWith(columns, lowerText, word)
  const words = columns.words.map((each) => each.toLowerCase().includes(word))
  if (!words.includes(true)) return passed
  for (const places of [columns.names, columns.kinds, columns.processes]) {
    for (let at = 0; at < places.length; at++) if (words[places[at] ?? 0] === true) passed[at] = 1
  }
  return passed
}

/** A key with dots may lead into maps: then the last part of it stands in the text. */
function passedByKey(columns: Columns, field: string, value: string | undefined): Uint8Array | undefined {
  const key = field.slice(field.lastIndexOf('.') + 1)
  if (!isPlain(key)) return undefined
  const [, operator, limit = ''] = /^([<>]=?)(-?\d+(?:\.\d+)?)$/.exec(value ?? '') ?? []
  if (operator !== undefined) return linesWithNumber(columns, key, numberTest(operator, Number(limit)))
  const passed = linesWith(columns, columns.text, key)
  // Another value may begin like a comparison, or have a star in it that stands for any text.
  if (value === undefined || !isPlain(value) || /[*<>]/.test(value)) return passed
  const withValue = linesWith(columns, columns.text, value)
  for (let at = 0; at < passed.length; at++) passed[at] = (passed[at] ?? 0) & (withValue[at] ?? 0)
  return passed
}

function numberTest(operator: string, limit: number): (value: number) => boolean {
  if (operator === '<') return (value) => value < limit
  if (operator === '<=') return (value) => value <= limit
  return operator === '>' ? (value) => value > limit : (value) => value >= limit
}

/** The lines with a key whose value is such a number, or none that can be read in passing. */
function linesWithNumber(
  { count, dataFrom, text }: Columns,
  key: string,
  test: (value: number) => boolean,
): Uint8Array {
  const found = new Uint8Array(count)
  const member = `"${key}":`
  // A key with a dot of its own ends like this, too.
  const ending = `.${key}":`
  for (const part of [member, ending]) {
    let line = 0
    for (let at = text.indexOf(part, dataFrom[0]); at >= 0 && line < count; at = text.indexOf(part, at + 1)) {
      while (line < count && (dataFrom[line + 1] ?? Infinity) <= at) line++
      const value = numberAt(text, at + part.length)
      if (value === undefined || test(value)) found[line] = 1
    }
  }
  return found
}

/** A number of up to 15 digits, as most are; undefined for all else. */
function numberAt(text: string, from: number): number | undefined {
  let at = from
  while (at < from + 16 && isDigit(text.charCodeAt(at))) at++
  const end = text.charAt(at)
  return at > from && at < from + 16 && (end === ',' || end === '}') ? Number(text.slice(from, at)) : undefined
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

/** Whether JSON writes a text as it is. */
function isPlain(text: string): boolean {
  return text !== '' && /^[^"\\\x00-\x1f\ud800-\udfff]+$/.test(text)
}

function linesWith({ count, dataFrom }: Columns, text: string, part: string): Uint8Array {
  const found = new Uint8Array(count)
  let line = 0
  for (let at = text.indexOf(part, dataFrom[0]); at >= 0 && line < count; ) {
    while (line < count && (dataFrom[line + 1] ?? Infinity) <= at) line++
    found[line] = 1
    at = text.indexOf(part, dataFrom[line + 1] ?? text.length)
  }
  return found
}

const lowered = new WeakMap<Columns, string>()

/** The whole text in lower case; undefined where that has another length, as a few letters have. */
function lowerTextOf(columns: Columns): string | undefined {
  const text = lowered.get(columns) ?? columns.text.toLowerCase()
  lowered.set(columns, text)
  return text.length === columns.text.length ? text : undefined
}

/** As much is made lower case at once, in characters: less than a frame takes. */
const SLICE = 1_000_000

/** Makes ready what a search for a word needs, a slice at each step, so that the first search takes no longer than others. */
export function* prepareSieve(spans: readonly Span[]): Generator<void> {
  const columns = spans[0] === undefined ? undefined : placeInColumns(spans[0])?.columns
  if (columns === undefined || lowered.has(columns)) return
  const { text } = columns
  const parts: string[] = []
  for (let at = 0; at < text.length; at += SLICE) {
    parts.push(text.slice(at, at + SLICE).toLowerCase())
    yield
  }
  if (!lowered.has(columns)) lowered.set(columns, parts.join(''))
}
