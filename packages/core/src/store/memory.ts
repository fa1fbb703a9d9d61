import type { ReadOptions, SpanBatch, SpanQuery, TraceList, TraceReader, TraceSpans } from '../contract/reader.js'
import type { Recorder } from '../contract/recorder.js'
import type { Span } from '../contract/span.js'
import { checkOptions, optionRules } from '../values/options.js'
import { eachOnce } from '../values/spans.js'
import { checkSpanQuery, checkTraceId } from './check-query.js'
import { listTraces, matchesSpanQuery } from './query.js'

/** Options of {@link memoryRecorder}. */
export interface MemoryRecorderOptions {
  /** How many spans are kept, the newest ones. Default 100,000. */
  readonly limit?: number
}

/** Keeps spans in memory and reads them: for tests, and to look at a program from inside. */
export interface MemoryRecorder extends Recorder, TraceReader {
  /** All spans that are kept, in the order in which they were recorded. */
  readonly spans: readonly Span[]
  scan(query?: SpanQuery, options?: ReadOptions): AsyncIterable<SpanBatch>
  /** Deletes all spans. */
  clear(): void
  close(): Promise<void>
}

/**
 * Creates a recorder that keeps spans in memory, and reads them too.
 *
 * @throws {TraceError} `TRACE_BAD_OPTION` for an unknown option or one of the wrong type
 */
export function memoryRecorder(options: MemoryRecorderOptions = {}): MemoryRecorder {
  checkOptions('memoryRecorder', options, { limit: optionRules.count })
  const limit = options.limit ?? 100_000
  const spans: Span[] = []
  const followers = new Set<(spans: readonly Span[]) => void>()

  function keep(batch: readonly Span[]): void {
    for (const span of batch) spans.push(span)
    if (spans.length > limit) spans.splice(0, spans.length - limit)
    for (const tell of followers) tell(batch)
  }

  return {
    name: 'memory',
    spans,
    clear: () => void spans.splice(0),
    record: keep,
    recordSync: keep,
    trace: async (traceId, { signal } = {}): Promise<TraceSpans> => {
      signal?.throwIfAborted()
      checkTraceId(traceId)
      return {
        spans: eachOnce(spans.filter((span) => span.traceId === traceId)),
        ...NOTHING_SKIPPED,
      }
    },
    traces: async (query = {}, { signal } = {}): Promise<TraceList> => {
      signal?.throwIfAborted()
      return { traces: listTraces(spans, query), ...NOTHING_SKIPPED }
    },
    scan: (query, options) => batches(spans, query, options),
    follow: ({ signal }) => arrivals(followers, signal),
    close: async () => {},
  }
}

const NOTHING_SKIPPED = { skipped: 0, places: [] } as const

/** How many spans are yielded at a time. */
const BATCH = 1_000

async function* batches(
  kept: readonly Span[],
  query: SpanQuery = {},
  { signal }: ReadOptions = {},
): AsyncGenerator<SpanBatch> {
  signal?.throwIfAborted()
  checkSpanQuery(query)
  // Those that are recorded meanwhile may push out the oldest.
  const found = kept.filter((span) => matchesSpanQuery(span, query))
  for (let at = 0; at < found.length; at += BATCH) {
    signal?.throwIfAborted()
    yield { spans: found.slice(at, at + BATCH), ...NOTHING_SKIPPED }
  }
}

async function* arrivals(
  followers: Set<(spans: readonly Span[]) => void>,
  signal: ReadOptions['signal'],
): AsyncGenerator<readonly Span[]> {
  let waiting: Span[] = []
  let wake = (): void => {}
  const tell = (batch: readonly Span[]): void => {
    for (const span of batch) waiting.push(span)
    wake()
  }
  const abort = (): void => wake()
  // A signal of its own: Node 20 warns of the eleventh listener of a signal, and many may follow until the same one aborts.
  const end = signal === undefined ? undefined : AbortSignal.any([signal])
  followers.add(tell)
  end?.addEventListener('abort', abort)
  try {
    while (signal?.aborted !== true) {
      if (waiting.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
        continue
      }
      const batch = waiting
      waiting = []
      yield batch
    }
  } finally {
    followers.delete(tell)
    end?.removeEventListener('abort', abort)
  }
}
