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
