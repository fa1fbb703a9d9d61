import { writeSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { errorCode } from './errors.js'
import { setImmediate } from './timers.js'

/** The result of a write. */
export interface Written {
  /** How many of the bytes were written, from the first on. */
  readonly bytes: number
  /** Why the others were not; undefined if all were. */
  readonly error?: unknown
}

/** How long writes wait for the reader of a full pipe, in ms. A reader that works reads something long before. */
export const PATIENCE = 5_000
/** Time between two tries, in ms. */
const PAUSE = 5

/** The reader of a pipe does not read. */
export class StuckReader extends Error {
  readonly code = 'ESTUCK'
}

/** How long writes may still wait, in ms. They share it until the event loop goes on, which at exit it never does. */
let left = PATIENCE
let forever: Int32Array | undefined

/**
 * Writes to a file descriptor synchronously, for a process that exits. Pipes and sockets do not block in Node: if one is full,
 * this waits for its reader, for at most {@link PATIENCE} in all.
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

/** {@link writeNow}, for `process.stdout` or `process.stderr`. */
export function writeStandardNow(stream: Writable, bytes: Uint8Array): Written {
  const fd: unknown = Reflect.get(stream, 'fd')
  if (typeof fd === 'number') return writeNow(fd, bytes)
  // In a worker thread they have no descriptor, and pass the bytes to the main thread at once.
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

/** @returns false if writes have waited long enough */
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
