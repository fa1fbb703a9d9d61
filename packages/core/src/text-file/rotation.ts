import type { Stats } from 'node:fs'
import { dirname } from 'node:path'
import { errorCode } from '../values/errors.js'
import { isSameFile, type RotatedFile, rotatedFiles } from './rotated.js'
import { closeFile, namesIn, openFile, realPath, removeFile, renameFile, type Steps, statPath } from './steps.js'

/** When a file is rotated, and what is kept. */
export interface RotationLimits {
  /** In bytes. */
  readonly maxBytes: number
  /** In ms. */
  readonly maxAge: number
  /** How many rotated files are kept. */
  readonly keepFiles: number
}

/** A rotation takes milliseconds. A lock that is older than this, in ms, is that of a process that was killed in the middle of one. */
const STALE = 1_000
/** Time between two tries if a rotation has failed, in ms. */
const PAUSE = 10_000

/**
 * Rotates a file: renames it, so that the next write begins a new one, and deletes the oldest of those renamed before. A file is
 * renamed only once, to the next higher number, so that whoever reads it finds it under the same name until it is deleted.
 *
 * Several processes may do this to one file. None of them waits: who does not get the lock writes on to the file as it is. No
 * record depends on the lock, which only keeps two processes from rotating twice. A rename replaces nothing but the empty file by
 * which the same process has reserved the name.
 */
export class Rotation {
  readonly #path: string
  readonly #limits: RotationLimits
  readonly #failed: (error: unknown) => void
  /** When this process first saw the file, for file systems that do not know when a file was created. */
  #seen = { ino: 0, at: 0 }
  #notBefore = 0

  /** @param failed is told why a rotation has failed */
  constructor(path: string, limits: RotationLimits, failed: (error: unknown) => void) {
    this.#path = path
    this.#limits = limits
    this.#failed = failed
  }

  /**
   * Whether a file is to be rotated before bytes are written to it.
   *
   * @param size its size, in bytes
   */
  isDue(file: Stats, size: number, bytes: number): boolean {
    if (!file.isFile() || size === 0) return false
    const { maxBytes, maxAge } = this.#limits
    return size + bytes > maxBytes || (maxAge < Infinity && this.#age(file) > maxAge)
  }

  #age(file: Stats): number {
    const now = Date.now()
    if (this.#seen.ino !== file.ino) this.#seen = { ino: file.ino, at: now }
    const { birthtimeMs } = file
    return now - (birthtimeMs > 0 ? Math.min(birthtimeMs, this.#seen.at) : this.#seen.at)
  }

  /** @returns whether the path now is another file, or none. Never throws */
  *rotate(file: Stats): Steps<boolean> {
    if (Date.now() < this.#notBefore) return false
    try {
      // Of a symbolic link, the file is renamed, not the link.
      const path = yield* realPath(this.#path)
      if (!isSameFile(yield* statPath(path), file)) return true
      const lock = `${path}.lock`
      if (!(yield* takeLock(lock))) return false
      try {
        // Another process may have done it just before.
        if (isSameFile(yield* statPath(path), file)) yield* this.#move(path)
      } finally {
        yield* removeFile(lock)
      }
      this.#seen = { ino: 0, at: 0 }
      return true
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return true
      if (errorCode(error) === 'EEXIST') return false
      this.#notBefore = Date.now() + PAUSE
      this.#failed(error)
      return false
    }
  }

  *#move(path: string): Steps<void> {
    const rotated = rotatedFiles(path, yield* namesIn(dirname(path)))
    const next = `${path}.${(rotated.at(-1)?.number ?? 0) + 1}`
    yield* closeFile(yield* openFile(next, 'wx'))
    yield* renameFile(path, next)
    for (const { number } of this.#surplus(rotated)) {
      // In this order, since a compressor may be about to rename the last but one to the last, if it has found the first.
      for (const ending of ['', '.gz.tmp', '.gz']) yield* removeFile(`${path}.${number}${ending}`)
    }
  }

  /** Those to delete, now that there is one more. */
  #surplus(rotated: readonly RotatedFile[]): readonly RotatedFile[] {
    return rotated.slice(0, Math.max(0, rotated.length + 1 - this.#limits.keepFiles))
  }
}

function* takeLock(lock: string): Steps<boolean> {
  try {
    yield* closeFile(yield* openFile(lock, 'wx'))
    return true
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error
  }
  const { mtimeMs } = yield* statPath(lock)
  if (Math.abs(Date.now() - mtimeMs) > STALE) yield* removeFile(lock)
  return false
}
