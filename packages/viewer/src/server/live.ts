import type { IncomingMessage, ServerResponse } from 'node:http'
import { parseSearch } from '@trace/analysis'
import { DATA_KEYS, isFailed, type PlainValue, type Span, type TraceReader } from '@trace/core'
import { listTraces } from '@trace/core/store'
import { SAFE_HEADERS } from './guard.js'

/** The page is told at most so often, in ms: a busy service has spans arrive all the time. */
const EVERY = 500
/** As many spans are kept, without their data, to tell of each trace what has arrived of it: some 6 MB. */
const MOST_SPANS = 20_000
/** As many traces are told of at once. */
const MOST_TRACES = 1_000

/**
 * Sends the summaries of traces as their spans arrive, as server-sent events, until the page goes.
 *
 * @param search only traces of which a span that has arrived matches. Where it has a mistake, which the list tells, nothing is sent
 */
export async function sendLive(
  req: IncomingMessage,
  res: ServerResponse,
  reader: TraceReader,
  search: string,
): Promise<void> {
  res.writeHead(200, { ...SAFE_HEADERS, 'Content-Type': 'text/event-stream; charset=utf-8' })
  if (reader.follow === undefined) {
    res.end(event('cannot', { message: `${reader.name} cannot tell of new spans` }))
    return
  }
  res.write(event('ready', {}))
  const stop = new AbortController()
  const arrived = new Arrived(matcherOf(search))
  const timer = setInterval(() => {
    // A page that does not read, such as one in the background, is told later.
    if (res.writableNeedDrain) return
    const traces = arrived.takeChanged()
    if (traces.length > 0) res.write(event('traces', { traces }))
  }, EVERY)
  req.socket.once('close', () => stop.abort())
  res.once('close', () => stop.abort())
  try {
    for await (const spans of reader.follow({ signal: stop.signal })) arrived.add(spans)
  } catch (error) {
    if (!stop.signal.aborted)
      res.write(event('failed', { message: error instanceof Error ? error.message : String(error) }))
  } finally {
    clearInterval(timer)
    res.end()
  }
}

function matcherOf(search: string): (span: Span) => boolean {
  try {
    return parseSearch(search).matches
  } catch {
    return () => false
  }
}

function event(name: string, data: object): string {
  const text = JSON.stringify(data, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
  return `event: ${name}\ndata: ${text}\n\n`
}

interface ArrivedTrace {
  readonly spans: Span[]
  matches: boolean
}

/** The spans that have arrived of late, the oldest traces of which go first when there are too many. */
class Arrived {
  readonly #matches: (span: Span) => boolean
  readonly #byTrace = new Map<bigint, ArrivedTrace>()
  readonly #changed = new Set<bigint>()
  #count = 0

  constructor(matches: (span: Span) => boolean) {
    this.#matches = matches
  }

  add(spans: readonly Span[]): void {
    for (const span of spans) {
      const { traceId } = span
      const trace = this.#byTrace.get(traceId) ?? { spans: [], matches: false }
      // Moved to the end, so that the first is the one that has been quiet for longest.
      this.#byTrace.delete(traceId)
      this.#byTrace.set(traceId, trace)
      if (!trace.matches) trace.matches = this.#matches(span)
      trace.spans.push(withoutData(span))
      this.#changed.add(traceId)
      this.#count++
    }
    for (const [traceId, { spans: dropped }] of this.#byTrace) {
      if (this.#count <= MOST_SPANS) return
      this.#byTrace.delete(traceId)
      this.#changed.delete(traceId)
      this.#count -= dropped.length
    }
  }

  takeChanged(): ReturnType<typeof listTraces> {
    const spans: Span[] = []
    for (const traceId of this.#changed) {
      const trace = this.#byTrace.get(traceId)
      if (trace?.matches === true) for (const span of trace.spans) spans.push(span)
    }
    this.#changed.clear()
    return listTraces(spans, { limit: MOST_TRACES })
  }
}

/** What a summary needs of a span. */
function withoutData(span: Span): Span {
  const data: Record<string, PlainValue> = {}
  if (isFailed(span)) data[DATA_KEYS.errorType] = ''
  if (span.data[DATA_KEYS.remoteParent] === true) data[DATA_KEYS.remoteParent] = true
  return { ...span, data }
}
