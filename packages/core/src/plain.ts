import type { PlainData, PlainValue } from './span.js'
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

/** An object without a prototype, so that `__proto__` and `constructor` are keys like any other, yet with fast properties. */
const Bare = (() => {}) as unknown as new () => Record<string, unknown>
Bare.prototype = Object.create(null)

/** A new, empty data object. */
export function newData(): Record<string, unknown> {
  return new Bare()
}

/** The data of a span without any. */
export const NO_DATA: Plain = {
  data: Object.freeze(newData()) as PlainData,
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
  const plain = copier.map(data, () => ownKeys(data), 0)
  return { data: plain, size: copier.size }
}

/** The common case, data of a few small scalars, without any machinery; undefined where it is not that. */
function copyScalars(data: Readonly<Record<string, unknown>>): Plain | undefined {
  const copy = newData() as Record<string, PlainValue>
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
    const text = value.length > room ? `${value.slice(0, room)}… [cut: ${value.length} characters]` : value
    this.size += text.length
    return text
  }

  object(value: object, depth: number): PlainValue | undefined {
    if (this.#above.has(value)) return '[Circular]'
    if (depth >= MAX_DEPTH) return '[cut: too deep]'
    this.#above.add(value)
    try {
      return this.#copy(value, depth)
    } catch (error) {
      return this.text(errorText(error), MAX_STRING)
    } finally {
      this.#above.delete(value)
    }
  }

  #copy(value: object, depth: number): PlainValue | undefined {
    if (value instanceof Date) return dateText(value)
    if (value instanceof Error) return this.#error(value, depth)
    if (value instanceof Map) {
      const named = new Map<string, unknown>()
      for (const [key, item] of value) named.set(typeof key === 'symbol' ? String(key) : `${key}`, item)
      return this.map(Object.fromEntries(named), () => [...named.keys()], depth)
    }
    if (value instanceof Set) return this.list(value, value.size, depth)
    if (Array.isArray(value)) return this.list(value, value.length, depth)
    if (value instanceof DataView) value = value.buffer
    if (value instanceof ArrayBuffer) value = new Uint8Array(value)
    if (ArrayBuffer.isView(value)) {
      const array = value as Uint8Array
      return this.list(array, array.length, depth)
    }
    if (value instanceof String || value instanceof Number || value instanceof Boolean) {
      return this.value(value.valueOf(), depth)
    }
    if (value instanceof RegExp) return this.text(String(value), MAX_STRING)
    const toJSON: unknown = Reflect.get(value, 'toJSON')
    if (typeof toJSON === 'function') return this.value(toJSON.call(value), depth + 1)
    return this.map(value as Readonly<Record<string, unknown>>, () => ownKeys(value), depth)
  }

  #error(error: Error, depth: number): PlainValue {
    const parts: Record<string, unknown> = {
      type: errorType(error),
      message: errorMessage(error),
      stack: error.stack,
    }
    if (error.cause !== undefined) parts['cause'] = error.cause
    return this.map(parts, () => Object.keys(parts), depth)
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

  map(source: Readonly<Record<string, unknown>>, keysOf: () => string[], depth: number): PlainData {
    const copy = newData() as Record<string, PlainValue>
    this.#above.add(source)
    const keys = keysOf()
    for (const [index, key] of keys.entries()) {
      if (!this.#room()) {
        copy['[cut]'] = `${keys.length - index} more`
        break
      }
      const value = this.#property(source, key, depth)
      if (value === undefined) continue
      copy[this.text(key, MAX_KEY)] = value
    }
    return copy
  }

  #property(source: Readonly<Record<string, unknown>>, key: string, depth: number): PlainValue | undefined {
    try {
      return this.value(source[key], depth + 1)
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

function ownKeys(value: object): string[] {
  try {
    return Object.keys(value)
  } catch {
    return []
  }
}

function nameOf(value: unknown): string {
  try {
    const name: unknown = Reflect.get(value as object, 'name')
    return typeof name === 'string' && name !== '' ? name : 'anonymous'
  } catch {
    return 'anonymous'
  }
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

/** The type of something thrown: an error's `name`, or what kind of value it is. Never throws. */
export function errorType(error: unknown): string {
  if (typeof error !== 'object' || error === null) return typeof error
  try {
    const name: unknown = Reflect.get(error, 'name')
    if (typeof name === 'string' && name !== '') return name
    return nameOf(Reflect.get(error, 'constructor'))
  } catch {
    return 'Error'
  }
}

/** The message of something thrown: an error's `message`, or the value's text. Never throws. */
export function errorMessage(error: unknown): string {
  try {
    if (typeof error === 'object' && error !== null) {
      const message: unknown = Reflect.get(error, 'message')
      if (typeof message === 'string') return message
    }
    return String(error)
  } catch {
    return '[no text]'
  }
}

function errorText(error: unknown): string {
  return `[${errorType(error)}: ${errorMessage(error)}]`
}
