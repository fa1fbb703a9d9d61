import { isFailed as isFailedByData, type PlainData, type PlainValue, type Span } from '@trace/core/spans'
import { BIGINT, NUMBER, OPEN, type SpanColumns } from './columns.js'

/** The columns of a trace, and its spans' data as text. */
export interface Columns {
  readonly count: number
  readonly words: readonly string[]
  readonly traceIds: BigUint64Array
  readonly spanIds: BigUint64Array
  readonly parentIds: BigUint64Array
  readonly starts: BigInt64Array
  readonly finishes: BigInt64Array
  readonly processes: Uint32Array
  readonly kinds: Uint32Array
  readonly names: Uint32Array
  /** Not 0 for those that have failed. */
  readonly failed: Uint8Array
  /** Holds the data of span n as JSON from `dataFrom[n]` up to the line break before `dataFrom[n + 1]`. */
  readonly text: string
  readonly dataFrom: Uint32Array
}

/** What the first line of a text says; see `writeSpans`. */
export type Head = { readonly spans: SpanColumns } & Readonly<Record<string, unknown>>

/**
 * Reads what `writeSpans` has written. The fields of a span are looked up in the columns, and its data is parsed when it is first
 * asked for.
 *
 * @throws {SyntaxError} where it is something else
 */
export function readSpans(text: string): { readonly head: Head; readonly spans: Span[] } {
  const end = text.indexOf('\n')
  const head = JSON.parse(end < 0 ? text : text.slice(0, end)) as Head
  const { count, words, ...sent } = head.spans
  const columns: Columns = {
    count,
    words,
    traceIds: new BigUint64Array(fromBase64(sent.traceIds)),
    spanIds: new BigUint64Array(fromBase64(sent.spanIds)),
    parentIds: new BigUint64Array(fromBase64(sent.parentIds)),
    starts: new BigInt64Array(fromBase64(sent.starts)),
    finishes: new BigInt64Array(fromBase64(sent.finishes)),
    processes: new Uint32Array(fromBase64(sent.processes)),
    kinds: new Uint32Array(fromBase64(sent.kinds)),
    names: new Uint32Array(fromBase64(sent.names)),
    failed: new Uint8Array(count),
    text,
    dataFrom: linesFrom(text, count, end),
  }
  for (const at of new Uint32Array(fromBase64(sent.failed))) columns.failed[at] = 1
  return { head, spans: Array.from({ length: count }, (_, at) => new ColumnSpan(columns, at)) }
}

/** What {@link readSpans} reads of a trace, and the ledgers that came with it, if any. */
export function readTrace(text: string): {
  readonly head: Head
  readonly spans: readonly Span[]
  readonly ledgers: readonly Span[]
} {
  const { head, spans } = readSpans(text)
  const { ledgers } = head
  return { head, spans, ledgers: typeof ledgers === 'string' ? readSpans(ledgers).spans : [] }
}

/** Where each line after the first begins, and where one more would. */
function linesFrom(text: string, count: number, end: number): Uint32Array {
  const from = new Uint32Array(count + 1)
  let at = end < 0 ? text.length + 1 : end + 1
  for (let line = 0; line < count; line++) {
    from[line] = at
    const next = text.indexOf('\n', at)
    at = (next < 0 ? text.length : next) + 1
  }
  from[count] = at
  return from
}

/** Newer browsers do it themselves, many times faster. */
function fromBase64(text: string): ArrayBuffer {
  const { fromBase64: decode } = Uint8Array as { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> }
  if (decode !== undefined) return decode.call(Uint8Array, text).buffer
  const binary = atob(text)
  const bytes = new Uint8Array(binary.length)
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at)
  return bytes.buffer
}

class ColumnSpan implements Span {
  readonly columns: Columns
  readonly at: number
  /** How much earlier its times are than those in the columns, in ns. */
  readonly by: bigint
  #data: PlainData | undefined

  constructor(columns: Columns, at: number, by = 0n) {
    this.columns = columns
    this.at = at
    this.by = by
  }

  get traceId(): bigint {
    const { traceIds } = this.columns
    return traceIds[this.at] ?? traceIds[0] ?? 0n
  }

  get spanId(): bigint {
    return this.columns.spanIds[this.at] ?? 0n
  }

  get parentId(): bigint {
    return this.columns.parentIds[this.at] ?? 0n
  }

  get start(): bigint {
    const start = this.columns.starts[this.at] ?? 0n
    return this.by === 0n ? start : start - this.by
  }

  get finish(): bigint | undefined {
    const finish = this.columns.finishes[this.at]
    return finish === undefined || finish === OPEN ? undefined : this.by === 0n ? finish : finish - this.by
  }

  get process(): string {
    return this.#word(this.columns.processes)
  }

  get kind(): string {
    return this.#word(this.columns.kinds)
  }

  get name(): string {
    return this.#word(this.columns.names)
  }

  get data(): PlainData {
    const { text, dataFrom } = this.columns
    this.#data ??= dataOf(text.slice(dataFrom[this.at], (dataFrom[this.at + 1] ?? 1) - 1))
    return this.#data
  }

  #word(places: Uint32Array): string {
    return this.columns.words[places[this.at] ?? 0] ?? ''
  }
}

/** Of spans that came in another way than by columns. */
const moves = new WeakMap<Span, bigint>()

/** A span whose times are earlier by so many ns. What its data says of times stays as it is: see {@link movedBy}. */
export function moved(span: Span, by: bigint): Span {
  if (span instanceof ColumnSpan) return new ColumnSpan(span.columns, span.at, span.by + by)
  const copy = { ...span, start: span.start - by, finish: span.finish === undefined ? undefined : span.finish - by }
  moves.set(copy, movedBy(span) + by)
  return copy
}

/** How much earlier the times of a span are than it was recorded, in ns. */
export function movedBy(span: Span): bigint {
  return span instanceof ColumnSpan ? span.by : (moves.get(span) ?? 0n)
}

/** Whether a span has failed, as core's function of this name tells, which looks into its data. */
export function isFailed(span: Span): boolean {
  return span instanceof ColumnSpan ? span.columns.failed[span.at] === 1 : isFailedByData(span)
}

/** Where a span is in columns. */
export interface PlaceInColumns {
  readonly columns: Columns
  readonly at: number
  /** How much earlier its times are than those in the columns, in ns. */
  readonly by: bigint
}

/** @returns undefined where it came in another way. */
export function placeInColumns(span: Span): PlaceInColumns | undefined {
  return span instanceof ColumnSpan ? span : undefined
}

function dataOf(text: string): PlainData {
  if (text === '') return {}
  // Asked about every value, a parser takes several times as long.
  return JSON.parse(text, text.includes('\\u0000') ? untag : undefined) as PlainData
}

function untag(_key: string, value: PlainValue): PlainValue {
  if (!Array.isArray(value) || value.length !== 2 || typeof value[1] !== 'string') return value
  if (value[0] === BIGINT && /^-?\d+$/.test(value[1])) return BigInt(value[1])
  return value[0] === NUMBER ? Number(value[1]) : value
}
