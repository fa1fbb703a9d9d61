import {
  type ReadFormat,
  readerOfUrl,
  type TextReader,
  type TextReaderOptions,
  textReader,
} from '@trace/core/text-file'
import { readPiece } from './parse.js'
import { type DocumentPiece, Scanner } from './scan.js'

/** Options of {@link yamlReader}: the file or files (`path`), and how far to read back (`margin`). */
export type YamlReaderOptions = TextReaderOptions

const TRACE_ID = Buffer.from('\ntrace_id: ')

const format: ReadFormat<DocumentPiece> = {
  name: 'yaml',
  scanner: (start) => new Scanner(start),
  spanOf: readPiece,
  traceIdOf,
}

function traceIdOf({ bytes }: DocumentPiece): string | undefined {
  const id = /^trace_id: ([1-9][0-9]*)\n/m.exec(bytes.toString('latin1', 0, 1_000))?.[1]
  // A torn document, and one that lost its mark, are one piece.
  return bytes.indexOf(TRACE_ID) === bytes.lastIndexOf(TRACE_ID) ? id : undefined
}

/**
 * Reads the traces of a YAML file, which may be written at the same time. Rotated files are read with it as one
 * store. Each call reads back from the end, as far as it has to, without holding the file in memory. Nothing stays open between calls.
 *
 * All methods reject with a `TraceError` of code `TRACE_CANNOT_READ` if the file is missing or cannot be opened. The documents that
 * `trace` reports as skipped are those that mention the trace's id; `traces` reports all that it
 * has come across.
 *
 * @throws {TraceError} `TRACE_BAD_OPTION` for an unknown option, or if `path` is missing or not a string
 */
export function yamlReader(options: YamlReaderOptions): TextReader {
  return textReader(format, options)
}

/**
 * The reader of a URL, for `openReader` of `@trace/core/open`: `yaml:traces.yaml`.
 *
 * @throws {TraceError} `TRACE_BAD_URL` if the URL has another form
 */
export function openReader(url: URL): TextReader {
  return readerOfUrl(url, yamlReader)
}
