import type { Writable } from 'node:stream'

/**
 * Writes to a stream that belongs to the program, and waits until it has taken the bytes. Rejects if the stream has an error
 * meanwhile, which is then not an uncaught one.
 */
export function writeTo(stream: Writable, bytes: Buffer): Promise<void> {
  const closed = endedError(stream)
  if (closed !== undefined) return Promise.reject(closed)
  return new Promise((resolve, reject) => {
    const pending = pendingOf(stream)
    pending.rejects.add(reject)
    stream.write(bytes, (error) => {
      // The stream emits the error after this call. The listener stays until then.
      if (error) return reject(error)
      pending.rejects.delete(reject)
      if (pending.rejects.size === 0) pending.release()
      resolve()
    })
  })
}

/** The writes that a stream has not finished yet. */
interface Pending {
  readonly rejects: Set<(error: Error) => void>
  release(): void
}

const pendingWrites = new WeakMap<Writable, Pending>()

/** One pair of listeners serves all writes to a stream. Node warns of the eleventh listener, and many recorders may share a stream. */
function pendingOf(stream: Writable): Pending {
  const found = pendingWrites.get(stream)
  if (found !== undefined) return found
  const rejects: Pending['rejects'] = new Set()
  const release = (): void => {
    pendingWrites.delete(stream)
    stream.off('error', fail)
    stream.off('close', close)
  }
  const fail = (error: Error): void => {
    release()
    for (const reject of rejects) reject(error)
  }
  const close = (): void => fail(endedError(stream) ?? new Error('the stream was closed'))
  stream.on('error', fail)
  stream.on('close', close)
  const pending = { rejects, release }
  pendingWrites.set(stream, pending)
  return pending
}

/** Why a stream cannot be written to any more; undefined if it can. */
export function endedError(stream: Writable): Error | undefined {
  if (stream.errored) return stream.errored
  if (stream.destroyed) return new Error('the stream is destroyed')
  return stream.writable ? undefined : new Error('the stream has ended')
}
