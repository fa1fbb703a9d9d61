import type { PlainData, PlainValue } from '../contract/span.js'

/** About how many bytes an entry takes besides its text, for {@link Plain.size}; rather too many than too few. */
export const ENTRY_SIZE = 16

/** About how many bytes of memory plain values take: the same as {@link Plain.size}, of values that are plain already. */
export function sizeOf(value: PlainValue): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return 0
  let size = 0
  if (Array.isArray(value)) for (const each of value as readonly PlainValue[]) size += ENTRY_SIZE + sizeOf(each)
  else for (const [key, each] of Object.entries(value)) size += ENTRY_SIZE + key.length + sizeOf(each)
  return size
}

/** Data that has been made plain. */
export interface Plain {
  readonly data: PlainData
  /** About how many bytes of memory it takes. */
  readonly size: number
}

/**
 * Sets a key of a plain object, be it `__proto__`: to assign that would change its prototype.
 *
 * Recorded data are objects like any literal, so that they compare equal to one.
 */
export function setEntry<Value>(data: Record<string, Value>, key: string, value: Value): void {
  if (key !== '__proto__') data[key] = value
  else Object.defineProperty(data, key, { value, writable: true, enumerable: true, configurable: true })
}

/** The data of a span without any. */
export const NO_DATA: Plain = {
  data: Object.freeze({}),
  size: 0,
}

/** The size up to which data of scalars need no look at each limit. */
const SMALL = 4_096

/** A fast path for a few small scalars, the common case; undefined for other data. */
export function copyScalars(data: Readonly<Record<string, unknown>>): Plain | undefined {
  const copy: Record<string, PlainValue> = {}
  let size = 0
  if (inheritsEntries()) return undefined
  try {
    for (const key in data) {
      const value = data[key]
      if (value === undefined) continue
      size += sizeOfScalar(key, value)
      if (size > SMALL) return undefined
      setEntry(copy, key, value as PlainValue)
    }
  } catch {
    return undefined
  }
  return { data: copy, size }
}

/** Whether the program has given all objects entries, which are not a span's. To ask that of each key would take longer. */
function inheritsEntries(): boolean {
  for (const _ in NOTHING) return true
  return false
}

const NOTHING = {}

/** The same without a copy, of an object that nobody changes any more, and that has no getters of its own. */
export function plainAlready(data: Record<string, unknown>): Plain | undefined {
  let size = 0
  if (inheritsEntries()) return undefined
  for (const key in data) {
    size += sizeOfScalar(key, data[key])
    if (size > SMALL) return undefined
  }
  return { data: data as PlainData, size }
}

/** Infinity for what is no text, number or boolean. */
function sizeOfScalar(key: string, value: unknown): number {
  if (typeof value === 'string') return ENTRY_SIZE + key.length + value.length
  return typeof value === 'number' || typeof value === 'boolean' ? ENTRY_SIZE + key.length : Number.POSITIVE_INFINITY
}
