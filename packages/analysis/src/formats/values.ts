import type { PlainData, PlainValue } from '@trace/core/spans'
import { entryOf, integerOf, isMap, listOf, plainInteger, setEntry, textOf } from './json.js'

const [LEAST_INT64, MOST_INT64] = [-(2n ** 63n), 2n ** 63n - 1n]

/** How deep values are read: recorders keep 16 levels, and nobody else more than a few. */
const MOST_LEVELS = 100

/** A value as OTLP's AnyValue (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding). */
export function anyValueOf(value: PlainValue): PlainData {
  if (value === null) return {}
  switch (typeof value) {
    case 'string':
      return { stringValue: value }
    case 'boolean':
      return { boolValue: value }
    case 'bigint':
      return value >= LEAST_INT64 && value <= MOST_INT64 ? { intValue: String(value) } : { stringValue: String(value) }
    case 'number':
      if (Number.isSafeInteger(value) && !Object.is(value, -0)) return { intValue: String(value) }
      return { doubleValue: Number.isFinite(value) ? value : String(value) }
  }
  if (!isMap(value)) return { arrayValue: { values: listOf(value).map(anyValueOf) } }
  return { kvlistValue: { values: keyValuesOf(value) } }
}

/** A map as OTLP's list of KeyValue. */
export function keyValuesOf(map: PlainData): PlainData[] {
  return Object.entries(map).map(([key, value]) => ({ key, value: anyValueOf(value) }))
}

/** Reads an AnyValue; what is none is null, as it is in OTLP. */
export function valueOfAny(any: PlainValue | undefined, level = 0): PlainValue {
  if (!isMap(any) || level > MOST_LEVELS) return null
  if ('stringValue' in any) return textOf(any['stringValue'])
  if ('boolValue' in any) return any['boolValue'] === true
  if ('intValue' in any) return plainInteger(integerOf(any['intValue']) ?? 0n)
  if ('doubleValue' in any) return doubleOf(any['doubleValue'])
  if ('bytesValue' in any) return textOf(any['bytesValue'])
  if ('arrayValue' in any)
    return listOf(entryOf(any['arrayValue'], 'values')).map((each) => valueOfAny(each, level + 1))
  if ('kvlistValue' in any) return mapOfKeyValues(entryOf(any['kvlistValue'], 'values'), level + 1)
  return null
}

/** What is not finite is text. */
function doubleOf(value: PlainValue | undefined): number {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' ? Number(value) : 0
}

/** Reads a list of KeyValue. */
export function mapOfKeyValues(list: PlainValue | undefined, level = 0): Record<string, PlainValue> {
  const map: Record<string, PlainValue> = {}
  for (const each of listOf(list))
    setEntry(map, textOf(entryOf(each, 'key')), valueOfAny(entryOf(each, 'value'), level))
  return map
}
