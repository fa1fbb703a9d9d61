import { close, closeSync, fstat, open, openSync } from 'node:fs'
import { promisify } from 'node:util'
import type { Recorder } from '../contract/recorder.js'
import type { Span } from '../contract/span.js'
import { errorCode } from '../values/errors.js'
import { writeNow } from '../values/write-now.js'
import { Batch } from './batch.js'
import { APPEND } from './open-file.js'
import { writeAdvice, writeAll, writeBatch, writeBatchNow } from './write-batch.js'

const opened = promisify(open)
const statsOf = promisify(fstat)
const closed = promisify(close)

/** Creates a recorder that appends to a file. @param path an absolute path */
export function fileRecorder(name: string, textOf: (span: Span) => string, path: string): Recorder {
  /** The file if it is a pipe. A pipe stays open, since closing it would be the end for its reader. */
  let pipe: number | undefined

  async function append(batch: Batch): Promise<void> {
    let file = pipe
    pipe = undefined
    let stays = false
    try {
      await writeBatch(batch, async (bytes) => {
        file ??= await opened(path, APPEND)
        return writeAll(file, bytes)
      })
      stays = file !== undefined && (await statsOf(file)).isFIFO()
    } finally {
      if (stays) pipe = file
      else if (file !== undefined) await closed(file)
    }
  }

  function appendNow(batch: Batch): void {
    let file = pipe
    try {
      writeBatchNow(batch, (bytes) => {
        file ??= openSync(path, APPEND)
        return writeNow(file, bytes)
      })
    } finally {
      if (file !== undefined && file !== pipe) closeSync(file)
    }
  }

  return {
    name,
    record: async (spans) => {
      const batch = new Batch(name, spans, textOf)
      try {
        await append(batch)
      } catch (error) {
        batch.throwIfNotStored(problem(path, error), error)
      }
      batch.throwIfNotStored()
    },
    recordSync: (spans) => {
      const batch = new Batch(name, spans, textOf)
      try {
        appendNow(batch)
      } catch (error) {
        batch.throwIfNotStored(problem(path, error), error)
      }
      batch.throwIfNotStored()
    },
    close: async () => {
      const file = pipe
      pipe = undefined
      if (file !== undefined) await closed(file)
    },
  }
}

function problem(path: string, error: unknown): string {
  return `cannot append to ${path}: ${writeAdvice(error) ?? errorCode(error)}`
}
