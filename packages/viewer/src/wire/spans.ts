import type { PlainData, PlainValue, Span } from '@trace/core/spans'
import { fromBase64, toBase64 } from './columns.js'

/** The spans of one trace, as the page gets them: a column for each field, so that a large trace loads fast. */
export interface SpanColumns {
  readonly count: number
  /** What processes, kinds and names are, each once. */
  readonly words: readonly string[]
  /** Of 64-bit integers, in base64. */
  readonly traceIds: string
  readonly spanIds: string
  readonly parentIds: string
  /** Of 64-bit integers: nanoseconds since the Unix epoch. */
  readonly starts: string
  /** The same; {@link OPEN} for a span that is open. */
  readonly finishes: string
  /** Of 32-bit integers, in base64: places in {@link words}. */
  readonly processes: string
  readonly kinds: string
  readonly names: string
  /** The data of each span as JSON, parsed where somebody looks; see {@link dataToText}. Empty where it has none. */
  readonly data: readonly string[]
}

const OPEN = -(2n ** 63n)
const LEAST_TIME = OPEN + 1n
const MOST_TIME = 2n ** 63n - 1n

export function toColumns(spans: readonly Span[]): SpanColumns {
  const count = spans.length
  const words = new Map<string, number>()
  const place = (word: string): number => {
    let found = words.get(word)
    if (found === undefined) {
      found = words.size
      words.set(word, found)
    }
    return found
  }
  const ids = (of: (span: Span) => bigint): string => toBase64(BigUint64Array.from(spans, of))
  const times = (of: (span: Span) => bigint): string => toBase64(BigInt64Array.from(spans, of))
  const places = (of: (span: Span) => string): string => toBase64(Uint32Array.from(spans, (span) => place(of(span))))
  return {
    count,
    traceIds: ids(({ traceId }) => traceId),
    spanIds: ids(({ spanId }) => spanId),
    parentIds: ids(({ parentId }) => parentId),
    starts: times(({ start }) => within(start)),
    finishes: times(({ finish }) => (finish === undefined ? OPEN : within(finish))),
    processes: places(({ process }) => process),
    kinds: places(({ kind }) => kind),
    names: places(({ name }) => name),
    data: spans.map(({ data }) => dataToText(data)),
    words: [...words.keys()],
  }
}

/** What a file holds may be any number. */
function within(time: bigint): bigint {
  return time < LEAST_TIME ? LEAST_TIME : time > MOST_TIME ? MOST_TIME : time
}

/** Spans whose fields are looked up in the columns, and whose data is parsed when it is first asked for. */
export function fromColumns(columns: SpanColumns): Span[] {
  const parts: Parts = {
    words: columns.words,
    data: columns.data,
    traceIds: new BigUint64Array(fromBase64(columns.traceIds)),
    spanIds: new BigUint64Array(fromBase64(columns.spanIds)),
    parentIds: new BigUint64Array(fromBase64(columns.parentIds)),
    starts: new BigInt64Array(fromBase64(columns.starts)),
    finishes: new BigInt64Array(fromBase64(columns.finishes)),
    processes: new Uint32Array(fromBase64(columns.processes)),
    kinds: new Uint32Array(fromBase64(columns.kinds)),
    names: new Uint32Array(fromBase64(columns.names)),
  }
  return Array.from({ length: columns.count }, (_, at) => new ColumnSpan(parts, at))
}

interface Parts {
  readonly words: readonly string[]
  readonly data: readonly string[]
  readonly traceIds: BigUint64Array
  readonly spanIds: BigUint64Array
  readonly parentIds: BigUint64Array
  readonly starts: BigInt64Array
  readonly finishes: BigInt64Array
  readonly processes: Uint32Array
  readonly kinds: Uint32Array
  readonly names: Uint32Array
}

class ColumnSpan implements Span {
  readonly #parts: Parts
  readonly #at: number
  #data: PlainData | undefined

  constructor(parts: Parts, at: number) {
    this.#parts = parts
    this.#at = at
  }

  get traceId(): bigint {
    return this.#parts.traceIds[this.#at] ?? 0n
  }

  get spanId(): bigint {
    return this.#parts.spanIds[this.#at] ?? 0n
  }

  get parentId(): bigint {
    return this.#parts.parentIds[this.#at] ?? 0n
  }

  get start(): bigint {
    return this.#parts.starts[this.#at] ?? 0n
  }

  get finish(): bigint | undefined {
    const finish = this.#parts.finishes[this.#at]
    return finish === OPEN ? undefined : finish
  }

  get process(): string {
    return this.#word(this.#parts.processes)
  }

  get kind(): string {
    return this.#word(this.#parts.kinds)
  }

  get name(): string {
    return this.#word(this.#parts.names)
  }

  get data(): PlainData {
    this.#data ??= textToData(this.#parts.data[this.#at] ?? '')
    return this.#data
  }

  #word(places: Uint32Array): string {
    return this.#parts.words[places[this.#at] ?? 0] ?? ''
  }
}

/** What JSON lacks, as a list that begins with a word that no program writes. */
const BIGINT = '\u0000bigint'
const NUMBER = '\u0000number'

/** Data as JSON that keeps integers of any length, and the numbers that JSON lacks. */
export function dataToText(data: PlainData): string {
  for (const _ in data) return JSON.stringify(data, tag)
  return ''
}

function tag(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return [BIGINT, String(value)]
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))) {
    return [NUMBER, Object.is(value, -0) ? '-0' : String(value)]
  }
  return value
}

export function textToData(text: string): PlainData {
  return text === '' ? {} : (JSON.parse(text, untag) as PlainData)
}

function untag(_key: string, value: PlainValue): PlainValue {
  if (!Array.isArray(value) || value.length !== 2 || typeof value[1] !== 'string') return value
  if (value[0] === BIGINT && /^-?\d+$/.test(value[1])) return BigInt(value[1])
  return value[0] === NUMBER ? Number(value[1]) : value
}
