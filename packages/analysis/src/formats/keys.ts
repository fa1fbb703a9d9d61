import type { PlainData, PlainValue } from '@trace/core/spans'
import { jsonOf, parseJson, setEntry } from './json.js'

/** What our exports write beside the data of a span, so that an import gives the very same span. */
export const OWN_KEYS = {
  /** Its kind: other formats have but a few. */
  kind: 'trace.kind',
  /** Its process. It tells that an export is ours. */
  process: 'trace.process',
  /** Its times in nanoseconds since the Unix epoch, where the format has microseconds. */
  start: 'trace.start',
  finish: 'trace.finish',
  /** Whether it is open. */
  open: 'trace.open',
  /** Which data are JSON, where the format has text only: a JSON list of keys. */
  json: 'trace.json',
  /** On an event: that it was made of the error of its span. */
  ofError: 'trace.of_error',
} as const

/** Keys that formats give a meaning of their own. */
const TAKEN: ReadonlySet<string> = new Set(['', 'error', 'span.kind'])

/** The key that a data key is exported by: by the rule of every store, `data.` stands before those that have another meaning there. */
export function exportedKey(key: string): string {
  return TAKEN.has(key) || key.startsWith('trace.') || key.startsWith('data.') ? `data.${key}` : key
}

/** The data key of an exported one; undefined if it is not of the data. */
export function importedKey(key: string): string | undefined {
  if (key.startsWith('data.')) return key.slice('data.'.length)
  return TAKEN.has(key) || key.startsWith('trace.') ? undefined : key
}

/** Data as texts, for formats that have nothing else: other values become JSON, and their keys stand in one text more. */
export function textsOf(data: PlainData): [key: string, text: string, value: PlainValue][] {
  const texts: [string, string, PlainValue][] = []
  const json: string[] = []
  for (const [key, value] of Object.entries(data)) {
    if (typeof value !== 'string') json.push(key)
    texts.push([exportedKey(key), typeof value === 'string' ? value : textOfOther(value), value])
  }
  const keys = JSON.stringify(json)
  if (json.length > 0) texts.push([OWN_KEYS.json, keys, keys])
  return texts
}

/** JSON has no number that is not finite. */
function textOfOther(value: PlainValue): string {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : jsonOf(value)
}

/**
 * The data of texts.
 *
 * @param isOurs whether {@link textsOf} has made them
 */
export function dataOf(texts: ReadonlyMap<string, PlainValue>, isOurs: boolean): Record<string, PlainValue> {
  const data: Record<string, PlainValue> = {}
  const json = isOurs ? keysOf(texts.get(OWN_KEYS.json)) : new Set<string>()
  for (const [exported, value] of texts) {
    const key = isOurs ? importedKey(exported) : exported
    if (key !== undefined) setEntry(data, key, json.has(key) && typeof value === 'string' ? valueOfText(value) : value)
  }
  return data
}

function keysOf(text: PlainValue | undefined): ReadonlySet<string> {
  const keys = typeof text === 'string' ? valueOfText(text) : undefined
  return new Set(Array.isArray(keys) ? keys.filter((key) => typeof key === 'string') : [])
}

function valueOfText(text: string): PlainValue {
  if (text === 'NaN' || text === 'Infinity' || text === '-Infinity') return Number(text)
  try {
    return parseJson(text)
  } catch {
    return text
  }
}
