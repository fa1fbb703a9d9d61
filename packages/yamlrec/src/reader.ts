import type { FileHandle } from 'node:fs/promises'
import { checkOptions, eachOnce, isId, optionRules, type Span, type TraceReader, type TraceSpans } from '@trace/core'
import { followFile } from './follow.js'
import { listTraces } from './list.js'
import { Report, readPiece } from './parse.js'
import { openForReading, readPieces } from './read-file.js'
import { Scanner } from './scan.js'

/** Options of {@link yamlReader}. */
export interface YamlReaderOptions {
  /** The file, absolute or from the current folder. */
  readonly path: string
}

/**
 * Reads the traces of a YAML file, while it is written too. The file is read through for every call and never held in
 * memory; nothing stays open between calls.
 *
 * Every read rejects with a `TraceError` of code `TRACE_CANNOT_READ` where the file is missing or cannot be opened. What
 * `trace` reports as passed over are documents that mention the trace's id; `traces` reports those of the whole file.
 *
 * @throws {TraceError} `TRACE_BAD_OPTION` for an unknown option, or where `path` is missing or not a string
 */
export function yamlReader(options: YamlReaderOptions): TraceReader & Required<Pick<TraceReader, 'follow'>> {
  checkOptions('yamlReader', options, { path: { ...optionRules.string, required: true } })
  const { path } = options
  const name = `yaml(${path})`

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
      return withFile((file) => readTrace(file, traceId, signal))
    },
    traces: async (query = {}, { signal } = {}) => {
      signal?.throwIfAborted()
      return withFile((file) => listTraces(file, query, signal))
    },
    follow: ({ signal }) => followFile(path, name, signal),
  }
}

async function readTrace(file: FileHandle, traceId: bigint, signal: AbortSignal | undefined): Promise<TraceSpans> {
  const report = new Report()
  const spans: Span[] = []
  if (isId(traceId)) {
    // However the id is written, its digits are there: only documents that hold them are looked at.
    const needle = Buffer.from(String(traceId))
    const otherTrace = new RegExp(`^trace_id: (?!${traceId}\\n)[1-9][0-9]*\\n`, 'm')
    await readPieces(file, new Scanner(), { needle, signal }, (piece) => {
      if (otherTrace.test(piece.bytes.toString('latin1', 0, 1_000))) return
      const span = readPiece(piece, report)
      if (span?.traceId === traceId) spans.push(span)
    })
  }
  return { spans: eachOnce(spans), skipped: report.skipped, places: report.places }
}
