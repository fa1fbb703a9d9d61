import type { Writable } from 'node:stream'
import type { Recorder } from '../contract/recorder.js'
import type { Span } from '../contract/span.js'
import { TraceError } from '../values/errors.js'
import { checkOptions, optionRules } from '../values/options.js'
import { fileRecorder } from './file-recorder.js'
import { absolutePath } from './open-file.js'
import { streamRecorder } from './stream-recorder.js'

/** Options of a recorder that writes text: either a file or a stream. */
export type TextRecorderOptions =
  | {
      /**
       * The file to append to, absolute or from the folder that is the current one now. It is made at the first record; its
       * folder is not.
       */
      readonly path: string
      readonly stream?: undefined
    }
  | {
      /** A stream to write to, such as `process.stdout`. It is never ended. */
      readonly stream: Writable
      readonly path?: undefined
    }

/** How spans become text. */
export interface WriteFormat {
  /** Such as `yaml`; the recorder is then called `yaml(traces.yaml)`, and its factory `yamlRecorder`. */
  readonly name: string
  /** A span's text, which ends with a line break; it may throw where a span cannot be written. */
  readonly textOf: (span: Span) => string
}

/**
 * Records spans as text, appended to a file that other processes may append to at the same time, or written to a stream.
 * Nothing is opened before the first record, and no file stays open between records, so that a file may be moved away or
 * deleted at any time. Every write begins with a line break, so that text torn by a writer that was killed swallows nothing.
 *
 * Where spans cannot be stored, `record` rejects with a `RecordError` that carries just those. Exit is covered
 * (`recordSync`) for a file, and for `process.stdout` and `process.stderr`.
 *
 * @throws {TraceError} `TRACE_BAD_OPTION` for an unknown option, for both or neither of `path` and `stream`, for one of the
 * wrong type, or where `path` is relative and the current folder was removed
 */
export function textRecorder(format: WriteFormat, options: TextRecorderOptions): Recorder {
  const factory = `${format.name}Recorder`
  checkOptions(factory, options, {
    path: optionRules.string,
    stream: { expected: 'a Writable stream', test: isWritable },
  })
  const { path, stream } = options
  if (path !== undefined && stream === undefined) {
    return fileRecorder(`${format.name}(${path})`, format.textOf, absolutePath(factory, path))
  }
  if (stream !== undefined && path === undefined) return streamRecorder(format.name, format.textOf, stream)
  const got = path === undefined ? 'neither' : 'both'
  throw new TraceError('TRACE_BAD_OPTION', `${factory}: expected either "path" or "stream", got ${got}`)
}

function isWritable(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return typeof Reflect.get(value, 'write') === 'function' && typeof Reflect.get(value, 'on') === 'function'
}
