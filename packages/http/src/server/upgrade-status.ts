import type { Duplex } from 'node:stream'

/** The status line of HTTP, as programs write it on a connection that asked to be upgraded. */
const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})[ \r]/

/**
 * Tells, once, the status that the program answers an upgrade with: it writes that on the connection itself.
 *
 * @param tell gets undefined where what is written is no response
 */
export function watchFirstWrite(socket: Duplex | undefined, tell: (status: number | undefined) => void): void {
  if (typeof socket?.write !== 'function') return
  const { write, end } = socket
  let isWatching = true
  const look = (chunk: unknown): void => {
    if (!isWatching) return
    isWatching = false
    // Removed, unless they have been wrapped since, so that later writes cost nothing more.
    if (socket.write === writeWatched) socket.write = write
    if (socket.end === endWatched) socket.end = end
    tell(statusOf(chunk))
  }
  const writeWatched = function (this: Duplex, ...args: unknown[]): boolean {
    look(args[0])
    return Reflect.apply(write, this, args)
  }
  const endWatched = function (this: Duplex, ...args: unknown[]): Duplex {
    if (typeof args[0] === 'string' || args[0] instanceof Uint8Array) look(args[0])
    return Reflect.apply(end, this, args)
  }
  socket.write = writeWatched
  socket.end = endWatched
}

function statusOf(chunk: unknown): number | undefined {
  const text = typeof chunk === 'string' ? chunk : chunk instanceof Uint8Array ? latin1(chunk) : ''
  const status = STATUS_LINE.exec(text)?.[1]
  return status === undefined ? undefined : Number(status)
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 16)).toString('latin1')
}
