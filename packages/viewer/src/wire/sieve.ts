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
  if (isKey) {
    // A key with dots may lead into maps.
    const last = (field ?? '').slice((field ?? '').lastIndexOf('.') + 1)
    return isPlain(last) ? linesWith(columns, columns.text, last) : undefined
  }
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
