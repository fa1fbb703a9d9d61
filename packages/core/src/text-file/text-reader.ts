import type { FileHandle } from 'node:fs/promises'
import type { TraceReader, TraceSpans } from '../contract/reader.js'
import type { Span } from '../contract/span.js'
import { checkTraceId, eachOnce } from '../store/query.js'
import { isId } from '../values/ids.js'
import { checkOptions, optionRules } from '../values/options.js'
import { followFile } from './follow.js'
import { listFile } from './list.js'
import { absolutePath, openForReading } from './open-file.js'
import { type Piece, type ReadFormat, readSpans } from './read-format.js'
import { Report } from './report.js'

/** Options of a reader of a text file. */
export interface TextReaderOptions {
  /** The file: an absolute path, or one from the current folder as it is now. */
  readonly path: string
}

/** A reader that can follow a file. */
export type TextReader = TraceReader & Required<Pick<TraceReader, 'follow'>>

/**
 * Creates a reader of the traces in a text file, which may be written at the same time. Each call reads through the file, without
 * holding it in memory. Nothing stays open between calls.
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

  async function withFile<T>(use: (file: FileHandle) => Promise<T>): Promise<T> {
    const file = await openForReading(path, name)
    try {
      return await use(file)
    } finally {
      await file.close()
    }
  }

  return {
    name,
    trace: async (traceId, { signal } = {}) => {
      signal?.throwIfAborted()
      checkTraceId(traceId)
      return withFile((file) => readTrace(file, format, traceId, signal))
    },
    traces: async (query = {}, { signal } = {}) => {
      signal?.throwIfAborted()
      return withFile((file) => listFile(file, format, query, signal))
    },
    follow: ({ signal }) => followFile(path, name, format, signal),
  }
}

async function readTrace<P extends Piece>(
  file: FileHandle,
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
    await readSpans(file, format, { needle, wanted, signal, report }, (span) => {
      if (span.traceId === traceId) spans.push(span)
    })
  }
  return { spans: eachOnce(spans), skipped: report.skipped, places: report.places }
}
