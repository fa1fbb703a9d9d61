import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { RESERVED_KEYS } from '@trace/core/store'
import { fromAttribute } from './attribute.js'

/** The largest item in bytes (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html). */
export const MAX_ITEM_BYTES = 409_600
/** Values are not cut to fewer bytes than this; whole data keys are left out instead. */
const LEAST_BYTES = 64

type Item = Record<string, AttributeValue>

type Measure = (text: string) => number

/** An upper bound of a text's bytes in UTF-8. Counting them takes ten times as long. */
const mostBytes: Measure = (text) => 3 * text.length

/**
 * The size of an item as DynamoDB counts it, or up to 20 bytes more for each number
 * (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html).
 */
export function itemBytes(item: Item, textBytes: Measure = Buffer.byteLength): number {
  let bytes = 0
  for (const name in item) bytes += textBytes(name) + valueBytes(item[name], textBytes)
  return bytes
}

function valueBytes(value: AttributeValue | undefined, textBytes: Measure = Buffer.byteLength): number {
  if (value?.S !== undefined) return textBytes(value.S)
  if (value?.N !== undefined) return Math.min(21, Math.ceil(value.N.length / 2) + 2)
  if (value?.NS !== undefined) return 3 + 22 * value.NS.length
  if (value?.L !== undefined) return value.L.reduce((sum, each) => sum + 1 + valueBytes(each, textBytes), 3)
  if (value?.M !== undefined) return 3 + Object.keys(value.M).length + itemBytes(value.M, textBytes)
  return 1
}

/**
 * Cuts an item that is too large, its longest data values first: they become text that ends in `… [cut: 500000 bytes]`. If that
 * is not enough, the last data keys are left out, and the key `[cut]` says how many.
 *
 * @throws {RangeError} if the span's own fields are too large
 */
export function fitItem(item: Item): Item {
  if (itemBytes(item, mostBytes) <= MAX_ITEM_BYTES) return item
  const excess = itemBytes(item) - MAX_ITEM_BYTES
  if (excess <= 0) return item
  const longest = Object.keys(item)
    .filter((name) => !RESERVED_KEYS.has(name))
    .map((name) => ({ name, bytes: valueBytes(item[name]) }))
    .sort((a, b) => b.bytes - a.bytes)
  const level = levelFor(longest, excess)
  for (const { name, bytes } of longest) {
    const value = item[name]
    if (bytes > level && value !== undefined) item[name] = { S: cutText(textOf(value), level, bytes) }
  }
  return itemBytes(item) <= MAX_ITEM_BYTES ? item : leaveOut(item)
}

/** The bytes to which the longest values must be cut to make the item smaller by `excess` bytes. */
function levelFor(longest: readonly { bytes: number }[], excess: number): number {
  let sum = 0
  for (const [at, { bytes }] of longest.entries()) {
    sum += bytes
    const level = Math.floor((sum - excess) / (at + 1))
    if (level >= (longest[at + 1]?.bytes ?? 0)) return Math.max(level, LEAST_BYTES)
  }
  return LEAST_BYTES
}

function textOf(value: AttributeValue): string {
  if (value.S !== undefined) return value.S
  return JSON.stringify(fromAttribute(value), (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each))
}

function cutText(text: string, bytes: number, whole: number): string {
  const mark = `… [cut: ${whole} bytes]`
  const room = new Uint8Array(Math.max(0, bytes - Buffer.byteLength(mark)))
  const { read } = new TextEncoder().encodeInto(text, room)
  return text.slice(0, read) + mark
}

function leaveOut(item: Item): Item {
  const names = Object.keys(item).filter((name) => !RESERVED_KEYS.has(name))
  // Room for the key that says how many were left out.
  let excess = itemBytes(item) - MAX_ITEM_BYTES + LEAST_BYTES
  let left = 0
  while (excess > 0) {
    const name = names.pop()
    if (name === undefined) throw new RangeError('its process, kind and name are larger than a DynamoDB item can be')
    excess -= Buffer.byteLength(name) + valueBytes(item[name])
    Reflect.deleteProperty(item, name)
    left++
  }
  item['[cut]'] = { S: `${left} more` }
  return item
}
