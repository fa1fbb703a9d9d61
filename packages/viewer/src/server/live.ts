import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Span, TraceReader } from '@trace/core'
import { listTraces } from '@trace/core/store'
import { SAFE_HEADERS } from './guard.js'

/** The page is told at most so often, in ms: a busy service has spans arrive all the time. */
const EVERY = 500
/** As many spans are kept, to tell of each trace what has arrived of it. */
const MOST_SPANS = 20_000

/** Sends the summaries of traces as their spans arrive, as server-sent events, until the page goes. */
export async function sendLive(req: IncomingMessage, res: ServerResponse, reader: TraceReader): Promise<void> {
  res.writeHead(200, { ...SAFE_HEADERS, 'Content-Type': 'text/event-stream; charset=utf-8' })
  if (reader.follow === undefined) {
    res.end(event('cannot', { message: `${reader.name} cannot tell of new spans` }))
    return
  }
  res.write(event('ready', {}))
  const stop = new AbortController()
  const arrived = new Arrived()
  const timer = setInterval(() => {
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

function event(name: string, data: object): string {
  const text = JSON.stringify(data, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
  return `event: ${name}\ndata: ${text}\n\n`
}

/** The spans that have arrived of late, the oldest traces of which go first when there are too many. */
class Arrived {
  readonly #byTrace = new Map<bigint, Span[]>()
  readonly #changed = new Set<bigint>()
  #count = 0

  add(spans: readonly Span[]): void {
    for (const span of spans) {
      const { traceId } = span
      const trace = this.#byTrace.get(traceId) ?? []
      // Moved to the end, so that the first is the one that has been quiet for longest.
      this.#byTrace.delete(traceId)
      this.#byTrace.set(traceId, trace)
      trace.push(span)
      this.#changed.add(traceId)
      this.#count++
    }
    for (const [traceId, trace] of this.#byTrace) {
      if (this.#count <= MOST_SPANS || this.#byTrace.size === 1) return
      this.#byTrace.delete(traceId)
      this.#count -= trace.length
    }
  }

  takeChanged(): ReturnType<typeof listTraces> {
    const spans = [...this.#changed].flatMap((traceId) => this.#byTrace.get(traceId) ?? [])
    this.#changed.clear()
    return listTraces(spans, { limit: 1_000 })
  }
}
