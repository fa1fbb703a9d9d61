import { close, closeSync, open, openSync, write, writeSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { promisify } from 'node:util'
import type { Recorder } from '../contract/recorder.js'
import type { Span } from '../contract/span.js'
import { TraceError } from '../values/errors.js'
import { checkOptions, optionRules } from '../values/options.js'
import { Batch } from './batch.js'
import { errorCode } from './open-file.js'
import { endedError, writeTo } from './stream.js'

/** Options of a recorder that writes text: either a file or a stream. */
export type TextRecorderOptions =
  | {
      /** The file to append to, absolute or from the current folder. It is made at the first record; its folder is not. */
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
 * @throws {TraceError} `TRACE_BAD_OPTION` for an unknown option, for both or neither of `path` and `stream`, or for one of
 * the wrong type
 */
export function textRecorder(format: WriteFormat, options: TextRecorderOptions): Recorder {
  const factory = `${format.name}Recorder`
  checkOptions(factory, options, {
    path: optionRules.string,
    stream: { expected: 'a Writable stream', test: isWritable },
  })
  const { path, stream } = options
  if (path !== undefined && stream === undefined) return fileRecorder(format, path)
  if (stream !== undefined && path === undefined) return streamRecorder(format, stream)
  const got = path === undefined ? 'neither' : 'both'
  throw new TraceError('TRACE_BAD_OPTION', `${factory}: expected either "path" or "stream", got ${got}`)
}

function isWritable(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return typeof Reflect.get(value, 'write') === 'function' && typeof Reflect.get(value, 'on') === 'function'
}

function fileRecorder({ name: formatName, textOf }: WriteFormat, path: string): Recorder {
  const name = `${formatName}(${path})`
  return {
    name,
    record: async (spans) => {
      const batch = new Batch(name, spans, textOf)
      try {
        await append(path, batch)
      } catch (error) {
        batch.end(writeProblem(path, error), error)
      }
      batch.end()
    },
    recordSync: (spans) => {
      const batch = new Batch(name, spans, textOf)
      try {
        appendSync(path, batch)
      } catch (error) {
        batch.end(writeProblem(path, error), error)
      }
      batch.end()
    },
  }
}

/** By file descriptor, since a `FileHandle` costs as much again as the write of a batch. */
const opened = promisify(open)
const written = promisify(write)
const closed = promisify(close)

async function append(path: string, batch: Batch): Promise<void> {
  let bytes = batch.next()
  if (bytes === undefined) return
  const file = await opened(path, 'a')
  try {
    for (; bytes !== undefined; bytes = batch.next()) {
      const { bytesWritten } = await written(file, bytes)
      if (!batch.wrote(bytesWritten)) throw new ShortWrite(bytesWritten, bytes.length)
    }
  } finally {
    await closed(file)
  }
}

function appendSync(path: string, batch: Batch): void {
  let bytes = batch.next()
  if (bytes === undefined) return
  const file = openSync(path, 'a')
  try {
    for (; bytes !== undefined; bytes = batch.next()) {
      const written = writeSync(file, bytes)
      if (!batch.wrote(written)) throw new ShortWrite(written, bytes.length)
    }
  } finally {
    closeSync(file)
  }
}

class ShortWrite extends Error {
  constructor(written: number, wanted: number) {
    super(`only ${written} of ${wanted} bytes could be written; free some space on its disk`)
  }
}

const WRITE_ADVICE: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist; create the folder, or give another path',
  ENOTDIR: 'a part of the path is not a folder; give another path',
  EISDIR: 'it is a folder; give the path of a file in it',
  EACCES: 'permission denied; allow this user to write there, or give another path',
  EPERM: 'not permitted; check the attributes of the file, or give another path',
  EROFS: 'the file system is read-only; give a path on another',
  ENOSPC: 'the disk is full; free some space',
  EDQUOT: 'the disk quota is used up; free some space',
  EFBIG: 'the file has reached the largest size allowed; move it away, and a new one is begun',
  EMFILE: 'this process has too many open files; close some, or raise its limit',
}

function writeProblem(path: string, error: unknown): string {
  const code = errorCode(error)
  return `cannot append to ${path}: ${WRITE_ADVICE[code] ?? code}`
}

function streamRecorder({ name: formatName, textOf }: WriteFormat, stream: Writable): Recorder {
  const standard = stream === process.stdout || stream === process.stderr
  const streamName = stream === process.stdout ? 'stdout' : stream === process.stderr ? 'stderr' : 'stream'
  const name = `${formatName}(${streamName})`
  const record = async (spans: readonly Span[]): Promise<void> => {
    const batch = new Batch(name, spans, textOf)
    try {
      for (let bytes = batch.next(); bytes !== undefined; bytes = batch.next()) {
        await writeTo(stream, bytes)
        batch.wrote(bytes.length)
      }
    } catch (error) {
      batch.end(streamProblem(error), error)
    }
    batch.end()
  }
  if (!standard) return { name, record }
  return { name, record, recordSync: (spans) => writeAtOnce(stream, new Batch(name, spans, textOf)) }
}

/** For the standard streams, whose writes to files, terminals and (except on Windows) pipes are synchronous. */
function writeAtOnce(stream: Writable, batch: Batch): void {
  for (let bytes = batch.next(); bytes !== undefined; bytes = batch.next()) {
    const ended = endedError(stream)
    if (ended !== undefined) batch.end(streamProblem(ended), ended)
    stream.write(bytes)
    batch.wrote(bytes.length)
  }
  batch.end()
}

function streamProblem(error: unknown): string {
  const why = error instanceof Error ? error.message : String(error)
  return `cannot write to the stream: ${why}; give a stream that is open for as long as the tracer is`
}
