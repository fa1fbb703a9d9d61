// Looks for words and values in the data of many spans, as text: JSON, a line for each span. What cannot be told in passing, such as what stands
// behind an escape or within lists and maps, is left to those who parse the line.
import type { Span } from '@trace/core/spans'
import { type Columns, placeInColumns } from './read.js'
import { MAYBE, NO, SURE, type Verdicts } from './verdicts.js'

const QUOTE = 34
const COMMA = 44
const ZERO = 48
const NINE = 57
const COLON = 58
const LIST = 91
const ESCAPE = 92
const MAP = 123
const MAP_END = 125

/**
 * Whether a value in the data has a word in it.
 *
 * @param text all data in lower case; undefined where that cannot be had
 * @param word in lower case
 * @param verdicts what is known without the data: {@link SURE} stays so
 */
export function lineVerdicts(columns: Columns, text: string | undefined, word: string, verdicts: Verdicts): Verdicts {
  if (text === undefined || !isPlain(word)) return verdicts.map((verdict) => Math.max(verdict, MAYBE))
  // Numbers, true, false and null are JSON as they are text. A list of a bigint or of a number that JSON lacks is parsed.
  const isBare = /^[\w.+-]+$/.test(word)
  return judge(columns, [text, word], verdicts, (at, from, before) => {
    if (before === SURE) return SURE
    const where = placeOf(text, from, at)
    // What is in a key may be in a value too.
    if (where === 'text') return inText(text, at)
    return where === 'top' && isBare ? SURE : MAYBE
  })
}

/** Tells of one place of a part: undefined where the next place in the line tells. */
type Judge = (at: number, lineFrom: number, before: number) => number | undefined

/** All data, and the part of them that is looked for. */
type Sought = readonly [text: string, part: string]

/** Puts verdicts on the lines that have a part. */
function judge({ count, dataFrom }: Columns, [text, part]: Sought, verdicts: Verdicts, judgeOf: Judge): Verdicts {
  let line = 0
  for (let at = text.indexOf(part, dataFrom[0]); at >= 0; ) {
    while (line < count && (dataFrom[line + 1] ?? Infinity) <= at) line++
    if (line >= count) break
    const verdict = judgeOf(at, dataFrom[line] ?? 0, verdicts[line] ?? NO)
    if (verdict !== undefined) verdicts[line] = verdict
    at = text.indexOf(part, verdict === undefined ? at + 1 : (dataFrom[line + 1] ?? text.length))
  }
  return verdicts
}

/**
 * Whether a key of the data has a value that meets a condition.
 *
 * @param test tells of the text of a value, or of a number
 */
export function valueVerdicts(columns: Columns, key: string, test: (value: string | number) => boolean): Verdicts {
  const { count, text } = columns
  const last = key.slice(key.lastIndexOf('.') + 1)
  if (!isPlain(key) || !isPlain(last)) return new Uint8Array(count).fill(MAYBE)
  // A key with dots may lead into maps: then the last part of it stands in the text.
  const verdicts = new Uint8Array(count)
  if (last !== key) judge(columns, [text, last], verdicts, () => MAYBE)
  const known = onceEach(test)
  const member = `"${key}":`
  return judge(columns, [text, member], verdicts, (at, from) =>
    placeOf(text, from, at) === 'top' ? verdictOn(text, at + member.length, known) : MAYBE,
  )
}

/** As many values are remembered. */
const MOST_KNOWN = 1_000

/** Asks once about each value: most keys have a few values. */
function onceEach(test: (value: string | number) => boolean): (value: string | number) => boolean {
  const known = new Map<string | number, boolean>()
  return (value) => {
    let found = known.get(value)
    if (found === undefined) {
      found = test(value)
      if (known.size < MOST_KNOWN) known.set(value, found)
    }
    return found
  }
}

/** @param from where the value begins */
function verdictOn(text: string, from: number, test: (value: string | number) => boolean): number {
  const first = text.charCodeAt(from)
  if (first === LIST || first === MAP) return MAYBE
  if (first !== QUOTE) return test(bareValue(text, from)) ? SURE : NO
  const end = quoteAfter(text, from + 1)
  if (end === undefined) return MAYBE
  // A text is no number, whatever is in it.
  return test(text.slice(from + 1, end)) ? SURE : NO
}

/** A number; or true, false and null as texts. A short integer, as most are, is read without a text of its own. */
function bareValue(text: string, from: number): string | number {
  let at = from
  let integer = 0
  for (let code = text.charCodeAt(at); code >= ZERO && code <= NINE && at < from + 9; code = text.charCodeAt(++at))
    integer = integer * 10 + code - ZERO
  const end = tokenEnd(text, at)
  if (end === at && at > from) return integer
  const token = text.slice(from, end)
  return Number.isNaN(Number(token)) ? token : Number(token)
}

/** Where in the JSON of a map a place is: at the top between texts, within a text at the top, or where that is not easily told. */
function placeOf(text: string, from: number, place: number): 'top' | 'text' | undefined {
  let isText = false
  for (let at = from + 1; at < place; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) isText = !isText
    else if (code === ESCAPE || (!isText && (code === LIST || code === MAP))) return undefined
  }
  return isText ? 'text' : 'top'
}

/** Of a word in a text: undefined in a key, which is no value. */
function inText(text: string, at: number): number | undefined {
  const end = quoteAfter(text, at)
  if (end === undefined) return MAYBE
  return text.charCodeAt(end + 1) === COLON ? undefined : SURE
}

/** Where a text ends; undefined where it has an escape before. */
function quoteAfter(text: string, from: number): number | undefined {
  let at = from
  for (let code = text.charCodeAt(at); code !== QUOTE; code = text.charCodeAt(++at)) {
    if (code === ESCAPE || Number.isNaN(code)) return undefined
  }
  return at
}

function tokenEnd(text: string, from: number): number {
  let at = from
  for (let code = text.charCodeAt(at); code !== COMMA && code !== MAP_END; code = text.charCodeAt(++at)) {
    if (Number.isNaN(code)) break
  }
  return at
}

/** Whether JSON writes a text as it is. */
function isPlain(text: string): boolean {
  return text !== '' && /^[^"\\\x00-\x1f\ud800-\udfff]+$/.test(text)
}

const lowered = new WeakMap<Columns, string>()

/** The whole text in lower case; undefined where that has another length, as a few letters have. */
export function lowerTextOf(columns: Columns): string | undefined {
  const text = lowered.get(columns) ?? columns.text.toLowerCase()
  lowered.set(columns, text)
  return text.length === columns.text.length ? text : undefined
}

/** As much is made lower case at once, in characters: less than a frame takes. */
const SLICE = 1_000_000

/** Makes ready what a search for a word needs, a slice at each step, so that the first search takes no longer than others. */
export function* prepareSearch(spans: readonly Span[]): Generator<void> {
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
