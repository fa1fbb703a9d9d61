import type { Stats } from 'node:fs'
import { dirname } from 'node:path'
import type { Recorder } from '../contract/recorder.js'
import type { Span } from '../contract/span.js'
import { errorCode } from '../values/errors.js'
import { processLogger } from '../values/process-logger.js'
import { type Written, writeNow } from '../values/write-now.js'
import { Batch, type WriteSpan } from './batch.js'
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

/** Creates a recorder that appends to a file. @param path an absolute path */
export function fileRecorder(name: string, writeSpan: WriteSpan, path: string, options: FileRecorderOptions): Recorder {
  const file = new AppendedFile(name, path, options)

  function* record(spans: readonly Span[]): Steps<void> {
    const batch = new Batch(name, spans, writeSpan)
    try {
      for (let tries = 0; tries < TRIES && !batch.isDone; tries++) yield* file.append(batch)
    } catch (error) {
      batch.throwIfNotStored(problem(path, error), { cause: error, retry: mayPass(error, file.wasThere) })
    }
    const deleted = `${path} was deleted ${TRIES} times while it was written to`
    batch.throwIfNotStored(batch.isDone ? undefined : deleted, { retry: true })
  }

  return {
    name,
    durable: true,
    record: (spans) => doLater(record(spans)),
    recordSync: (spans) => doNow(record(spans)),
    close: () => file.close(),
  }
}

/** The file while it is open. */
interface Target {
  readonly fd: number
  /** As it was opened; undefined if nothing depends on it. */
  readonly stats: Stats | undefined
  size: number
}

function targetOf(fd: number): Target {
  return { fd, stats: undefined, size: 0 }
}

/** A batch being written. */
interface Writing {
  target: Target | undefined
  /** Whether what was written is still there. */
  kept: boolean
}

/**
 * A file that is opened for each batch, and rotated. Kept open, it would have to be looked up by its path before each batch, since it may
 * have been renamed, and looked at after it, as now: three calls in place of four, which saves 20 to 60 µs of the 200 that a batch takes.
 */
class AppendedFile {
  /** Whether it was ever opened: so its folder was there, and may come back. */
  wasThere = false
  readonly #path: string
  readonly #fsync: boolean
  readonly #rotation: Rotation | undefined
  readonly #compressor: Compressor | undefined
  /** The file if it is a pipe. A pipe stays open, since closing it would be the end for its reader. */
  #pipe: number | undefined

  /** @param name of its recorder, for warnings */
  constructor(name: string, path: string, { rotation, gzip, fsync }: FileRecorderOptions) {
    this.#path = path
    this.#fsync = fsync
    if (rotation === undefined) return
    this.#rotation = new Rotation(path, rotation, warnOnce(name, 'cannot rotate the file, which goes on growing'))
    if (gzip) this.#compressor = new Compressor(path, fsync, warnOnce(name, 'cannot compress rotated files'))
  }

  /** Writes what is left of a batch. If the file is deleted meanwhile, the batch begins anew. */
  *append(batch: Batch): Steps<void> {
    const pipe = this.#takePipe()
    const writing: Writing = { target: pipe === undefined ? undefined : targetOf(pipe), kept: true }
    let written = false
    try {
      yield* writeBatch(batch, (bytes) => this.#write(writing, bytes))
      written = true
    } finally {
      yield* this.#finish(writing, written)
      if (!writing.kept) batch.restart()
    }
  }

  async close(): Promise<void> {
    await this.#compressor?.close()
    const pipe = this.#takePipe()
    if (pipe !== undefined) await doLater(closeFile(pipe))
  }

  #takePipe(): number | undefined {
    const pipe = this.#pipe
    this.#pipe = undefined
    return pipe
  }

  *#write(writing: Writing, bytes: Buffer): Steps<Written> {
    const { target: before } = writing
    if (before?.stats !== undefined && this.#rotation?.isDue(before.stats, before.size, bytes.length) === true) {
      yield* this.#finish(writing, true)
    }
    const target = writing.target ?? (yield* this.#open(bytes.length))
    writing.target = target
    const { fd } = target
    const done = yield* step(
      () => writeNow(fd, bytes),
      () => writeAll(fd, bytes),
    )
    target.size += done.bytes
    return done
  }

  *#open(bytes: number): Steps<Target> {
    for (let tries = 1; ; tries++) {
      const fd = yield* openFile(this.#path, APPEND)
      this.wasThere = true
      if (tries > 1) this.#compressor?.start()
      if (this.#rotation === undefined && !this.#fsync) return targetOf(fd)
      let stays = false
      try {
        const stats = yield* statOpen(fd)
        const isDue = tries < TRIES && this.#rotation?.isDue(stats, stats.size, bytes) === true
        stays = !isDue || !(yield* this.#rotation.rotate(stats))
        if (stays) return { fd, stats, size: stats.size }
      } finally {
        if (!stays) yield* closeFile(fd)
      }
    }
  }

  /** Closes the file, if it is open. @param written whether all was written */
  *#finish(writing: Writing, written: boolean): Steps<void> {
    const { target } = writing
    if (target === undefined) return
    writing.target = undefined
    const { fd, stats: before } = target
    let stays = false
    try {
      const stats = yield* statOpen(fd)
      stays = written && stats.isFIFO()
      if (this.#fsync && stats.isFile()) {
        yield* syncFile(fd)
        if (before?.size === 0) yield* syncFolder(this.#path)
      }
      if (stats.isFile() && (stats.nlink === 0 || (stats.mode & WRITABLE) === 0)) {
        writing.kept = (yield* isStill(this.#path, stats)) && writing.kept
      }
    } finally {
      if (stays) this.#pipe = fd
      else yield* closeFile(fd)
    }
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
