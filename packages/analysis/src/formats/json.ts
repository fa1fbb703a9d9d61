import type { PlainData, PlainValue } from '@trace/core/spans'

/** Whether a text may have an integer beyond 2^53 (9007199254740992). One within a string only costs time. */
const LONG_INTEGER = /[:[,\s]-?(?:9\d{15}|\d{17})|^-?\d{16}/
const STRING_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g
const INTEGER = /^-?\d{16,400}$/
/** Stands before integers in the text for JSON.parse. Nobody can guess it, so no other string begins with it. */
const MARK = `${Math.random()} ${Math.random()} `

/**
 * Parses JSON, and keeps integers that a number cannot hold as bigints.
 *
 * @throws {SyntaxError} if it is not JSON
 */
export function parseJson(text: string): PlainValue {
  if (!LONG_INTEGER.test(text)) return JSON.parse(text) as PlainValue
  const marked = text.replace(STRING_OR_NUMBER, (found) =>
    INTEGER.test(found) && !Number.isSafeInteger(Number(found)) ? `"${MARK}${found}"` : found,
  )
  return JSON.parse(marked, (_key, value: unknown) =>
    typeof value === 'string' && value.startsWith(MARK) ? BigInt(value.slice(MARK.length)) : value,
  ) as PlainValue
}

/** The JSON of plain values, with bigints as integers. It takes any depth that `JSON.stringify` takes. */
export function jsonOf(value: PlainValue): string {
  if (typeof value === 'bigint') return String(value)
  if (Object.is(value, -0)) return '-0'
  // With an exponent, so that a number beyond 2^53 is not read as a bigint.
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) return value.toExponential()
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (isList(value)) return `[${value.map(jsonOf).join(',')}]`
  return `{${Object.entries(value)
    .map(([key, each]) => `${JSON.stringify(key)}:${jsonOf(each)}`)
    .join(',')}}`
}

function isList(value: PlainValue): value is readonly PlainValue[] {
  return Array.isArray(value)
}

/** Whether a value is a JSON object. */
export function isMap(value: PlainValue | undefined): value is PlainData {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value of a key of a JSON object; undefined if it has none, or is no object. */
export function entryOf(value: PlainValue | undefined, key: string): PlainValue | undefined {
  return isMap(value) && Object.hasOwn(value, key) ? value[key] : undefined
}

/** A list, or an empty one for what is none. */
export function listOf(value: PlainValue | undefined): readonly PlainValue[] {
  return Array.isArray(value) ? value : []
}

/** A text, or an empty one for what is none. */
export function textOf(value: PlainValue | undefined): string {
  return typeof value === 'string' ? value : ''
}

/** An integer that is written as a number or as text; undefined for what is none. */
export function integerOf(value: PlainValue | undefined): bigint | undefined {
  if (typeof value === 'bigint') return value
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : undefined
  return typeof value === 'string' && /^-?\d{1,400}$/.test(value) ? BigInt(value) : undefined
}

/** An integer that fits into a number becomes one. */
export function plainInteger(value: bigint): number | bigint {
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value
}

/** Sets a key of a plain object, be it `__proto__`: to assign that would change its prototype. */
export function setEntry(data: Record<string, PlainValue>, key: string, value: PlainValue): void {
  if (key !== '__proto__') data[key] = value
  else Object.defineProperty(data, key, { value, writable: true, enumerable: true, configurable: true })
}
