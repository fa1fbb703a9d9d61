import type { TraceReader, TraceSpans } from '../contract/reader.js'
import type { Span } from '../contract/span.js'
import { checkTraceId } from '../store/query.js'
import { isId } from '../values/ids.js'
import { checkOptions, optionRules } from '../values/options.js'
import { eachOnce } from '../values/spans.js'
import { followFile } from './follow.js'
import { listFiles } from './list.js'
import { absolutePath } from './open-file.js'
import { closeAll, openStore } from './open-store.js'
import { type Piece, type ReadFormat, readSpans } from './read-format.js'
import { Report } from './report.js'
import type { Source } from './source.js'

/** Options of a reader of a text file. */
export interface TextReaderOptions {
  /** The file: an absolute path, or one from the current folder as it is now. */
  readonly path: string
}

/** A reader that can follow a file. */
export type TextReader = TraceReader & Required<Pick<TraceReader, 'follow'>>

/**
 * Creates a reader of the traces in a text file, which may be written at the same time. Files that were rotated, such as
 * `traces.yaml.1` or `traces.yaml.2.gz`, are read with it as one store. Each call reads through the files, without holding them in
 * memory. Nothing stays open between calls.
 *
 * All methods reject with a `TraceError` of code `TRACE_CANNOT_READ` if the file is missing or cannot be opened. The records that
 * `trace` reports as skipped are those that mention the trace's id; `traces` reports those of the whole file.
 *
 * @throws {TraceError} `TRACE_BAD_OPTION` for an unknown option, if `path` is missing or not a string, or if it is relative and the
 * current folder was removed
 */
export function textReader<P extends Piece>(format: ReadFormat<P>, options: TextReaderOptions): TextReader {
  checkOptions(`${format.name}Reader`, options, { path: { ...optionRules.string, required: true } })
  const path = absolutePath(`${format.name}Reader`, options.path)
  const name = `${format.name}(${options.path})`

  async function withStore<T>(use: (sources: readonly Source[]) => Promise<T>): Promise<T> {
    const sources = await openStore(path, name)
    try {
      return await use(sources)
    } finally {
      await closeAll(sources)
    }
  }

  return {
    name,
    trace: async (traceId, { signal } = {}) => {
      signal?.throwIfAborted()
      checkTraceId(traceId)
      return withStore((sources) => readTrace(sources, format, traceId, signal))
    },
    traces: async (query = {}, { signal } = {}) => {
      signal?.throwIfAborted()
      return withStore((sources) => listFiles(sources, format, query, signal))
    },
    follow: ({ signal }) => followFile(path, name, format, signal),
  }
}

async function readTrace<P extends Piece>(
  sources: readonly Source[],
  format: ReadFormat<P>,
  traceId: bigint,
  signal: AbortSignal | undefined,
): Promise<TraceSpans> {
  const report = new Report()
  const spans: Span[] = []
  if (isId(traceId)) {
    // However the id is written, its digits are in the record. Only records with these digits are read.
    const digits = String(traceId)
    const needle = Buffer.from(digits)
    const wanted = (piece: P): boolean => (format.traceIdOf(piece) ?? digits) === digits
    for (const source of sources) {
      if (sources.length > 1) report.enter(source.name)
      await readSpans(source, format, { needle, wanted, signal, report }, (span) => {
        if (span.traceId === traceId) spans.push(span)
      })
    }
  }
  return { spans: eachOnce(spans), skipped: report.skipped, places: report.places }
}
