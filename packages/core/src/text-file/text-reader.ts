import type { TraceReader, TraceSpans } from '../contract/reader.js'
import type { Span } from '../contract/span.js'
import { checkTraceId } from '../store/query.js'
import { isId } from '../values/ids.js'
import { checkOptions, optionRules } from '../values/options.js'
import { eachOnce } from '../values/spans.js'
import { Backward } from './backward.js'
import { followFile } from './follow.js'
import { listFiles } from './list.js'
import { absolutePath } from './open-file.js'
import { closeAll, openStore } from './open-store.js'
import type { Piece, ReadFormat } from './read-format.js'

/** Options of a reader of a text file. */
export interface TextReaderOptions {
  /** The file: an absolute path, or one from the current folder as it is now. */
  readonly path: string
  /**
   * How long after it has finished a span may have been stored, in ms, for reads that go back from the end. They stop where, by this,
   * nothing newer can come, and say so (`incomplete`). `Infinity` reads all. Default 5,000.
   */
  readonly margin?: number
}

const MARGIN = 5_000

/** A reader that can follow a file. */
export type TextReader = TraceReader & Required<Pick<TraceReader, 'follow'>>

/**
 * Creates a reader of the traces in a text file, which may be written at the same time. Files that were rotated, such as
 * `traces.yaml.1` or `traces.yaml.2.gz`, are read with it as one store. Each call reads back from the end, as far as it has to, without
 * holding the files in memory. Nothing stays open between calls.
 *
 * All methods reject with a `TraceError` of code `TRACE_CANNOT_READ` if the file is missing or cannot be opened. The records that
 * `trace` reports as skipped are those that mention the trace's id; `traces` reports all that it has come across.
 *
 * @throws {TraceError} `TRACE_BAD_OPTION` for an unknown option, if `path` is missing or not a string, or if it is relative and the
 * current folder was removed
 */
export function textReader<P extends Piece>(format: ReadFormat<P>, options: TextReaderOptions): TextReader {
  checkOptions(`${format.name}Reader`, options, {
    path: { ...optionRules.string, required: true },
    margin: { expected: 'milliseconds, 0 or more', test: (v) => typeof v === 'number' && v >= 0 },
  })
  const path = absolutePath(`${format.name}Reader`, options.path)
  const name = `${format.name}(${options.path})`

  async function withStore<T>(signal: AbortSignal | undefined, use: (reading: Backward<P>) => Promise<T>): Promise<T> {
    const sources = await openStore(path, name)
    try {
      return await use(new Backward([sources], format, { margin: options.margin ?? MARGIN, signal }))
    } finally {
      await closeAll(sources)
    }
  }

  return {
    name,
    trace: async (traceId, { signal } = {}) => {
      signal?.throwIfAborted()
      checkTraceId(traceId)
      return withStore(signal, (reading) => readTrace(reading, format, traceId))
    },
    traces: async (query = {}, { signal } = {}) => {
      signal?.throwIfAborted()
      return withStore(signal, (reading) => listFiles(reading, format, query, signal))
    },
    follow: ({ signal }) => followFile(path, name, format, signal),
  }
}

async function readTrace<P extends Piece>(
  reading: Backward<P>,
  format: ReadFormat<P>,
  traceId: bigint,
): Promise<TraceSpans> {
  const found: { readonly span: Span; readonly place: number }[] = []
  let start: bigint | undefined
  if (isId(traceId)) {
    // However the id is written, its digits are in the record. Only records with these digits are read.
    const digits = String(traceId)
    const needle = Buffer.from(digits)
    const wanted = (piece: P): boolean => (format.traceIdOf(piece) ?? digits) === digits
    const each = (span: Span, _: P, place: number): void => {
      if (span.traceId !== traceId) return
      found.push({ span, place })
      if (start === undefined || span.start < start) start = span.start
    }
    while (!reading.isDone && !isBefore(reading.readFrom, start)) await reading.next({ needle, wanted, each })
  }
  found.sort((a, b) => a.place - b.place)
  return { spans: eachOnce(found.map(({ span }) => span)), ...reading.report() }
}

/** Whether all is read from before a trace's start on. */
function isBefore(from: bigint | undefined, start: bigint | undefined): boolean {
  return from !== undefined && start !== undefined && from < start
}
