import { Histogram } from '@trace/analysis'
import { parseId, type TraceReader } from '@trace/core'
import { isFailed, type Span, serviceOf } from '@trace/core/spans'
import { type Answer, json } from './answer.js'

/** The store is read for so long at most, in ms: what was read until then is shown. */
const LONGEST = 2_000
/** As many spans of one name are kept at most; a reader that goes back in time gives the newest first. */
const MOST_SPANS = 100_000
/** How often the clock is looked at, in spans. */
const LOOK_EVERY = 1_024
/** Into how many stretches of time they are parted, and into how many ranges of durations. */
const COLUMNS = 24
const RANGES = 10

/** Which spans are counted, and to what they are compared. */
export interface Wanted {
  readonly service: string
  readonly kind: string
  readonly name: string
  /** The trace that is not counted: one looks at it already. */
  readonly besides: bigint
  /** The duration, in ns, of which it is told how many were shorter. */
  readonly than: number
}

/** What is kept of a span. */
interface Sample {
  readonly traceId: bigint
  readonly spanId: bigint
  /** In ms since the Unix epoch. */
  readonly start: number
  /** In ns. */
  readonly duration: number
  readonly failed: boolean
}

/** How long the spans of one service, kind and name took over time: `service`, `kind`, `name`, `besides` (a trace id), `than` (in ns). */
export async function nameAnswer(reader: TraceReader, asked: URLSearchParams, signal: AbortSignal): Promise<Answer> {
  const than = Number(asked.get('than'))
  const wanted = {
    service: asked.get('service') ?? '',
    kind: asked.get('kind') ?? '',
    name: asked.get('name') ?? '',
    besides: parseId(asked.get('besides') ?? '') ?? 0n,
    than: Number.isFinite(than) ? than : 0,
  }
  return json(200, await sameName(reader, wanted, { signal }))
}

/** Ends a read from within. */
class Enough extends Error {}

export interface Bounds {
  /** How many spans of this name are looked at. */
  readonly most?: number
  /** How long the store is read, in ms. */
  readonly longest?: number
  /** Ends the read where nobody waits for it any more. */
  readonly signal?: AbortSignal
}

export async function sameName(reader: TraceReader, wanted: Wanted, bounds: Bounds = {}): Promise<object> {
  const { most = MOST_SPANS, longest = LONGEST } = bounds
  const found = new Found()
  const ends = performance.now() + longest
  const late = `the store was read for ${longest / 1_000} s only`
  let seen = 0
  const where = (span: Span): boolean => {
    if (seen++ % LOOK_EVERY === LOOK_EVERY - 1 && performance.now() > ends) throw new Enough(late)
    if (!isWanted(span, wanted)) return false
    if (found.size >= most) throw new Enough(`only ${most} of its spans were looked at`)
    found.add(span)
    return false
  }
  const timeout = AbortSignal.timeout(longest)
  const signal = bounds.signal === undefined ? timeout : AbortSignal.any([timeout, bounds.signal])
  let incomplete: string | undefined
  try {
    // No span meets this: so a reader looks at all of them.
    incomplete = (await reader.traces({ limit: 1, where }, { signal })).incomplete
  } catch (error) {
    if (error instanceof Enough) incomplete = error.message
    else if (timeout.aborted) incomplete = late
    else throw error
  }
  return { ...found.statistics(wanted.than), incomplete }
}

function isWanted({ name, kind, process, traceId }: Span, wanted: Wanted): boolean {
  return (
    name === wanted.name && kind === wanted.kind && traceId !== wanted.besides && serviceOf(process) === wanted.service
  )
}

/** The spans of one name, each once. */
class Found {
  /** By trace and span: one may be stored as open first. */
  readonly #finished = new Map<string, Sample>()
  readonly #open = new Set<string>()
  readonly #traces = new Set<bigint>()

  get size(): number {
    return this.#finished.size + this.#open.size
  }

  add(span: Span): void {
    const { traceId, spanId, start, finish } = span
    const id = `${traceId}:${spanId}`
    this.#traces.add(traceId)
    if (finish === undefined) {
      if (!this.#finished.has(id)) this.#open.add(id)
      return
    }
    this.#open.delete(id)
    this.#finished.set(id, {
      traceId,
      spanId,
      start: Number(start / 1_000_000n),
      duration: Number(finish - start),
      failed: isFailed(span),
    })
  }

  statistics(than: number): object {
    const samples = [...this.#finished.values()]
    const all = new Histogram()
    for (const { duration } of samples) all.add(duration)
    const [shortest, longest] = [Number.isFinite(all.min) ? all.min : 0, all.max]
    return {
      spans: this.size,
      traces: this.#traces.size,
      failed: samples.filter(({ failed }) => failed).length,
      open: this.#open.size,
      shortest,
      longest,
      p50: all.quantile(0.5),
      p99: all.quantile(0.99),
      shorter: samples.filter(({ duration }) => duration < than).length,
      columns: columnsOf(samples).map(({ durations, slowest, ...column }) => ({
        ...column,
        slowest: slowest === undefined ? undefined : { trace: slowest.traceId, span: slowest.spanId },
        count: durations.count,
        median: durations.quantile(0.5),
        shape: durations.shape(shortest, longest, RANGES),
      })),
    }
  }
}

interface Column {
  readonly from: number
  readonly to: number
  failed: number
  slowest: Sample | undefined
  readonly durations: Histogram
}

/** Equal stretches from the earliest start to the latest. */
function columnsOf(samples: readonly Sample[]): Column[] {
  if (samples.length === 0) return []
  let [first, last] = [Infinity, -Infinity]
  for (const { start } of samples) {
    first = Math.min(first, start)
    last = Math.max(last, start)
  }
  const step = Math.max(1, Math.ceil((last - first + 1) / COLUMNS))
  const columns = Array.from({ length: COLUMNS }, (_, at): Column => {
    const from = first + at * step
    return { from, to: from + step, failed: 0, slowest: undefined, durations: new Histogram() }
  })
  for (const sample of samples) {
    const column = columns[Math.floor((sample.start - first) / step)]
    if (column === undefined) continue
    column.durations.add(sample.duration)
    if (sample.failed) column.failed++
    if (column.slowest === undefined || sample.duration > column.slowest.duration) column.slowest = sample
  }
  return columns
}
