import type { Writable } from 'node:stream'
import type { Recorder } from '../contract/recorder.js'
import type { Span } from '../contract/span.js'
import { TraceError } from '../values/errors.js'
import { checkOptions, optionRules } from '../values/options.js'
import { fileRecorder } from './file-recorder.js'
import { absolutePath } from './open-file.js'
import { streamRecorder } from './stream-recorder.js'

/** Options of a recorder that writes text, either to a file or to a stream. */
export type TextRecorderOptions =
  | {
      /**
       * The file to append to: an absolute path, or one from the current folder as it is now. The first record creates the file,
       * but not its folder.
       */
      readonly path: string
      readonly stream?: undefined
    }
  | {
      /** The stream to write to, such as `process.stdout`. It is never ended. */
      readonly stream: Writable
      readonly path?: undefined
    }

/** How spans are formatted as text. */
export interface WriteFormat {
  /** Such as `yaml`, for a recorder called `yaml(traces.yaml)` and its factory `yamlRecorder`. */
  readonly name: string
  /** Formats a span as text that ends with a line break. It may throw if a span cannot be written. */
  readonly textOf: (span: Span) => string
}

/**
 * Creates a recorder that appends spans as text to a file, to which other processes may append at the same time, or that writes
 * them to a stream. Nothing is opened before the first record. No file stays open between records, so that it may be moved or
 * deleted at any time. Every write begins with a line break, so that a line torn by a writer that was killed spoils no other.
 *
 * If spans cannot be stored, `record` rejects with a `RecordError` that carries these. The recorder can store at exit
 * (`recordSync`) to a file, `process.stdout` and `process.stderr`, but not to other streams.
 *
 * @throws {TraceError} `TRACE_BAD_OPTION` for an unknown option or one of the wrong type, for both or neither of `path` and
 * `stream`, or if `path` is relative and the current folder was removed
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
