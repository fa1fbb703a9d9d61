import * as types from 'node:util/types'
import type { PlainData, PlainValue } from '../contract/span.js'
import type { Stacks } from '../contract/tracer.js'
import { cutAndMarked } from './cut.js'
import { errorMessage, errorText, errorType, nameOf } from './errors.js'
import { copyScalars, ENTRY_SIZE, NO_DATA, type Plain, setEntry } from './plain.js'
import { maskPaths } from './stack-paths.js'
import { formatTime } from './time.js'

/**
 * How much of a span's data is kept. The rest is cut, and the cut is marked. A depth of 16 is below the 32 levels that DynamoDB
 * takes, and the size keeps a span well below its limit of 400 KB.
 */
const MAX_DEPTH = 16
const MAX_STRING = 32_768
const MAX_KEY = 4_096
const MAX_ENTRIES = 1_000
const MAX_SIZE = 131_072

/**
 * Copies a span's data as plain values, so that later changes are not recorded. Never throws.
 *
 * Strings, numbers, bigints, booleans, null, lists and maps stay as they are. A Date becomes its RFC 3339 string, an Error a map of
 * type, message, stack and cause, a Map a map, a Set or typed array a list, a function or symbol its text, a getter that throws
 * the text of its error, a cycle `[Circular]`. Entries that are undefined are left out. Strings longer than 32,768 characters, keys
 * longer than 4,096, and data of more than 16 levels, 1,000 entries or about 128 KB are cut, and the cut is marked.
 *
 * @param stacks whether errors keep their stacks. Default: true
 */
export function toPlain(data: Readonly<Record<string, unknown>>, stacks: Stacks = true): Plain {
  const quick = copyScalars(data)
  if (quick !== undefined) return quick
  const copier = new Copier(stacks)
  const plain = copier.object(data, 0)
  const isMap = typeof plain === 'object' && plain !== null && !Array.isArray(plain)
  return { data: isMap ? (plain as PlainData) : NO_DATA.data, size: copier.size }
}

const NO_VALUES: readonly PlainValue[] = []

/** A key, and a function that reads its value. */
type Entry = readonly [key: string, read: () => unknown]

class Copier {
  size = 0
  #entries = 0
  readonly #above = new Set<object>()
  readonly #stacks: Stacks

  constructor(stacks: Stacks) {
    this.#stacks = stacks
  }

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
    // No store keeps a longer integer exactly. To ask its length would take as long as the text.
    const text = value.toString(16)
    this.size += text.length
    return text.length > 1_024 ? `[bigint of ${text.length} hexadecimal digits]` : value
  }

  text(value: string, most: number): string {
    const room = Math.max(0, Math.min(most, MAX_SIZE - this.size))
    const text = cutAndMarked(room, value)
    this.size += text.length
    return text
  }

  /** @param isJson whether a `toJSON` returned it: its own `toJSON` is then not called, as in `JSON.stringify` */
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
      ['cause', () => error.cause],
    ]
    if (this.#stacks === true) parts.splice(2, 0, ['stack', () => error.stack])
    else if (this.#stacks === 'masked') parts.splice(2, 0, ['stack', () => maskedStack(error.stack)])
    return this.map(parts, parts.length, depth)
  }

  list(values: Iterable<unknown>, length: number, depth: number): PlainValue[] {
    // No literal makes it, since it waits with its span: see `BLANK` of span-states.ts.
    const list: PlainValue[] = NO_VALUES.slice()
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

  /** @param length the number of all entries; the copy may have fewer */
  map(entries: Iterable<Entry>, length: number, depth: number): PlainData {
    const copy: Record<string, PlainValue> = {}
    let taken = 0
    for (const [key, read] of entries) {
      if (!this.#room()) {
        copy['[cut]'] = `${length - taken} more`
        break
      }
      taken++
      const value = this.#read(read, depth)
      if (value !== undefined) setEntry(copy, this.text(key, MAX_KEY), value)
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

function maskedStack(stack: unknown): unknown {
  return typeof stack === 'string' ? maskPaths(stack.slice(0, MAX_STRING)) : undefined
}

/** What the `toJSON` of an object returns, or the object itself if it has none. */
function jsonOf(value: object): unknown {
  const toJSON: unknown = Reflect.get(value, 'toJSON')
  if (typeof toJSON !== 'function') return value
  const json: unknown = Reflect.apply(toJSON, value, [])
  // Only we have this promise, whose rejection would end the process.
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
