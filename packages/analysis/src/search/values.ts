import type { PlainValue } from '@trace/core/spans'

/** Tells whether a text meets a condition. */
export type TextTest = (text: string) => boolean

/** A text that a value must equal. A `*` that is not in quotes stands for any text. */
export function textTest(wanted: string, quoted: boolean): TextTest {
  if (quoted || !wanted.includes('*')) return (text) => text === wanted
  const parts = wanted.split('*')
  const [first = '', last = ''] = [parts[0], parts.at(-1)]
  const between = parts.slice(1, -1)
  return (text) => {
    if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false
    let at = first.length
    for (const part of between) {
      const found = text.indexOf(part, at)
      if (found < 0) return false
      at = found + part.length
    }
    return at <= text.length - last.length
  }
}

/** Compares a number with another; undefined if a text is no comparison. */
export interface Comparison {
  readonly operator: '<' | '<=' | '>' | '>='
  /** What stands behind the operator. */
  readonly rest: string
}

/** Reads a comparison, such as `>=100ms`. */
export function comparisonOf(text: string): Comparison | undefined {
  const [, operator, rest = ''] = /^([<>]=?)(.*)$/s.exec(text) ?? []
  if (operator !== '<' && operator !== '<=' && operator !== '>' && operator !== '>=') return undefined
  return { operator, rest }
}

/** Whether a value stands to another as an operator says. */
export function compares<Value extends number | bigint>(a: Value, operator: Comparison['operator'], b: Value): boolean {
  if (operator === '<') return a < b
  if (operator === '<=') return a <= b
  return operator === '>' ? a > b : a >= b
}

const UNITS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  min: 60e9,
  h: 3_600e9,
}

/** Reads a duration with its unit, such as `1.5s`. @returns nanoseconds; undefined if it is none */
export function parseDuration(text: string): number | undefined {
  const [, digits, unit = ''] = /^(\d{1,15}(?:\.\d{1,9})?)\s?(ns|us|µs|μs|ms|s|min|m|h)$/.exec(text) ?? []
  if (digits === undefined) return undefined
  return Number(digits) * (UNITS[unit.replace('μ', 'µ')] ?? 1)
}

/** How deep in data a search looks: recorders keep no deeper. */
const MOST_LEVELS = 32

/** Whether any text in a value, in lists and maps too, meets a condition; keys do not count. */
export function someText(value: PlainValue, test: TextTest, level = 0): boolean {
  if (typeof value !== 'object' || value === null) return test(String(value))
  if (level >= MOST_LEVELS) return false
  const values: readonly PlainValue[] = Array.isArray(value) ? value : Object.values(value)
  return values.some((each) => someText(each, test, level + 1))
}

/**
 * The value of a data key. A key with dots that the data do not have leads into maps: `user.id` to `{ user: { id: … } }`.
 *
 * @returns undefined if there is none
 */
export function dataValue(data: { readonly [key: string]: PlainValue }, key: string): PlainValue | undefined {
  if (Object.hasOwn(data, key)) return data[key]
  for (let dot = key.indexOf('.'); dot > 0; dot = key.indexOf('.', dot + 1)) {
    const first = key.slice(0, dot)
    const inner = Object.hasOwn(data, first) ? data[first] : undefined
    if (isMap(inner)) return dataValue(inner, key.slice(dot + 1))
  }
  return undefined
}

export function isMap(value: PlainValue | undefined): value is { readonly [key: string]: PlainValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
