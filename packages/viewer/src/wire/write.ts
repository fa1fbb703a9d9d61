import type { PlainData, Span } from '@trace/core/spans'
import { isFailed } from '@trace/core/spans'
import { BIGINT, NUMBER, OPEN, type SpanColumns } from './columns.js'

const LEAST_TIME = OPEN + 1n
const MOST_TIME = 2n ** 63n - 1n

/**
 * A text with the spans of a trace: a line of JSON with their columns as `spans`, then a line for the data of each.
 *
 * @param head what else the first line holds
 */
export function writeSpans(spans: readonly Span[], head: Readonly<Record<string, unknown>> = {}): string {
  const lines = [JSON.stringify({ ...head, spans: columnsOf(spans) })]
  for (const { data } of spans) lines.push(dataText(data))
  return lines.join('\n')
}

function columnsOf(spans: readonly Span[]): SpanColumns {
  const words = new Map<string, number>()
  const place = (word: string): number => {
    let found = words.get(word)
    if (found === undefined) {
      found = words.size
      words.set(word, found)
    }
    return found
  }
  const ids = (of: (span: Span) => bigint): string => base64(BigUint64Array.from(spans, of))
  const times = (of: (span: Span) => bigint): string => base64(BigInt64Array.from(spans, of))
  const places = (of: (span: Span) => string): string => base64(Uint32Array.from(spans, (span) => place(of(span))))
  const [first] = spans
  const isOneTrace = spans.every(({ traceId }) => traceId === first?.traceId)
  return {
    count: spans.length,
    traceIds: base64(BigUint64Array.from(isOneTrace ? spans.slice(0, 1) : spans, ({ traceId }) => traceId)),
    spanIds: ids(({ spanId }) => spanId),
    parentIds: ids(({ parentId }) => parentId),
    starts: times(({ start }) => within(start)),
    finishes: times(({ finish }) => (finish === undefined ? OPEN : within(finish))),
    processes: places(({ process }) => process),
    kinds: places(({ kind }) => kind),
    names: places(({ name }) => name),
    failed: base64(Uint32Array.from(spans.flatMap((span, at) => (isFailed(span) ? [at] : [])))),
    words: [...words.keys()],
  }
}

/** What a file holds may be any number. */
function within(time: bigint): bigint {
  return time < LEAST_TIME ? LEAST_TIME : time > MOST_TIME ? MOST_TIME : time
}

function base64({ buffer, byteOffset, byteLength }: BigInt64Array | BigUint64Array | Uint32Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64')
}

/** Data as JSON on one line, which keeps integers of any length, and the numbers that JSON lacks. */
function dataText(data: PlainData): string {
  let isEmpty = true
  for (const key in data) {
    isEmpty = false
    // Most data is flat, and then JSON is written several times faster.
    if (!isJson(data[key])) return JSON.stringify(data, tag)
  }
  return isEmpty ? '' : JSON.stringify(data)
}

function isJson(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0)
  return typeof value === 'string' || typeof value === 'boolean'
}

function tag(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return [BIGINT, String(value)]
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))) {
    return [NUMBER, Object.is(value, -0) ? '-0' : String(value)]
  }
  return value
}
