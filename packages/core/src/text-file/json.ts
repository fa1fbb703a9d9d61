import type { PlainValue } from '../contract/span.js'
import { setEntry } from '../values/plain.js'
import { generateId } from '../values/random-ids.js'

/** A record that is nested deeper is not a span. It is far more than anything records, and far less than the stack takes. */
const MAX_DEPTH = 100
/** Reading an integer of n digits takes n² steps. The longest bigint that is recorded has 1,234 digits. */
const MAX_DIGITS = 2_000

/** Whether a text may have an integer that a number cannot hold. One within a string only costs time. */
const LONG_INTEGER = /[:[,]\s*-?\d{16}/
const STRING_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g
const STRING_AND_COLON = /"[^"\\]*(?:\\.[^"\\]*)*"\s*(:)?/g
/**
 * A key with escapes. The V8 of Node 24 and 26 may take it for another: once a program has parsed `{"C:\\":1}`, `{"C:\n":1}` has the
 * key `C:\` too.
 */
const ESCAPED_KEY = /"(?<=[{,]\s*")([^"\\]*(?:\\.[^"\\]*)+)"(?=\s*:)/g
const INTEGER = /^-?\d{16,}$/
const FLOAT = /^-?\d+[.eE]/

const [BLANK, QUOTE, BACKSLASH] = [0x20, 0x22, 0x5c]

/** Stands before such numbers and keys in the text for JSON.parse. Nobody can guess it, so no string of a file begins with it. */
let mark = ''

/** Says why JSON is not the record of a span. */
export class RefusedJson extends Error {}

/**
 * `JSON.parse` that keeps integers which a number cannot hold, so that `plainJson` can make bigints of them, and that refuses keys
 * which are there twice, of which `JSON.parse` would take the last.
 *
 * @param keepsFloats whether to keep numbers with a fraction or an exponent as they are written, for `numberText`. Default false
 * @throws {SyntaxError} if the text is not JSON
 * @throws {RefusedJson} if a map has a key twice, or there are more than 100 levels
 */
export function parseJson(text: string, keepsFloats = false): unknown {
  const value = parse(text, keepsFloats)
  if (text.includes('{') && hasKeyTwice(text, value)) throw new RefusedJson('it has a key twice')
  return value
}

function parse(text: string, keepsFloats: boolean): unknown {
  const keepsNumbers = keepsFloats || LONG_INTEGER.test(text)
  const hasEscapedKey = text.includes('\\') && text.search(ESCAPED_KEY) >= 0
  if (!keepsNumbers && !hasEscapedKey) return JSON.parse(text)
  mark ||= `${generateId()} ${generateId()} `
  const keyed = hasEscapedKey ? text.replace(ESCAPED_KEY, markedKey) : text
  const value: unknown = JSON.parse(keepsNumbers ? keyed.replace(STRING_OR_NUMBER, marked) : keyed)
  return hasEscapedKey ? withoutMarks(value, 1) : value
}

function markedKey(_key: string, escaped: string): string {
  return `"${mark}${Buffer.from(escaped).toString('hex')}"`
}

function keyOf(key: string): string {
  const hex = numberText(key)
  return hex === undefined ? key : String(JSON.parse(`"${Buffer.from(hex, 'hex')}"`))
}

/** A copy without marked keys. */
function withoutMarks(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth > MAX_DEPTH) throw tooDeep()
  if (Array.isArray(value)) return value.map((item: unknown) => withoutMarks(item, depth + 1))
  const map: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value)) setEntry(map, keyOf(key), withoutMarks(item, depth + 1))
  return map
}

/** Whether a map in the text has a key twice. The value that was parsed from it has only the last. */
function hasKeyTwice(text: string, value: unknown): boolean {
  const keys = keysIn(value, 1)
  if (quotesBeforeColons(text) === keys) return false
  let written = 0
  for (const [, colon] of text.matchAll(STRING_AND_COLON)) if (colon !== undefined) written++
  return written !== keys
}

/** At least as many as there are keys; undefined if blanks or backslashes make it uncertain. */
function quotesBeforeColons(text: string): number | undefined {
  let found = 0
  for (let at = text.indexOf(':'); at >= 0; at = text.indexOf(':', at + 1)) {
    const before = text.charCodeAt(at - 1)
    if (before <= BLANK || (before === QUOTE && text.charCodeAt(at - 2) === BACKSLASH)) return undefined
    if (before === QUOTE) found++
  }
  return found
}

function keysIn(value: unknown, depth: number): number {
  if (typeof value !== 'object' || value === null) return 0
  if (depth > MAX_DEPTH) throw tooDeep()
  const items: readonly unknown[] = Object.values(value)
  let keys = Array.isArray(value) ? 0 : items.length
  for (const item of items) if (typeof item === 'object') keys += keysIn(item, depth + 1)
  return keys
}

function tooDeep(): RefusedJson {
  return new RefusedJson(`it is nested deeper than ${MAX_DEPTH} levels`)
}

function marked(token: string): string {
  const isLong = INTEGER.test(token) && !Number.isSafeInteger(Number(token))
  return isLong || FLOAT.test(token) ? `"${mark}${token}"` : token
}

/** The text of a number that `parseJson` has kept; undefined for any other value. */
export function numberText(value: unknown): string | undefined {
  return typeof value === 'string' && mark !== '' && value.startsWith(mark) ? value.slice(mark.length) : undefined
}

/**
 * Converts what `parseJson` returned to plain data: with bigints, and U+FFFD for lone surrogates.
 *
 * @throws {RefusedJson} if there are more than 100 levels, or U+FFFD makes two keys the same
 */
export function plainJson(value: unknown, depth = 1): PlainValue {
  if (typeof value === 'string') {
    const text = numberText(value)
    return text === undefined ? value.toWellFormed() : numberOf(text)
  }
  if (typeof value === 'number' || typeof value === 'boolean') return value
  if (typeof value !== 'object' || value === null) return null
  if (depth > MAX_DEPTH) throw tooDeep()
  if (Array.isArray(value)) return plainList(value, depth)
  const map: Record<string, PlainValue> = {}
  for (const key of Object.keys(value)) {
    const name = key.toWellFormed()
    if (Object.hasOwn(map, name)) throw new RefusedJson('it has a key twice')
    setEntry(map, name, plainJson(Reflect.get(value, key), depth + 1))
  }
  return map
}

function plainList(values: readonly unknown[], depth: number): PlainValue[] {
  const list: PlainValue[] = []
  for (const value of values) list.push(plainJson(value, depth + 1))
  return list
}

/** An integer that would take too long to read stays text. */
function numberOf(text: string): number | bigint | string {
  if (FLOAT.test(text)) return Number(text)
  return text.length > MAX_DIGITS ? text : BigInt(text)
}
