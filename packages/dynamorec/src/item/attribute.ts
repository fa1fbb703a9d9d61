import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { PlainValue } from '@trace/core'
import { setEntry, storedKey, toPlain } from '@trace/core/store'

/**
 * Lists and maps within each other that DynamoDB takes in one attribute: 31 lists or maps with a scalar inside are its 32
 * levels (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html).
 */
const MAX_DEPTH = 31
/** Digits that a DynamoDB number keeps, and the range of its magnitude; the same page. */
const MAX_DIGITS = 38
const LEAST = 1e-130
const MOST = 9.99e125
/** Longest key in characters, as `toPlain` keeps it. An attribute's name may have 64 KB. */
const MAX_KEY = 4_096

/** A plain value as DynamoDB keeps it. What is no plain value is made so first. */
export function toAttribute(value: unknown, depth = 0): AttributeValue {
  switch (typeof value) {
    case 'string':
      return { S: value.toWellFormed() }
    case 'number':
      return numberAttribute(value)
    case 'bigint':
      return bigintAttribute(value)
    case 'boolean':
      return { BOOL: value }
    case 'object':
      if (value === null) return { NULL: true }
      if (depth >= MAX_DEPTH) return { S: '[cut: too deep]' }
      if (Array.isArray(value)) return { L: value.map((item: unknown) => toAttribute(item, depth + 1)) }
      if (isPlainMap(value)) return mapAttribute(value, depth)
  }
  return toAttribute(toPlain({ value }).data['value'] ?? null, depth)
}

/** Whether it is a map as object literals and plain data are, and no instance of a class. */
function isPlainMap(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function numberAttribute(value: number): AttributeValue {
  const size = Math.abs(value)
  if (size !== 0 && !(size >= LEAST && size <= MOST)) return { S: String(value) }
  // A number of its own kind, because as N it would be taken for a bigint; in full, because the shortest text that means it
  // stands for another integer.
  if (size > Number.MAX_SAFE_INTEGER && size < 1e38) return { NS: [String(BigInt(value))] }
  return { N: String(value) }
}

function bigintAttribute(value: bigint): AttributeValue {
  const text = String(value)
  return text.length - (value < 0n ? 1 : 0) > MAX_DIGITS ? { S: text } : { N: text }
}

function mapAttribute(value: object, depth: number): AttributeValue {
  const map = attributeMap()
  for (const [key, item] of Object.entries(value)) {
    if (item !== undefined) map[freeName(nestedName(key), map, value)] = toAttribute(item, depth + 1)
  }
  return { M: map }
}

/** A map of attributes that inherits nothing, so that `__proto__` is a name like any other. */
function attributeMap(): Record<string, AttributeValue> {
  return Object.create(null)
}

/**
 * A name as DynamoDB takes it: well-formed text of a bounded length.
 *
 * @param taken what a name that had to be changed must not become: names in use, and those still to come
 */
export function freeName(name: string, ...taken: readonly object[]): string {
  let free = name.length > MAX_KEY ? `${name.slice(0, MAX_KEY).toWellFormed()}…` : name.toWellFormed()
  if (free !== name) while (taken.some((names) => Object.hasOwn(names, free))) free += '\ufffd'
  return free
}

/** The name of an attribute, as `storedKey` makes it; and the AWS SDK loses the value of one named `__proto__` as it reads. */
export function attributeName(key: string): string {
  return key === '__proto__' ? `data.${key}` : storedKey(key)
}

/** A key within a map. DynamoDB refuses empty ones; as for a span's data keys, `data.` in front makes them names. */
function nestedName(key: string): string {
  return /^(?:data\.)*(?:__proto__)?$/.test(key) ? `data.${key}` : key
}

function nestedKey(name: string): string {
  return /^(?:data\.)+(?:__proto__)?$/.test(name) ? name.slice('data.'.length) : name
}

/** {@link toAttribute} undone. Other sets, which other writers may use, become lists; bytes become lists of numbers. */
export function fromAttribute(attribute: AttributeValue | undefined): PlainValue {
  if (attribute === undefined) return null
  if (attribute.S !== undefined) return attribute.S
  if (attribute.N !== undefined) return numberValue(attribute.N)
  if (attribute.BOOL !== undefined) return attribute.BOOL
  if (attribute.L !== undefined) return attribute.L.map(fromAttribute)
  if (attribute.M !== undefined) return mapValue(attribute.M)
  if (attribute.SS !== undefined) return attribute.SS
  if (attribute.NS !== undefined) return numberSetValue(attribute.NS)
  if (attribute.B !== undefined) return [...attribute.B]
  if (attribute.BS !== undefined) return attribute.BS.map((bytes) => [...bytes])
  return null
}

/** A number, or a bigint where that is the only way to keep an integer exactly. */
function numberValue(text: string): PlainValue {
  const value = Number(text)
  // More digits than DynamoDB keeps are zeros that stand for an exponent.
  const isLong = text.replace('-', '').length > MAX_DIGITS
  return Math.abs(value) <= Number.MAX_SAFE_INTEGER || isLong || !/^-?\d+$/.test(text) ? value : BigInt(text)
}

/** A set of one large integer is a number that is no safe integer. */
function numberSetValue(set: readonly string[]): PlainValue {
  const [first] = set
  const isNumber = set.length === 1 && Math.abs(Number(first)) > Number.MAX_SAFE_INTEGER
  return isNumber ? Number(first) : set.map(numberValue)
}

function mapValue(map: Record<string, AttributeValue>): PlainValue {
  const value: Record<string, PlainValue> = {}
  for (const [name, attribute] of Object.entries(map)) setEntry(value, nestedKey(name), fromAttribute(attribute))
  return value
}

/** How the original's Go program prints a value (`fmt.Sprint`): for its layout of items, in which all data is text. */
export function goText(value: unknown, depth = 0): string {
  if (typeof value === 'string') return value.toWellFormed()
  if (value === null || value === undefined) return '<nil>'
  if (typeof value !== 'object') return String(value)
  if (depth >= MAX_DEPTH) return '[cut: too deep]'
  if (Array.isArray(value)) return `[${value.map((item: unknown) => goText(item, depth + 1)).join(' ')}]`
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `map[${entries.map(([key, item]) => `${key.toWellFormed()}:${goText(item, depth + 1)}`).join(' ')}]`
}
