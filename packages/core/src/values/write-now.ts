import { writeSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { errorCode } from './errors.js'
import { setImmediate } from './timers.js'

/** What became of bytes that were to be written. */
export interface Written {
  /** How many of them were taken, from the first on. */
  readonly bytes: number
  /** Why the others were not; undefined where all were. */
  readonly error?: unknown
}

/** Milliseconds that writes wait for the reader of a full pipe: one that is alive takes something long before. */
export const PATIENCE = 5_000
/** Milliseconds between two tries. */
const PAUSE = 5

/** The reader of a pipe takes nothing. */
export class StuckReader extends Error {
  readonly code = 'ESTUCK'
}

/** Milliseconds left: all writes share them until the event loop goes on, which at exit it never does. */
let left = PATIENCE
let forever: Int32Array | undefined

/**
 * Writes to a file descriptor before it returns, for a process that exits. Pipes and sockets do not block in Node: where one is
 * full, this waits for its reader, for at most {@link PATIENCE} in all.
 */
export function writeNow(fd: number, bytes: Uint8Array): Written {
  let done = 0
  while (done < bytes.length) {
    const { taken, error } = tryToWrite(fd, bytes, done)
    done += taken
    if (error !== undefined) return { bytes: done, error }
    if (taken === 0 && !pause()) return { bytes: done, error: new StuckReader() }
  }
  return { bytes: done }
}

/** {@link writeNow} for `process.stdout` or `process.stderr`, whatever they are. */
export function writeStandardNow(stream: Writable, bytes: Uint8Array): Written {
  const fd: unknown = Reflect.get(stream, 'fd')
  if (typeof fd === 'number') return writeNow(fd, bytes)
  // Those of a worker thread hand it to the main thread at once.
  stream.write(bytes)
  return { bytes: bytes.length }
}

function tryToWrite(fd: number, bytes: Uint8Array, from: number): { taken: number; error?: unknown } {
  try {
    return { taken: writeSync(fd, bytes, from) }
  } catch (error) {
    return errorCode(error) === 'EAGAIN' ? { taken: 0 } : { taken: 0, error }
  }
}

/** @returns false, at once, where the process has waited enough */
function pause(): boolean {
  if (left <= 0) return false
  if (left === PATIENCE) setImmediate(renew).unref()
  left -= PAUSE
  forever ??= new Int32Array(new SharedArrayBuffer(4))
  Atomics.wait(forever, 0, 0, PAUSE)
  return true
}

function renew(): void {
  left = PATIENCE
}
