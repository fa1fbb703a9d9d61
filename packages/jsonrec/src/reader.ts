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

/** Options of {@link jsonReader}: the file or files (`path`), and how far to read back (`margin`). */
export type JsonReaderOptions = TextReaderOptions

const TRACE_ID = Buffer.from('"trace_id":')

const format: ReadFormat<LinePiece> = {
  name: 'json',
  scanner: (start) => new LineScanner(start),
  spanOf,
  traceIdOf,
}

/**
 * Reads the traces of a file of JSON lines, which may be written at the same time. Rotated files are
 * read with it as one store. Each call reads back from the end, as far as it has to, without holding the file in memory. Nothing stays
 * open between calls.
 *
 * All methods reject with a `TraceError` of code `TRACE_CANNOT_READ` if the file is missing or cannot be opened. The lines that
 * `trace` reports as skipped are those that mention the trace's id; `traces` reports all that it
 * has come across.
 *
 * @throws {TraceError} `TRACE_BAD_OPTION` for an unknown option, or if `path` is missing or not a string
 */
export function jsonReader(options: JsonReaderOptions): TextReader {
  return textReader(format, options)
}

/**
 * The reader of a URL, for `openReader` of `@trace/core/open`: `jsonl:traces.jsonl`.
 *
 * @throws {TraceError} `TRACE_BAD_URL` if the URL has another form
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
 * The span of one line. A last line that lacks only its line break, as an editor may leave it, is whole: the beginning of an object
 * is never an object itself.
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
  report.skip(at, torn ? `it is torn: the file ends before its line break, and ${span}` : span)
  return undefined
}
