import type { ReadOptions, SpanBatch, SpanQuery, TraceReader } from '@trace/core'
import type { Span } from '@trace/core/spans'
import { matchesSpanQuery } from '@trace/core/store'

/** The spans of a store, in batches. Of a store that cannot give them so, all in one. */
export function batchesOf(reader: TraceReader, query: SpanQuery, options: ReadOptions): AsyncIterable<SpanBatch> {
  return reader.scan?.(query, options) ?? oneBatch(reader, query, options)
}

/** Asks for traces with a span that no span is: to find none, a reader has to look at all. */
async function* oneBatch(reader: TraceReader, query: SpanQuery, options: ReadOptions): AsyncGenerator<SpanBatch> {
  const spans: Span[] = []
  const where = (span: Span): boolean => {
    if (matchesSpanQuery(span, query)) spans.push(span)
    return false
  }
  const { kind, from } = query
  const asked = { ...(kind === 'ledger' ? { kind } : {}), ...(from === undefined ? {} : { from }) }
  const { traces: _, ...report } = await reader.traces({ ...asked, limit: 1, where }, options)
  yield { spans, ...report }
}

/** The spans of several stores, read side by side, by the time of their spans. */
export async function* batchesOfAll(
  readers: readonly TraceReader[],
  query: SpanQuery,
  options: ReadOptions,
): AsyncGenerator<SpanBatch> {
  const streams = readers.map((reader) => ({
    name: reader.name,
    batches: batchesOf(reader, query, options)[Symbol.asyncIterator](),
    time: undefined as bigint | undefined,
  }))
  try {
    while (streams.length > 0) {
      streams.sort((a, b) => (a.time === undefined ? -1 : b.time === undefined ? 1 : a.time < b.time ? -1 : 1))
      const [first] = streams
      const next = await first?.batches.next()
      if (first === undefined || next === undefined || next.done === true) {
        streams.shift()
        continue
      }
      const { spans, places } = next.value
      const last = spans.at(-1)
      first.time = last?.finish ?? last?.start ?? first.time
      yield { ...next.value, places: places.map((place) => ({ ...place, at: `${first.name}, ${place.at}` })) }
    }
  } finally {
    for (const { batches } of streams) await batches.return?.()
  }
}
