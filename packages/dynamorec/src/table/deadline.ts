import { setMaxListeners } from 'node:events'
import { clearTimeout, setTimeout } from '@trace/core/store'

/**
 * Runs a request that is aborted when its time is up or when a signal says so; does not wait for a client that ignores
 * that.
 *
 * @param milliseconds how long it may take
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
        // Before the client's own error comes, which says less.
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
 * A signal of our own that aborts with another's: listeners of all that is under way at once may be on it, of which Node 20
 * warns from the 11th on, and the other signal has none of them.
 */
export function ownSignal(signal: AbortSignal): AbortSignal {
  const own = AbortSignal.any([signal])
  setMaxListeners(0, own)
  return own
}
