import type { Writable } from 'node:stream'
import type { Recorder } from '../contract/recorder.js'
import { TraceError } from '../values/errors.js'
import { checkOptions, optionRules } from '../values/options.js'
import type { WriteSpan } from './batch.js'
import { fileRecorder } from './file-recorder.js'
import { absolutePath } from './open-file.js'
import type { RotationLimits } from './rotation.js'
import { streamRecorder } from './stream-recorder.js'

/** Options of a recorder that writes text to a file. */
export interface TextFileOptions {
  /**
   * The file to append to: an absolute path, or one from the current folder as it is now. The first record creates the file,
   * but not its folder.
   */
  readonly path: string
  /**
   * Rotates the file before a write that would make it larger than this, in bytes: `traces.yaml` is renamed to `traces.yaml.1`,
   * the next time to `traces.yaml.2`. All processes that write to a file should have the same limits. Default: no limit.
   */
  readonly maxBytes?: number
  /** Rotates the file before a write if it was created longer ago than this, in ms. Default: no limit. */
  readonly maxAge?: number
  /** How many rotated files to keep, if the file is rotated. The oldest are deleted. Default 5. */
  readonly keepFiles?: number
  /** Whether to compress rotated files, except for the newest one, in the background. Default false. */
  readonly gzip?: boolean
  /**
   * Whether a span counts as stored only once it is on the disk (`fdatasync`), so that it outlives a power failure. Without it, it
   * outlives the process, but not the machine. Default false.
   */
  readonly fsync?: boolean
  readonly stream?: undefined
}

/** Options of a recorder that writes text to a stream. */
export interface TextStreamOptions {
  /** The stream to write to, such as `process.stdout`. It is never ended. */
  readonly stream: Writable
  readonly path?: undefined
}

/** Options of a recorder that writes text, either to a file or to a stream. */
export type TextRecorderOptions = TextFileOptions | TextStreamOptions

/** How spans are formatted as text. */
export interface WriteFormat {
  /** Such as `yaml`, for a recorder called `yaml(traces.yaml)` and its factory `yamlRecorder`. */
  readonly name: string
  /** Adds a span's text, which ends with a line break. It may throw if a span cannot be written. */
  readonly write: WriteSpan
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
 * `stream`, for an option of files with `stream`, for `keepFiles` or `gzip` without `maxBytes` and `maxAge`, or if `path` is
 * relative and the current folder was removed
 */
export function textRecorder(format: WriteFormat, options: TextRecorderOptions): Recorder {
  const factory = `${format.name}Recorder`
  checkOptions(factory, options, RULES)
  const { path, stream } = options
  if (path !== undefined && stream === undefined) {
    return fileRecorder(`${format.name}(${path})`, format.write, absolutePath(factory, path), {
      rotation: limitsOf(factory, options),
      gzip: options.gzip ?? false,
      fsync: options.fsync ?? false,
    })
  }
  if (stream === undefined || path !== undefined) {
    const got = path === undefined ? 'neither' : 'both'
    throw new TraceError('TRACE_BAD_OPTION', `${factory}: expected either "path" or "stream", got ${got}`)
  }
  for (const name of Object.keys(FILE_RULES)) {
    if (Reflect.get(options, name) === undefined) continue
    throw new TraceError(
      'TRACE_BAD_OPTION',
      `${factory}: option "${name}" is for a file, and needs "path" instead of "stream"`,
    )
  }
  return streamRecorder(format.name, format.write, stream)
}

const FILE_RULES = {
  maxBytes: { ...optionRules.count, expected: 'bytes, a whole number above 0' },
  maxAge: { ...optionRules.count, expected: 'milliseconds, a whole number above 0' },
  keepFiles: optionRules.count,
  gzip: optionRules.boolean,
  fsync: optionRules.boolean,
}

const RULES = {
  path: optionRules.string,
  stream: { expected: 'a Writable stream', test: isWritable },
  ...FILE_RULES,
}

const KEEP_FILES = 5

function limitsOf(factory: string, options: TextFileOptions): RotationLimits | undefined {
  const { maxBytes, maxAge, keepFiles, gzip } = options
  if (maxBytes !== undefined || maxAge !== undefined) {
    return { maxBytes: maxBytes ?? Infinity, maxAge: maxAge ?? Infinity, keepFiles: keepFiles ?? KEEP_FILES }
  }
  const idle = keepFiles !== undefined ? 'keepFiles' : gzip === true ? 'gzip' : undefined
  if (idle === undefined) return undefined
  const message = `${factory}: option "${idle}" needs "maxBytes" or "maxAge", without which no file is rotated`
  throw new TraceError('TRACE_BAD_OPTION', message)
}

function isWritable(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return typeof Reflect.get(value, 'write') === 'function' && typeof Reflect.get(value, 'on') === 'function'
}
