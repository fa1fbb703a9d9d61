import type { Writable } from 'node:stream'

/**
 * Writes to a stream that belongs to someone else, and waits until it has taken the bytes. An error of the stream while it
 * does so is the promise's, and not an uncaught one.
 */
export function writeTo(stream: Writable, bytes: Buffer): Promise<void> {
  const closed = endedError(stream)
  if (closed !== undefined) return Promise.reject(closed)
  return new Promise((resolve, reject) => {
    const release = (): void => {
      stream.off('error', fail)
      stream.off('close', close)
    }
    const fail = (error: Error): void => {
      release()
      reject(error)
    }
    const close = (): void => fail(endedError(stream) ?? new Error('the stream was closed'))
    stream.on('error', fail)
    stream.on('close', close)
    stream.write(bytes, (error) => {
      // The stream emits the error after this call: its listener stays until then.
      if (error) return reject(error)
      release()
      resolve()
    })
  })
}

/** Why a stream takes nothing more; undefined where it does. */
export function endedError(stream: Writable): Error | undefined {
  if (stream.errored) return stream.errored
  if (stream.destroyed) return new Error('the stream is destroyed')
  return stream.writable ? undefined : new Error('the stream has ended')
}
