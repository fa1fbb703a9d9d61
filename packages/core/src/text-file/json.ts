import type { PlainValue } from '../contract/span.js'
import { generateId } from '../values/ids.js'
import { newData } from '../values/plain.js'

/** Nested deeper, a record is no span: far above what anything records, and far below what the stack takes. */
const MAX_DEPTH = 100
/** Reading an integer of n digits costs n²; the longest bigint that is recorded has 1,234 digits. */
const MAX_DIGITS = 2_000

/** Whether a text may hold an integer that a number cannot hold; one in a string costs time only. */
const LONG_INTEGER = /[:[,]\s*-?\d{16}/
const STRING_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g
const INTEGER = /^-?\d{16,}$/
const FLOAT = /^-?\d+[.eE]/

/** Stands before such numbers while JSON.parse has the text. Nobody can guess it, so no string of a file begins with it. */
let mark = ''

/** What is nested too deep for a record of a span. */
export class TooDeep extends Error {
  constructor() {
    super(`it is nested deeper than ${MAX_DEPTH} levels`)
  }
}

/**
 * `JSON.parse`, but for integers that a number cannot hold: `plainJson` makes bigints of them.
 *
 * @param keepsFloats whether `numberText` can tell of every number with a fraction or an exponent how it is written. Default
 * false
 * @throws {SyntaxError} where the text is not JSON
 */
export function parseJson(text: string, keepsFloats = false): unknown {
  if (!keepsFloats && !LONG_INTEGER.test(text)) return JSON.parse(text)
  mark ||= `${generateId()} ${generateId()} `
  return JSON.parse(text.replace(STRING_OR_NUMBER, marked))
}

function marked(token: string): string {
  const isLong = INTEGER.test(token) && !Number.isSafeInteger(Number(token))
  return isLong || FLOAT.test(token) ? `"${mark}${token}"` : token
}

/** How a number is written, where `parseJson` has kept that; otherwise undefined. */
export function numberText(value: unknown): string | undefined {
  return typeof value === 'string' && mark !== '' && value.startsWith(mark) ? value.slice(mark.length) : undefined
}

/**
 * What `parseJson` gave as plain data: with bigints, maps that inherit nothing, and U+FFFD for lone surrogates.
 *
 * @throws {TooDeep} beyond 100 levels
 */
export function plainJson(value: unknown, depth = 1): PlainValue {
  if (typeof value === 'string') {
    const text = numberText(value)
    return text === undefined ? value.toWellFormed() : numberOf(text)
  }
  if (typeof value === 'number' || typeof value === 'boolean') return value
  if (typeof value !== 'object' || value === null) return null
  if (depth > MAX_DEPTH) throw new TooDeep()
  if (Array.isArray(value)) return plainList(value, depth)
  const map = newData()
  for (const key of Object.keys(value)) map[key.toWellFormed()] = plainJson(Reflect.get(value, key), depth + 1)
  return map
}

function plainList(values: readonly unknown[], depth: number): PlainValue[] {
  const list: PlainValue[] = []
  for (const value of values) list.push(plainJson(value, depth + 1))
  return list
}

/** An integer that is too long to be read in time stays text. */
function numberOf(text: string): number | bigint | string {
  if (FLOAT.test(text)) return Number(text)
  return text.length > MAX_DIGITS ? text : BigInt(text)
}
