import type { Recorder } from '@trace/core'
import { recorderOfUrl, type TextRecorderOptions, textRecorder } from '@trace/core/text-file'
import { spanToJsonLine } from './line.js'

/** Options of {@link jsonRecorder}: either a file (`path`, and how it is rotated) or a stream (`stream`, never ended). */
export type JsonRecorderOptions = TextRecorderOptions

/**
 * Records spans as JSON lines, appended to a file that other processes may append to at the same time, or written to a
 * stream. Nothing is opened before the first record, and no file stays open between records, so that a file may be moved
 * or deleted at any time.
 *
 * If spans cannot be stored, `record` rejects with a `RecordError` that carries these. The recorder can store at exit (`recordSync`)
 * to a file, `process.stdout` and `process.stderr`, but not to other streams.
 *
 * @throws {TraceError} `TRACE_BAD_OPTION` for an unknown option or one of the wrong type, or for both or neither of `path`
 * and `stream`
 */
export function jsonRecorder(options: JsonRecorderOptions): Recorder {
  return textRecorder({ name: 'json', write: (span, text) => text.addText(spanToJsonLine(span)) }, options)
}

/**
 * The recorder of a URL, for `openRecorder` of `@trace/core/open`: `jsonl:traces.jsonl`, or `jsonl:-` for standard output.
 *
 * @throws {TraceError} `TRACE_BAD_URL` if the URL has another form
 */
export function openRecorder(url: URL): Recorder {
  return recorderOfUrl(url, jsonRecorder)
}
