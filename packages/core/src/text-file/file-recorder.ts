import type { Stats } from 'node:fs'
import { dirname } from 'node:path'
import type { Recorder } from '../contract/recorder.js'
import type { Span } from '../contract/span.js'
import { errorCode } from '../values/errors.js'
import { processLogger } from '../values/process-logger.js'
import { writeNow } from '../values/write-now.js'
import { Batch } from './batch.js'
import { Compressor } from './compress.js'
import { APPEND } from './open-file.js'
import { isSameFile, WRITABLE } from './rotated.js'
import { Rotation, type RotationLimits } from './rotation.js'
import { closeFile, doLater, doNow, openFile, type Steps, statOpen, statPath, step, syncFile } from './steps.js'
import { mayPass, writeAdvice, writeAll, writeBatch } from './write-batch.js'

/** How often a batch is written again if the file is deleted meanwhile. */
const TRIES = 3

/** What a file recorder does beside appending. */
export interface FileRecorderOptions {
  readonly rotation: RotationLimits | undefined
  /** Whether to compress rotated files. */
  readonly gzip: boolean
  /** Whether to wait until the disk has what was written. */
  readonly fsync: boolean
}

/** An open file that a batch is appended to. */
interface Target {
  readonly fd: number
  /** As it was opened; undefined if nothing depends on it. */
  readonly stats: Stats | undefined
  size: number
}

/** Creates a recorder that appends to a file. @param path an absolute path */
export function fileRecorder(
  name: string,
  textOf: (span: Span) => string,
  path: string,
  { rotation: limits, gzip, fsync }: FileRecorderOptions,
): Recorder {
  const rotation = limits && new Rotation(path, limits, warnOnce(name, 'cannot rotate the file, which goes on growing'))
  const compressor =
    rotation && gzip ? new Compressor(path, fsync, warnOnce(name, 'cannot compress rotated files')) : undefined
  /** The file if it is a pipe. A pipe stays open, since closing it would be the end for its reader. */
  let pipe: number | undefined
  /** Whether the file was ever opened: so its folder was there, and may come back. */
  let wasThere = false

  function* append(batch: Batch): Steps<void> {
    let target: Target | undefined = pipe === undefined ? undefined : { fd: pipe, stats: undefined, size: 0 }
    pipe = undefined
    let kept = true
    let written = false
    try {
      yield* writeBatch(batch, function* (bytes) {
        if (target?.stats !== undefined && rotation?.isDue(target.stats, target.size, bytes.length) === true) {
          const full = target
          target = undefined
          kept = (yield* finish(full, true)) && kept
        }
        target ??= yield* open(bytes.length)
        const { fd } = target
        const done = yield* step(
          () => writeNow(fd, bytes),
          () => writeAll(fd, bytes),
        )
        target.size += done.bytes
        return done
      })
      written = true
    } finally {
      if (target !== undefined) kept = (yield* finish(target, written)) && kept
      if (!kept) batch.restart()
    }
  }

  function* open(bytes: number): Steps<Target> {
    for (let tries = 1; ; tries++) {
      const fd = yield* openFile(path, APPEND)
      wasThere = true
      if (tries > 1) compressor?.start()
      if (rotation === undefined && !fsync) return { fd, stats: undefined, size: 0 }
      let stays = false
      try {
        const stats = yield* statOpen(fd)
        const isDue = tries < TRIES && rotation?.isDue(stats, stats.size, bytes) === true
        stays = !isDue || !(yield* rotation.rotate(stats))
        if (stays) return { fd, stats, size: stats.size }
      } finally {
        if (!stays) yield* closeFile(fd)
      }
    }
  }

  /**
   * @param written whether all of it was written
   * @returns whether the file is still there
   */
  function* finish({ fd, stats: before }: Target, written: boolean): Steps<boolean> {
    let stays = false
    try {
      const stats = yield* statOpen(fd)
      stays = written && stats.isFIFO()
      if (fsync && stats.isFile()) {
        yield* syncFile(fd)
        if (before?.size === 0) yield* syncFolder(path)
      }
      if (!stats.isFile() || (stats.nlink > 0 && (stats.mode & WRITABLE) > 0)) return true
      return yield* isStill(path, stats)
    } finally {
      if (stays) pipe = fd
      else yield* closeFile(fd)
    }
  }

  function* record(spans: readonly Span[]): Steps<void> {
    const batch = new Batch(name, spans, textOf)
    try {
      for (let tries = 0; tries < TRIES && !batch.isDone; tries++) yield* append(batch)
    } catch (error) {
      batch.throwIfNotStored(problem(path, error), { cause: error, retry: mayPass(error, wasThere) })
    }
    batch.throwIfNotStored(batch.isDone ? undefined : `${path} was deleted ${TRIES} times while it was written to`)
  }

  return {
    name,
    durable: true,
    record: (spans) => doLater(record(spans)),
    recordSync: (spans) => doNow(record(spans)),
    close: async () => {
      await compressor?.close()
      const file = pipe
      pipe = undefined
      if (file !== undefined) await doLater(closeFile(file))
    },
  }
}

/** Some file systems count no names (`nlink`) of any file. */
function* isStill(path: string, file: Stats): Steps<boolean> {
  try {
    return isSameFile(yield* statPath(path), file)
  } catch {
    return false
  }
}

/** A new file is there after a power failure only if its folder is on the disk too. Windows cannot do this, and need not. */
function* syncFolder(path: string): Steps<void> {
  if (process.platform === 'win32') return
  const folder = yield* openFile(dirname(path), 'r')
  try {
    yield* syncFile(folder)
  } finally {
    yield* closeFile(folder)
  }
}

function warnOnce(name: string, what: string): (error: unknown) => void {
  let warned = false
  return (error) => {
    if (warned) return
    warned = true
    processLogger.warn(`trace: ${name} ${what}: ${writeAdvice(error) ?? errorCode(error)}`)
  }
}

function problem(path: string, error: unknown): string {
  return `cannot append to ${path}: ${writeAdvice(error) ?? errorCode(error)}`
}
