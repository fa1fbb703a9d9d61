import type { ReadOptions, ReadReport, TraceList, TraceQuery, TraceReader } from '@trace/core'
import type { Span } from '@trace/core/spans'
import { checkQuery, eachOnce, listTraces } from '@trace/core/store'
import { batchesOf, batchesOfAll } from './batches.js'

/** How many places of skipped records are listed; see `ReadReport`. */
const MOST_PLACES = 10

/** Several stores as one: a trace has its spans of all of them. */
export function unionOf(readers: readonly TraceReader[]): TraceReader {
  const [only] = readers
  if (only !== undefined && readers.length === 1) return only
  const followers = readers.flatMap((reader) => (reader.follow === undefined ? [] : [reader]))
  return {
    name: readers.map(({ name }) => name).join(', '),
    trace: async (traceId, options) => {
      const parts = await Promise.all(readers.map((reader) => reader.trace(traceId, options)))
      return { spans: eachOnce(parts.flatMap(({ spans }) => spans)), ...reportOf(readers, parts) }
    },
    traces: (query = {}, options = {}) => list(readers, query, options),
    scan: (query = {}, options = {}) => batchesOfAll(readers, query, options),
    ...(followers.length < readers.length ? {} : { follow: (options: ReadOptions) => followAll(followers, options) }),
    close: async () => {
      for (const reader of readers) await reader.close?.()
    },
  }
}

function reportOf(readers: readonly TraceReader[], parts: readonly ReadReport[]): ReadReport {
  const incomplete = parts.flatMap(({ incomplete: why }) => (why === undefined ? [] : [why]))
  return {
    skipped: parts.reduce((sum, { skipped }) => sum + skipped, 0),
    places: parts
      .flatMap(({ places }, at) => places.map((place) => ({ ...place, at: `${readers[at]?.name ?? ''}, ${place.at}` })))
      .slice(0, MOST_PLACES),
    ...(incomplete.length === 0 ? {} : { incomplete: [...new Set(incomplete)].join('; ') }),
  }
}

/**
 * Each store lists what it has a part of that may match; then all parts of these are read, and looked at together. Where too few match,
 * the same again with more.
 */
async function list(readers: readonly TraceReader[], asked: TraceQuery, options: ReadOptions): Promise<TraceList> {
  const query = checkQuery(asked)
  for (let most = query.limit; ; most *= 4) {
    const parts = await Promise.all(readers.map((reader) => reader.traces(partQuery(query, most), options)))
    const ids = new Set(parts.flatMap(({ traces }) => traces.map(({ traceId }) => traceId)))
    const traces = listTraces(await spansOf(readers, ids, query, options), query)
    // What comes after the last of a list that was cut may be newer than what another store has.
    const cut = parts.flatMap(({ traces: listed }) => (listed.length < most ? [] : (listed.at(-1)?.start ?? [])))
    const newest = cut.reduce<bigint | undefined>((a, b) => (a === undefined || b > a ? b : a), undefined)
    const sure = newest === undefined ? traces : traces.filter(({ start }) => start >= newest)
    if (newest === undefined || sure.length >= query.limit) {
      return { traces: sure.slice(0, query.limit), ...reportOf(readers, parts) }
    }
  }
}

/**
 * What any part of a matching trace meets. One span meets `where`, and so do service and data; when the trace starts, how long it takes
 * and what its first span is, one part does not tell.
 */
function partQuery({ where, service, data, error, from, kind }: TraceQuery, limit: number): TraceQuery {
  // Conditions on several spans may be met in several stores: only one of them is asked for.
  const one = where !== undefined ? { where } : data !== undefined ? { data } : service !== undefined ? { service } : {}
  const failed = Object.keys(one).length === 0 && error === true ? { error } : {}
  const ledger = kind === 'ledger' ? { kind } : {}
  return { ...one, ...failed, ...ledger, ...(from === undefined ? {} : { from }), limit }
}

async function spansOf(
  readers: readonly TraceReader[],
  ids: ReadonlySet<bigint>,
  { kind }: TraceQuery,
  options: ReadOptions,
): Promise<Span[]> {
  const spans: Span[] = []
  if (ids.size === 0) return spans
  const query = kind === 'ledger' ? { kind } : {}
  for (const reader of readers) {
    for await (const batch of batchesOf(reader, query, options)) {
      for (const span of batch.spans) if (ids.has(span.traceId)) spans.push(span)
    }
  }
  return spans
}

async function* followAll(readers: readonly TraceReader[], options: ReadOptions): AsyncGenerator<readonly Span[]> {
  const ends = new AbortController()
  const signal = options.signal === undefined ? ends.signal : AbortSignal.any([options.signal, ends.signal])
  const streams = readers.flatMap((reader) => reader.follow?.({ ...options, signal })[Symbol.asyncIterator]() ?? [])
  const next = (stream: AsyncIterator<readonly Span[]>): Promise<Arrival> =>
    stream.next().then((result) => ({ stream, result }))
  const waiting = new Map(streams.map((stream) => [stream, next(stream)]))
  try {
    while (waiting.size > 0) {
      const { stream, result } = await Promise.race(waiting.values())
      if (result.done === true) {
        waiting.delete(stream)
        continue
      }
      waiting.set(stream, next(stream))
      yield result.value
    }
  } finally {
    ends.abort()
    await Promise.allSettled(waiting.values())
  }
}

interface Arrival {
  readonly stream: AsyncIterator<readonly Span[]>
  readonly result: IteratorResult<readonly Span[]>
}
