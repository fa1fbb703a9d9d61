import { DATA_KEYS } from '../contract/data-keys.js'
import type { Stacks } from '../contract/tracer.js'
import { errorText } from '../values/errors.js'
import { addFailure } from '../values/failure.js'
import { isId, w3cTraceId } from '../values/ids.js'
import { setEntry } from '../values/plain.js'

/**
 * Inherits nothing, so that `__proto__` and `constructor` are keys like any other. Its properties are fast, unlike those of
 * `Object.create(null)`.
 */
class Data {
  [key: string]: unknown
}
Object.setPrototypeOf(Data.prototype, null)
Reflect.deleteProperty(Data.prototype, 'constructor')

/** What an adapter knows of a span, written into its data when they are needed: for most spans, when its record is made with those of others. */
export interface LateData {
  /**
   * Writes what is known so far: plain values, under keys of the adapter's own. If this is called before the span finishes, somebody has its
   * data from then on: what is known later the adapter writes by itself.
   */
  writeTo(data: Record<string, unknown>): void
  /** The span finishes: from now on the same is written, and nothing else is kept in memory. @returns about how many bytes that takes */
  finish(): number
}

/** A span with its data. */
export interface DataHolder {
  /** What its data begin with, once there are any. */
  readonly lateData: LateData | undefined
  /** Created on first use, since most spans have none. */
  readonly lazyData: Record<string, unknown> | undefined
  /** Whether the program has the object, and so may change it at any time. Otherwise it is recorded as it is, and not copied. */
  readonly isDataShown: boolean
  readonly isFinished: boolean
  setData(data: Record<string, unknown>, isShown: boolean): void
}

/** The data of a span, for the program. */
export function dataOf(holder: DataHolder): Record<string, unknown> {
  const { lazyData } = holder
  if (lazyData !== undefined && holder.isDataShown) return lazyData
  return setData(holder, Object.assign(new Data(), dataSoFar(holder)), true)
}

/** The data of a span, to look at now; undefined where it has none. */
export function dataSoFar({ lazyData, lateData }: DataHolder): Record<string, unknown> | undefined {
  return lazyData ?? (lateData && writtenBy(lateData))
}

/** What an adapter knows, in an object like any literal, as all that is recorded. */
export function writtenBy(lateData: LateData | undefined): Record<string, unknown> {
  const data = {}
  try {
    lateData?.writeTo(data)
  } catch {
    // What it has written so far counts: the program whose span this is must not fail by it.
  }
  return data
}

/** Tells an adapter that a span finishes. @returns about how many bytes its data take */
export function sizeAtFinish(lateData: LateData): number {
  try {
    const size = lateData.finish()
    return Number.isFinite(size) && size > 0 ? size : 0
  } catch {
    return 0
  }
}

function setData(holder: DataHolder, data: Record<string, unknown>, isShown: boolean): Record<string, unknown> {
  holder.setData(data, isShown)
  return data
}

/** The data of a span, for whoever writes to it at once and gives it to nobody; a copy if the program has frozen it. */
export function writableData(holder: DataHolder): Record<string, unknown> {
  const { lazyData, isDataShown } = holder
  // What a span has finished with may have been recorded as it is.
  if (!isDataShown && !holder.isFinished) return lazyData ?? setData(holder, writtenBy(holder.lateData), false)
  const data = dataOf(holder)
  return Object.isExtensible(data) ? data : setData(holder, Object.assign(new Data(), data), true)
}

/** Copies the entries of an object into a span's data. @returns whether that was possible */
export function addData(holder: DataHolder, given: unknown): boolean {
  if (typeof given !== 'object' || given === null) return false
  try {
    const entries = given instanceof Map ? Object.fromEntries(given) : given
    for (const key of Object.keys(entries)) {
      const value = read(entries, key)
      setEntry(writableData(holder), key, value)
    }
    return true
  } catch {
    return false
  }
}

function read(object: object, key: string): unknown {
  try {
    return Reflect.get(object, key)
  } catch (error) {
    return errorText(error)
  }
}

/**
 * Records the error that a span failed with, unless it has failed before.
 *
 * @param stacks whether its stack is recorded
 */
export function addError(holder: DataHolder & { readonly traceId: bigint }, error: unknown, stacks: Stacks): void {
  try {
    if (holder.lazyData !== undefined && Object.hasOwn(holder.lazyData, DATA_KEYS.errorType)) return
    addFailure(() => writableData(holder), error, stacks === false ? undefined : holder.traceId, stacks === 'masked')
  } catch {
    // The program has defined properties of its own there.
  }
}

/** How many events, and how many links, of a span are kept: as many as OpenTelemetry's SDK keeps by default. */
const MAX_ITEMS = 128

/** A key of a span's data that holds a list of maps, and the key that counts what is not kept. */
export interface ListKeys {
  readonly list: string
  readonly dropped: string
}

export const EVENT_KEYS: ListKeys = { list: DATA_KEYS.events, dropped: DATA_KEYS.eventsDropped }
export const LINK_KEYS: ListKeys = { list: DATA_KEYS.links, dropped: DATA_KEYS.linksDropped }

/**
 * Adds a map to a list in a span's data.
 *
 * @param ownOf what the map has in any case; a key of the program's that equals one of these gets `data.` in front
 * @param more what the program adds
 */
export function addToList(
  holder: DataHolder,
  keys: ListKeys,
  ownOf: () => Readonly<Record<string, string>>,
  more: unknown,
): void {
  try {
    const data = writableData(holder)
    data[keys.list] ??= []
    const list = data[keys.list]
    if (Array.isArray(list) && list.length < MAX_ITEMS) list.push(itemOf(ownOf(), more))
    else data[keys.dropped] = Number(data[keys.dropped] ?? 0) + 1
  } catch {
    // The program has defined properties of its own there, has frozen the list, or has no `Date` that tells a time as text.
  }
}

function itemOf(own: Readonly<Record<string, string>>, more: unknown): Record<string, unknown> {
  const item: Record<string, unknown> = Object.assign(new Data(), own)
  if (typeof more !== 'object' || more === null) return item
  for (const key of Object.keys(more)) item[Object.hasOwn(own, key) ? `data.${key}` : key] = read(more, key)
  return item
}

/** The ids of a span that a link is to, as they are written; undefined if it has none. */
export function idsOf(to: unknown): Readonly<Record<string, string>> | undefined {
  try {
    const { traceId, spanId, remote } = Object(to)
    if (!isId(traceId) || !isId(spanId)) return undefined
    const ids = { trace_id: `${traceId}`, span_id: `${spanId}` }
    const upper: unknown = remote?.upperTraceId
    return isId(upper) ? { ...ids, [DATA_KEYS.w3cTraceId]: w3cTraceId(traceId, upper) } : ids
  } catch {
    return undefined
  }
}
