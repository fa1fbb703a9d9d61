import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { DATA_KEYS, formatTime, type PlainData, type PlainValue, parseId, parseTime, type Span } from '@trace/core'
import { dataKey, RESERVED_KEYS, setEntry } from '@trace/core/store'
import { attributeName, freeName, fromAttribute, goText, toAttribute } from './attribute.js'
import { fitItem } from './size.js'

/** A DynamoDB item: attributes by name. */
export type Item = Record<string, AttributeValue>

/** How data is stored: as natural types, or all as text, as the Go package does. */
export type Layout = 'natural' | 'original'

/** How a span becomes an item. */
export interface ItemOptions {
  readonly layout: Layout
  /** Whether first spans have the attribute of the index of recent traces. */
  readonly index: boolean
  /** When the item expires, in seconds since the Unix epoch; undefined for never. */
  readonly expires: number | undefined
}

/** The attribute by which the table's TTL deletes items. */
export const EXPIRES = 'expires'
/** The index of recent traces: its name, and the attribute that is its hash key. */
export const INDEX_NAME = 'recent'
export const INDEX_KEY = 'hour_shard'
/** How many parts each hour of the index has. A part takes 1,000 writes a second: 4,000 traces a second in all. */
export const INDEX_SHARDS = 4n

/**
 * The item of a span.
 *
 * @throws {RangeError} if a time is outside the years 0000 to 9999, or the span's own fields are too large
 */
export function spanToItem(span: Span, options: ItemOptions): Item {
  // A literal, because objects without a prototype are several times slower. No attribute is named __proto__.
  const item: Item = {
    trace_id: { N: String(span.traceId) },
    span_id: { N: String(span.spanId) },
    parent_id: { N: String(span.parentId) },
  }
  if (span.process !== '') item['process'] = { S: span.process.toWellFormed() }
  if (span.kind !== '') item['kind'] = { S: span.kind.toWellFormed() }
  if (span.name !== '') item['name'] = { S: span.name.toWellFormed() }
  item['start'] = { S: formatTime(span.start) }
  item['start_unix'] = { N: secondsText(span.start) }
  if (span.finish !== undefined) {
    item['finish'] = { S: formatTime(span.finish) }
    item['finish_unix'] = { N: secondsText(span.finish) }
    item['elapsed'] = { N: secondsText(span.finish - span.start) }
  }
  if (options.index && isFirst(span)) item[INDEX_KEY] = { S: indexKey(hourOf(span.start), span.traceId % INDEX_SHARDS) }
  if (options.expires !== undefined) item[EXPIRES] = { N: String(options.expires) }
  setData(item, span.data, options.layout)
  return fitItem(item)
}

function setData(item: Item, data: PlainData, layout: Layout): void {
  for (const key of Object.keys(data)) {
    const value = data[key]
    if (value === undefined) continue
    item[freeName(attributeName(key), item, data)] = layout === 'natural' ? toAttribute(value) : { S: goText(value) }
  }
}

/**
 * The span of an item: of this package in either layout, or of the Go package.
 *
 * @returns the reason, as text, if the item is not a span
 */
export function spanFromItem(item: Item): Span | string {
  const spanId = parseId(item['span_id']?.N ?? '')
  if (spanId === undefined) return 'its span_id is not an integer from 1 to 2^64−1'
  const traceId = parseId(item['trace_id']?.N ?? '')
  if (traceId === undefined) return 'its trace_id is not an integer from 1 to 2^64−1'
  const parent = item['parent_id']?.N ?? '0'
  const parentId = parent === '0' ? 0n : parseId(parent)
  if (parentId === undefined) return 'its parent_id is not an integer from 0 to 2^64−1'
  const start = timeOf(item, 'start')
  if (start === undefined) return 'its start is not an RFC 3339 time'
  const finish = timeOf(item, 'finish')
  if (finish === undefined && item['finish'] !== undefined) return 'its finish is not an RFC 3339 time'
  const [process, kind, name] = [textOf(item, 'process'), textOf(item, 'kind'), textOf(item, 'name')]
  return { spanId, traceId, parentId, process, kind, name, start, finish, data: dataOf(item) }
}

function timeOf(item: Item, name: string): bigint | undefined {
  return parseTime(item[name]?.S ?? '')
}

function textOf(item: Item, name: string): string {
  return item[name]?.S ?? ''
}

function dataOf(item: Item): PlainData {
  const data: Record<string, PlainValue> = {}
  for (const [name, attribute] of Object.entries(item)) {
    if (!RESERVED_KEYS.has(name)) setEntry(data, dataKey(name), fromAttribute(attribute))
  }
  return data
}

/**
 * Whether the span gets a row in the index of recent traces: it has no parent, or its parent came in a W3C or B3 header and may
 * be recorded elsewhere. A parent from the id header is recorded by this project, and its trace has a first span of its own.
 */
function isFirst(span: Span): boolean {
  return (
    span.parentId === 0n ||
    Object.hasOwn(span.data, DATA_KEYS.remoteParent) ||
    Object.hasOwn(span.data, DATA_KEYS.w3cTraceId)
  )
}

/** The hour of a time, such as `2026-11-22T18`, in UTC. @param time nanoseconds since the Unix epoch */
export function hourOf(time: bigint): string {
  return formatTime(time).slice(0, '2026-11-22T18'.length)
}

/** The hash key of the index: an hour, and one of its parts. */
export function indexKey(hour: string, shard: bigint): string {
  return `${hour}#${shard}`
}

/** Whether an item has expired. DynamoDB deletes it some days later. @param now milliseconds since the Unix epoch */
export function isExpired(item: Item, now: number): boolean {
  const expires = item[EXPIRES]?.N
  return expires !== undefined && Number(expires) * 1_000 <= now
}

/** The key of an item, as text. */
export function keyOf(traceId: bigint, spanId: bigint): string {
  return `${traceId} ${spanId}`
}

/**
 * Nanoseconds as seconds with six decimals, rounded half to even.
 *
 * @param time nanoseconds, of either sign
 */
export function secondsText(time: bigint): string {
  const size = time < 0n ? -time : time
  let micros = size / 1_000n
  const rest = size % 1_000n
  if (rest > 500n || (rest === 500n && micros % 2n === 1n)) micros++
  const digits = String(micros).padStart(7, '0')
  const sign = time < 0n && micros > 0n ? '-' : ''
  return `${sign}${digits.slice(0, -6)}.${digits.slice(-6)}`
}
