import { fstatSync } from 'node:fs'
import type { Writable } from 'node:stream'
import type { Recorder } from '../contract/recorder.js'
import type { Span } from '../contract/span.js'
import { errorMessage } from '../values/errors.js'
import { type Written, writeStandardNow } from '../values/write-now.js'
import { Batch, type WriteSpan } from './batch.js'
import { doLater, doNow, type Steps, step } from './steps.js'
import { endedError, writeTo } from './stream.js'
import { mayPass, writeAdvice, writeAll, writeBatch } from './write-batch.js'

/**
 * Creates a recorder that writes to a stream, and never ends it.
 *
 * @param formatName such as `yaml`, for a recorder called `yaml(stdout)`
 */
export function streamRecorder(formatName: string, writeSpan: WriteSpan, stream: Writable): Recorder {
  const streamName = stream === process.stdout ? 'stdout' : stream === process.stderr ? 'stderr' : 'stream'
  const name = `${formatName}(${streamName})`
  const standard = streamName !== 'stream'
  let file: number | false | undefined

  async function write(bytes: Buffer): Promise<Written> {
    file ??= standard && fileOf(stream)
    if (file === false || Object.hasOwn(stream, 'write')) await writeTo(stream, bytes)
    else return writeAll(file, bytes)
    return { bytes: bytes.length }
  }

  function writeNow(bytes: Buffer): Written {
    const error = endedError(stream)
    return error === undefined ? writeStandardNow(stream, bytes) : { bytes: 0, error }
  }

  function* record(spans: readonly Span[]): Steps<void> {
    const batch = new Batch(name, spans, writeSpan)
    try {
      yield* writeBatch(batch, (bytes) =>
        step(
          () => writeNow(bytes),
          () => write(bytes),
        ),
      )
    } catch (error) {
      batch.throwIfNotStored(problem(streamName, error), { cause: error, retry: mayPass(error) })
    }
    batch.throwIfNotStored()
  }
  const recorder: Recorder = { name, record: (spans) => doLater(record(spans)) }
  return standard ? { ...recorder, recordSync: (spans) => doNow(record(spans)) } : recorder
}

/**
 * The descriptor of a standard stream that is a file, or a device such as `/dev/null`. The stream itself would block the process,
 * and would not notice that a full disk has cut a write.
 */
function fileOf(stream: Writable): number | false {
  const fd: unknown = Reflect.get(stream, 'fd')
  if (typeof fd !== 'number' || Reflect.get(stream, 'isTTY') === true) return false
  const stats = fstatSync(fd)
  return (stats.isFile() || stats.isCharacterDevice()) && fd
}

function problem(streamName: string, error: unknown): string {
  const advice =
    writeAdvice(error) ?? `${errorMessage(error)}; give a stream that stays open until the tracer is closed`
  return `cannot write to ${streamName === 'stream' ? 'the stream' : streamName}: ${advice}`
}
