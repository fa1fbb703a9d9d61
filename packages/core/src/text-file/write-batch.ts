import { write } from 'node:fs'
import { promisify } from 'node:util'
import { errorCode } from '../values/errors.js'
import { setImmediate, sleep } from '../values/timers.js'
import { PATIENCE, StuckReader, type Written } from '../values/write-now.js'
import type { Batch } from './batch.js'
import { type Steps, step } from './steps.js'

/** Time between two tries to write to a full pipe, in ms. */
const PAUSE = 10

/** Writes a whole batch, and lets the event loop turn while it formats. If it throws, the batch knows how much was written. */
export function* writeBatch(batch: Batch, write: (bytes: Buffer) => Steps<Written>): Steps<void> {
  for (;;) {
    while (batch.format()) yield* nextTurn()
    const bytes = batch.next()
    if (bytes === undefined) return
    const { bytes: count, error } = yield* write(bytes)
    batch.wrote(count)
    if (error !== undefined) throw error
  }
}

const nextTurn = (): Steps<void> =>
  step(
    () => {},
    () => new Promise((resolve) => setImmediate(resolve)),
  )

const written = promisify(write)

/** Writes to a file descriptor. If that is a full pipe, it waits for the reader, for at most {@link PATIENCE}. */
export async function writeAll(fd: number, bytes: Buffer): Promise<Written> {
  let done = 0
  let since = performance.now()
  while (done < bytes.length) {
    try {
      done += (await written(fd, bytes, done)).bytesWritten
      since = performance.now()
    } catch (error) {
      if (errorCode(error) !== 'EAGAIN') return { bytes: done, error }
      if (performance.now() - since > PATIENCE) return { bytes: done, error: new StuckReader() }
      await sleep(PAUSE)
    }
  }
  return { bytes: done }
}

/**
 * Whether a write that has failed may succeed later though the program does nothing: it is the system that has to change.
 *
 * @param wasThere whether the file could be opened before. Default true. A folder that was never there is a mistake in the path
 */
export function mayPass(error: unknown, wasThere = true): boolean {
  const code = errorCode(error)
  return PASSING.has(code) && (wasThere || code !== 'ENOENT')
}

/**
 * A folder that is gone, a full disk, one that cannot be reached, permissions, too many open files, a file that another program of
 * Windows keeps to itself. A pipe or stream without a reader is not here: what was written to it before is lost, too.
 */
const PASSING: ReadonlySet<string> = new Set([
  ...['ENOENT', 'ENOSPC', 'EDQUOT', 'EFBIG', 'EROFS', 'EIO', 'ESTALE', 'ETIMEDOUT', 'EHOSTDOWN', 'ENODEV'],
  ...['EACCES', 'EPERM', 'EMFILE', 'ENFILE', 'EBUSY'],
])

/** Why a write has failed, and what to do about it; undefined if we do not know. */
export function writeAdvice(error: unknown): string | undefined {
  return WRITE_ADVICE[errorCode(error)]
}

const WRITE_ADVICE: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist; create the folder, or give another path',
  ENOTDIR: 'a part of the path is not a folder; give another path',
  EISDIR: 'it is a folder; give the path of a file in it',
  ELOOP: 'its symbolic links form a circle; give another path',
  ENXIO: 'it is a pipe that nobody reads, or a socket; start the reader before, or give the path of a file',
  EPIPE: 'its reader is gone; start the reader again, or give the path of a file',
  ESTUCK: `its reader has taken nothing for ${PATIENCE / 1_000} s; give one that keeps up, or the path of a file`,
  EACCES: 'permission denied; allow this user to write there, or give another path',
  ERR_ACCESS_DENIED: 'this process may not write there; start Node with --allow-fs-write, or give another path',
  EPERM: 'not permitted; check the attributes of the file, or give another path',
  EROFS: 'the file system is read-only; give a path on another',
  ENOSPC: 'the disk is full; free some space',
  EDQUOT: 'the disk quota is used up; free some space',
  EFBIG: 'the file has the largest size that is allowed; move it away, and the next record creates a new one',
  EMFILE: 'this process has too many open files; close some, or raise its limit',
}
