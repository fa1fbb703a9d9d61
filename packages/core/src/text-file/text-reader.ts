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
  /** The file, absolute or from the folder that is the current one now. */
  readonly path: string
}

/** A reader that can follow what arrives. */
export type TextReader = TraceReader & Required<Pick<TraceReader, 'follow'>>

/**
 * Reads the traces of a text file, while it is written too. The file is read through for every call and never held in
 * memory; nothing stays open between calls.
 *
 * Every read rejects with a `TraceError` of code `TRACE_CANNOT_READ` where the file is missing or cannot be opened. What
 * `trace` reports as passed over are records that mention the trace's id; `traces` reports those of the whole file.
 *
 * @throws {TraceError} `TRACE_BAD_OPTION` for an unknown option, where `path` is missing or not a string, or where it is
 * relative and the current folder was removed
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
    // However the id is written, its digits are there: only records that hold them are looked at.
    const digits = String(traceId)
    const needle = Buffer.from(digits)
    const wanted = (piece: P): boolean => (format.traceIdOf(piece) ?? digits) === digits
    await readSpans(file, format, { needle, wanted, signal, report }, (span) => {
      if (span.traceId === traceId) spans.push(span)
    })
  }
  return { spans: eachOnce(spans), skipped: report.skipped, places: report.places }
}
