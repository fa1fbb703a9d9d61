import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { PlainValue } from '@trace/core'
import { setEntry, storedKey, toPlain } from '@trace/core/store'

/**
 * How deep lists and maps can be nested in one attribute: with a scalar inside, 31 of them are DynamoDB's 32 levels
 * (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html).
 */
const MAX_DEPTH = 31
/** Digits of a DynamoDB number, and the range of its magnitude, by the same page. */
const MAX_DIGITS = 38
const LEAST = 1e-130
const MOST = 9.99e125
/** The longest key in characters, as in `toPlain`. DynamoDB allows 64 KB. */
const MAX_KEY = 4_096

/** The attribute of a value. Values that are not plain are made plain first. */
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

/** Whether it is an object literal or a map of plain data, and not an instance of a class. */
function isPlainMap(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function numberAttribute(value: number): AttributeValue {
  const size = Math.abs(value)
  if (size !== 0 && !(size >= LEAST && size <= MOST)) return { S: String(value) }
  // As a set, because readers take an N of this size for a bigint. All digits, because the shortest text of a number may be
  // another integer.
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

/** A map without a prototype, so that `__proto__` is an ordinary name. */
function attributeMap(): Record<string, AttributeValue> {
  return Object.create(null)
}

/**
 * A name that DynamoDB takes: well-formed text of bounded length.
 *
 * @param taken objects whose keys a changed name must not equal: names in use, and names still to come
 */
export function freeName(name: string, ...taken: readonly object[]): string {
  let free = name.length > MAX_KEY ? `${name.slice(0, MAX_KEY).toWellFormed()}…` : name.toWellFormed()
  if (free !== name) while (taken.some((names) => Object.hasOwn(names, free))) free += '\ufffd'
  return free
}

/** The attribute's name for a data key: that of `storedKey`, but for `__proto__`, whose value the AWS SDK loses when it reads. */
export function attributeName(key: string): string {
  return key === '__proto__' ? `data.${key}` : storedKey(key)
}

/** The name for a key within a map. DynamoDB refuses empty names, so `data.` goes in front, as for a span's data keys. */
function nestedName(key: string): string {
  return /^(?:data\.)*(?:__proto__)?$/.test(key) ? `data.${key}` : key
}

function nestedKey(name: string): string {
  return /^(?:data\.)+(?:__proto__)?$/.test(name) ? name.slice('data.'.length) : name
}

/** The value of an attribute. Sets of other writers become lists, and bytes become lists of numbers. */
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

/** A number, or a bigint for an integer that a number cannot hold. */
function numberValue(text: string): PlainValue {
  const value = Number(text)
  // Longer texts are numbers with an exponent, which DynamoDB writes out with zeros.
  const isLong = text.replace('-', '').length > MAX_DIGITS
  return Math.abs(value) <= Number.MAX_SAFE_INTEGER || isLong || !/^-?\d+$/.test(text) ? value : BigInt(text)
}

/** A set of one large integer stands for a number beyond 2^53. */
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

/** A value as Go prints it (`fmt.Sprint`), for the layout of the Go package, in which all data is text. */
export function goText(value: unknown, depth = 0): string {
  if (typeof value === 'string') return value.toWellFormed()
  if (value === null || value === undefined) return '<nil>'
  if (typeof value !== 'object') return String(value)
  if (depth >= MAX_DEPTH) return '[cut: too deep]'
  if (Array.isArray(value)) return `[${value.map((item: unknown) => goText(item, depth + 1)).join(' ')}]`
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `map[${entries.map(([key, item]) => `${key.toWellFormed()}:${goText(item, depth + 1)}`).join(' ')}]`
}
