import type { Span } from '@trace/core'
import {
  encodingProblem,
  type ReadFormat,
  type Report,
  readerOfUrl,
  type TextReader,
  type TextReaderOptions,
  textReader,
} from '@trace/core/text-file'
import { spanFromJsonLine } from './line.js'
import { type LinePiece, LineScanner } from './scan.js'

/** Options of {@link jsonReader}: the file (`path`), absolute or from the current folder. */
export type JsonReaderOptions = TextReaderOptions

const TRACE_ID = Buffer.from('"trace_id":')

const format: ReadFormat<LinePiece> = {
  name: 'json',
  scanner: (start) => new LineScanner(start),
  spanOf,
  traceIdOf,
}

/**
 * Reads the traces of a file of JSON lines, while it is written too. The file is read through for every call and never held
 * in memory; nothing stays open between calls.
 *
 * Every read rejects with a `TraceError` of code `TRACE_CANNOT_READ` where the file is missing or cannot be opened. What
 * `trace` reports as passed over are lines that mention the trace's id; `traces` reports those of the whole file.
 *
 * @throws {TraceError} `TRACE_BAD_OPTION` for an unknown option, or where `path` is missing or not a string
 */
export function jsonReader(options: JsonReaderOptions): TextReader {
  return textReader(format, options)
}

/**
 * The reader of a URL, for `openReader` of `@trace/core/open`: `jsonl:traces.jsonl`.
 *
 * @throws {TraceError} `TRACE_BAD_URL` where the URL is of another form
 */
export function openReader(url: URL): TextReader {
  return readerOfUrl(url, jsonReader)
}

function traceIdOf({ bytes }: LinePiece): string | undefined {
  const id = /^\{"span_id":"\d+","trace_id":"([1-9]\d*)",/.exec(bytes.toString('latin1', 0, 100))?.[1]
  // Lines that were joined mention several.
  return bytes.indexOf(TRACE_ID) === bytes.lastIndexOf(TRACE_ID) ? id : undefined
}

/**
 * The span of one line. A beginning of an object is never an object itself: a last line that lacks only its line break, as
 * an editor may leave it, is whole.
 */
function spanOf({ bytes, at, unended, tooLong }: LinePiece, report: Report): Span | undefined {
  // Cuts off a byte order mark too.
  const line = bytes.toString().trim()
  if (line === '' && !tooLong) return undefined
  const isOdd = line.includes('\ufffd') || line.includes('\0')
  const problem = tooLong ? 'it is longer than 16 MiB' : isOdd ? encodingProblem(bytes) : undefined
  const span = problem ?? spanFromJsonLine(line)
  if (typeof span !== 'string') return span
  const torn = unended && !tooLong
  report.skip(at, torn ? `it is torn, without a line break at the end of the file: ${span}` : span)
  return undefined
}
