import { setMaxListeners } from 'node:events'
import { clearTimeout, setTimeout } from '@trace/core/store'

/**
 * Runs a request, and aborts it when its time is up or a signal aborts. Does not wait for a client that ignores that.
 *
 * @param milliseconds its time
 * @param signal ends it early
 * @throws the signal's reason, a `TimeoutError`, or what the request throws
 */
export async function withDeadline<T>(
  milliseconds: number,
  signal: AbortSignal | undefined,
  request: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted()
  const abort = new AbortController()
  let end: (reason: unknown) => void = () => {}
  const onTime = (): void => end(new DOMException(`no answer within ${milliseconds} ms`, 'TimeoutError'))
  const onSignal = (): void => end(signal?.reason)
  const timer = setTimeout(onTime, milliseconds)
  signal?.addEventListener('abort', onSignal)
  try {
    return await new Promise<T>((resolve, reject) => {
      end = (reason) => {
        // Before the abort, because the client's own error says less.
        reject(reason)
        abort.abort(reason)
      }
      request(abort.signal).then(resolve, reject)
    })
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onSignal)
  }
}

/**
 * A signal that aborts together with another. All requests under way listen to it, without a warning: Node 20 warns of the 11th
 * listener on an ordinary signal.
 */
export function ownSignal(signal: AbortSignal): AbortSignal {
  const own = AbortSignal.any([signal])
  setMaxListeners(0, own)
  return own
}
