import { buildTree, columnsOf, cutToColumns, formatDuration, type PrintOptions, type Search } from '@trace/analysis'
import type { TraceReader } from '@trace/core'
import { DATA_KEYS, isFailed, onOneLine, type Span, serviceOf } from '@trace/core/spans'
import { spanToJsonLine } from '@trace/jsonrec'
import { arrivals } from '../sources/arrivals.js'
import { openSources } from '../sources/open.js'
import { Places } from '../sources/places.js'
import { wordsOf } from '../sources/words.js'
import { type Context, EXIT, Failure, messageOf, note, print, printObjects } from '../terminal/context.js'
import { clockText, spanLine } from '../terminal/json.js'
import { styleOf, tableWidth, treeLayout, wrapped } from '../terminal/style.js'
import { fitted } from './fitted.js'

/** Options of `trace tail`. */
export interface TailFlags {
  readonly from?: readonly string[]
  readonly traces?: boolean
  readonly limit?: number
  readonly place?: boolean
  readonly json?: boolean
  readonly budget?: number
}

/** How long no span of a trace has come when it is taken as whole, in ms: after its first span has ended, and before. */
const QUIET = 1_000
const QUIET_OPEN = 30_000
/** How much room the words of a span's line have at least, in columns. */
const LEAST_ROOM = 20
/** How many traces wait for their ends. */
const MOST_WAITING = 1_000

/** `trace tail`. */
export async function followSpans(context: Context, flags: TailFlags, words: readonly string[]): Promise<void> {
  if (flags.budget !== undefined && flags.traces !== true) {
    throw new Failure('expected --traces with --budget: it folds traces, and a span has one line')
  }
  const { sources, search } = wordsOf(context.cwd, words, flags.from)
  const reader = await openSources(context, sources)
  const places = flags.place === true ? new Places(context.cwd) : undefined
  await noteAbsent(context, reader)
  const stop = new AbortController()
  const signal = AbortSignal.any([context.signal, stop.signal])
  let left = flags.limit ?? Infinity
  const printed = (): void => {
    if (--left === 0) stop.abort()
  }
  const waiting = new WaitingTraces(context, search, (spans) => {
    if (left <= 0) return
    printWhole(context, flags, spans, places)
    printed()
  })
  const timer = flags.traces === true ? setInterval(() => waiting.look(), QUIET / 4) : undefined
  try {
    for await (const batch of arrivals(
      reader,
      places === undefined ? { signal } : { signal, onPlace: places.onPlace },
    )) {
      for (const span of batch) {
        if (left <= 0) break
        if (flags.traces === true) waiting.add(span)
        else if (search.matches(span) && span.kind !== 'ledger') {
          print(context, linesOfSpan(context, flags, span, places?.of(span)))
          printed()
        }
      }
    }
  } finally {
    clearInterval(timer)
  }
  if (left > 0) waiting.end()
  context.process.exitCode = EXIT.found
}

/** A file may be followed before it is there. */
async function noteAbsent(context: Context, reader: TraceReader): Promise<void> {
  if (reader.follow === undefined) return
  try {
    await reader.traces({ limit: 1 }, { signal: context.signal })
  } catch (error) {
    if (context.signal.aborted) return
    note(context, `${onOneLine(messageOf(error))}. It is waited for until Ctrl-C`)
  }
}

function printWhole(
  context: Context,
  { json, budget }: TailFlags,
  spans: readonly Span[],
  places: Places | undefined,
): void {
  if (json === true) {
    const lines = spans.map((span) => spanLine(spanToJsonLine(span), places?.of(span)))
    printObjects(context, lines, budget)
    return
  }
  const options: PrintOptions = {
    ...treeLayout(context),
    data: 'line',
    ...styleOf(context),
    ...(places && { note: (span: Span) => places.of(span) }),
  }
  print(context, [...fitted(buildTree(spans), options, budget && budget - 1), ''])
}

function linesOfSpan(context: Context, { json }: TailFlags, span: Span, place: string | undefined): string[] {
  if (json === true) return [spanLine(spanToJsonLine(span), place)]
  const { process, kind, name, start, finish, data } = span
  const { style = (text: string): string => text } = styleOf(context)
  const time = clockText(finish ?? start)
  const duration = (finish === undefined ? 'open' : formatDuration(finish - start)).padStart(8)
  const words = [serviceOf(process), kind, name].filter((word) => word !== '').map((word) => onOneLine(word))
  const error = isFailed(span)
    ? `  ✗ ${onOneLine(`${data[DATA_KEYS.errorType]}: ${data[DATA_KEYS.errorMessage]}`)}`
    : ''
  const id = `  trace ${span.traceId}`
  const width = tableWidth(context)
  // A place that does not fit beside the rest goes below it: cut, it would be none.
  const fits = place !== undefined && width - duration.length - id.length - columnsOf(place) - 4 >= LEAST_ROOM
  const trace = fits ? `${id}  ${place}` : id
  const below = place === undefined || fits ? [] : wrapped(context, `  ${place}`)
  const whole = `${time.padEnd(12)}  ${duration}  `
  // What tells spans apart matters more than when that was, which is now.
  const before = width - whole.length - trace.length < LEAST_ROOM ? `${duration}  ` : whole
  const room = Math.max(0, width - before.length - trace.length)
  const text = words.join('  ')
  const [name_, error_] = [cutToColumns(text, room), cutToColumns(error, Math.max(0, room - columnsOf(text)))]
  const line = `${style(before, 'note')}${style(name_, 'name')}${style(error_, 'failure')}${style(trace, 'key')}`
  return [line, ...below.map((text) => style(text, 'key'))]
}

interface Waiting {
  readonly spans: Map<bigint, Span>
  matches: boolean
  isEnded: boolean
  /** When its last span came, in ms since the Unix epoch. */
  last: number
}

/** Traces whose spans come one by one, until they are whole. */
class WaitingTraces {
  readonly #context: Context
  readonly #search: Search
  readonly #whole: (spans: readonly Span[]) => void
  readonly #traces = new Map<bigint, Waiting>()

  constructor(context: Context, search: Search, whole: (spans: readonly Span[]) => void) {
    this.#context = context
    this.#search = search
    this.#whole = whole
  }

  add(span: Span): void {
    if (span.kind === 'ledger') return
    const trace = this.#traces.get(span.traceId) ?? { spans: new Map(), matches: false, isEnded: false, last: 0 }
    this.#traces.delete(span.traceId)
    this.#traces.set(span.traceId, trace)
    if (span.finish !== undefined || !trace.spans.has(span.spanId)) trace.spans.set(span.spanId, span)
    trace.matches ||= this.#search.matches(span)
    trace.isEnded ||= span.finish !== undefined && (span.parentId === 0n || span.data[DATA_KEYS.remoteParent] === true)
    trace.last = this.#context.now()
    if (this.#traces.size <= MOST_WAITING) return
    for (const oldest of this.#traces.keys()) {
      this.#take(oldest)
      break
    }
  }

  /** Gives those that are whole by now. */
  look(): void {
    const now = this.#context.now()
    for (const [id, { isEnded, last }] of this.#traces) {
      if (now - last >= (isEnded ? QUIET : QUIET_OPEN)) this.#take(id)
    }
  }

  /** Gives all that are left: no more comes. */
  end(): void {
    for (const id of [...this.#traces.keys()]) this.#take(id)
  }

  #take(id: bigint): void {
    const trace = this.#traces.get(id)
    this.#traces.delete(id)
    if (trace?.matches === true) this.#whole([...trace.spans.values()])
  }
}
