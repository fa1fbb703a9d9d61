import * as types from 'node:util/types'
import type { PlainData, PlainValue } from '../contract/span.js'
import { cutTo } from './cut.js'
import { errorMessage, errorText, errorType, nameOf } from './errors.js'
import { formatTime } from './time.js'

/**
 * How much of a span's data is kept; what goes beyond is cut and marked. Depth 16 stays below the 32 levels that
 * DynamoDB takes, and the size keeps a span well below its 400 KB.
 */
const MAX_DEPTH = 16
const MAX_STRING = 32_768
const MAX_KEY = 4_096
const MAX_ENTRIES = 1_000
const MAX_SIZE = 131_072

/** What an entry costs beside its text, for {@link Plain.size}: a rough figure, on the safe side. */
const ENTRY_SIZE = 16

/** Data made plain. */
export interface Plain {
  readonly data: PlainData
  /** About how many bytes of memory it holds. */
  readonly size: number
}

/**
 * Inherits nothing, so that `__proto__` and `constructor` are keys like any other; yet its properties are fast, which
 * those of `Object.create(null)` are not.
 */
class Data<Value> {
  [key: string]: Value
}
Object.setPrototypeOf(Data.prototype, null)
Reflect.deleteProperty(Data.prototype, 'constructor')

/** A new map without entries, whose `__proto__` is a key like any other. */
export function newData<Value = PlainValue>(): Record<string, Value> {
  return new Data<Value>()
}

/** The data of a span without any. */
export const NO_DATA: Plain = {
  data: Object.freeze(newData()),
  size: 0,
}

/**
 * Makes a span's data plain, as a copy: what is recorded is what it was at this moment. Never throws.
 *
 * Strings, numbers, bigints, booleans, null, lists and maps stay as they are; Date becomes its RFC 3339 string; Error a map
 * of type, message and stack; Map and Set become map and list; typed arrays lists; undefined is left out; functions and
 * symbols become their text, a getter that throws its error's text, a cycle `[Circular]`. Strings beyond 32,768
 * characters, keys beyond 4,096, and what goes beyond 16 levels, 1,000 entries or about 128 KB in all is cut and marked.
 */
export function toPlain(data: Readonly<Record<string, unknown>>): Plain {
  const quick = copyScalars(data)
  if (quick !== undefined) return quick
  const copier = new Copier()
  const plain = copier.object(data, 0)
  const isMap = typeof plain === 'object' && plain !== null && !Array.isArray(plain)
  return { data: isMap ? (plain as PlainData) : NO_DATA.data, size: copier.size }
}

/** The common case, data of a few small scalars, without any machinery; undefined where it is not that. */
function copyScalars(data: Readonly<Record<string, unknown>>): Plain | undefined {
  const copy = newData()
  let size = 0
  try {
    for (const key in data) {
      const value = data[key]
      size += ENTRY_SIZE + key.length
      if (typeof value === 'string') size += value.length
      else if (typeof value !== 'number' && typeof value !== 'boolean') return undefined
      if (size > 4_096) return undefined
      copy[key] = value
    }
  } catch {
    return undefined
  }
  return { data: copy, size }
}

/** A key, and what reads its value. */
type Entry = readonly [key: string, read: () => unknown]

class Copier {
  size = 0
  #entries = 0
  readonly #above = new Set<object>()

  value(value: unknown, depth: number): PlainValue | undefined {
    if (value === null) return null
    switch (typeof value) {
      case 'string':
        return this.text(value, MAX_STRING)
      case 'number':
      case 'boolean':
        return value
      case 'bigint':
        return this.bigint(value)
      case 'undefined':
        return undefined
      case 'function':
        return this.text(`[Function: ${nameOf(value)}]`, MAX_STRING)
      case 'symbol':
        return this.text(String(value), MAX_STRING)
      case 'object':
        return this.object(value, depth)
    }
  }

  bigint(value: bigint): PlainValue {
    if (value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER) return Number(value)
    // An integer longer than any store keeps exactly is text; asking its length first would cost as much as the text.
    const text = value.toString(16)
    this.size += text.length
    return text.length > 1_024 ? `[bigint of ${text.length} hexadecimal digits]` : value
  }

  text(value: string, most: number): string {
    const room = Math.max(0, Math.min(most, MAX_SIZE - this.size))
    const text = value.length > room ? `${cutTo(room, value)}… [cut: ${value.length} characters]` : value
    this.size += text.length
    return text
  }

  /** @param isJson whether it is what a `toJSON` gave: its own is not asked, as by `JSON.stringify` */
  object(value: object, depth: number, isJson = false): PlainValue | undefined {
    if (this.#above.has(value)) return '[Circular]'
    if (depth >= MAX_DEPTH) return '[cut: too deep]'
    this.#above.add(value)
    try {
      return this.#copy(value, depth, isJson)
    } catch (error) {
      return this.text(errorText(error), MAX_STRING)
    } finally {
      this.#above.delete(value)
    }
  }

  #copy(value: object, depth: number, isJson: boolean): PlainValue | undefined {
    if (types.isDate(value)) return dateText(value)
    if (types.isNativeError(value) || value instanceof Error) return this.#error(value, depth)
    if (types.isMap(value)) return this.map(mapEntries(value), value.size, depth)
    if (types.isSet(value)) return this.list(value, value.size, depth)
    if (Array.isArray(value)) return this.list(value, value.length, depth)
    if (value instanceof DataView) value = value.buffer
    if (types.isAnyArrayBuffer(value)) value = new Uint8Array(value)
    if (ArrayBuffer.isView(value)) {
      const array = value as Uint8Array
      return this.list(array, array.length, depth)
    }
    if (types.isBoxedPrimitive(value)) {
      return this.value(value.valueOf(), depth)
    }
    if (types.isRegExp(value)) return this.text(String(value), MAX_STRING)
    const json = isJson ? value : jsonOf(value)
    if (typeof json !== 'object' || json === null) return this.value(json, depth)
    if (json !== value) return this.object(json, depth, true)
    const keys = Object.keys(value)
    return this.map(objectEntries(value, keys), keys.length, depth)
  }

  #error(error: Error, depth: number): PlainValue {
    const parts: [string, () => unknown][] = [
      ['type', () => errorType(error)],
      ['message', () => errorMessage(error)],
      ['stack', () => error.stack],
      ['cause', () => error.cause],
    ]
    return this.map(parts, parts.length, depth)
  }

  list(values: Iterable<unknown>, length: number, depth: number): PlainValue[] {
    const list: PlainValue[] = []
    let taken = 0
    for (const value of values) {
      if (!this.#room()) {
        list.push(`[cut: ${length - taken} more]`)
        break
      }
      taken++
      list.push(this.value(value, depth + 1) ?? null)
    }
    return list
  }

  /** @param length how many entries there are, of which only the first may be taken */
  map(entries: Iterable<Entry>, length: number, depth: number): PlainData {
    const copy = newData()
    let taken = 0
    for (const [key, read] of entries) {
      if (!this.#room()) {
        copy['[cut]'] = `${length - taken} more`
        break
      }
      taken++
      const value = this.#read(read, depth)
      if (value !== undefined) copy[this.text(key, MAX_KEY)] = value
    }
    return copy
  }

  #read(read: () => unknown, depth: number): PlainValue | undefined {
    try {
      return this.value(read(), depth + 1)
    } catch (error) {
      return this.text(errorText(error), MAX_STRING)
    }
  }

  #room(): boolean {
    if (this.#entries >= MAX_ENTRIES || this.size >= MAX_SIZE) return false
    this.#entries++
    this.size += ENTRY_SIZE
    return true
  }
}

/** What an object wants to be recorded as; itself, where it does not say. */
function jsonOf(value: object): unknown {
  const toJSON: unknown = Reflect.get(value, 'toJSON')
  if (typeof toJSON !== 'function') return value
  const json: unknown = Reflect.apply(toJSON, value, [])
  // Nobody else has this promise: its rejection would end the process.
  if (types.isPromise(json)) json.then(undefined, () => {})
  return json
}

function* mapEntries(map: ReadonlyMap<unknown, unknown>): Generator<Entry> {
  for (const [key, value] of map) yield [typeof key === 'string' ? key : errorMessage(key), () => value]
}

function* objectEntries(object: object, keys: readonly string[]): Generator<Entry> {
  for (const key of keys) yield [key, () => Reflect.get(object, key)]
}

function dateText(date: Date): string {
  const time = date.getTime()
  if (Number.isNaN(time)) return 'Invalid Date'
  try {
    return formatTime(BigInt(time) * 1_000_000n)
  } catch {
    return date.toISOString()
  }
}
