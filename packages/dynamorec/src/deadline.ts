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
  const onTime = (): void => abort.abort(new DOMException(`no answer within ${milliseconds} ms`, 'TimeoutError'))
  const onSignal = (): void => abort.abort(signal?.reason)
  const timer = setTimeout(onTime, milliseconds)
  signal?.addEventListener('abort', onSignal)
  try {
    const aborted = new Promise<never>((_, reject) => {
      abort.signal.addEventListener('abort', () => reject(abort.signal.reason))
    })
    return await Promise.race([request(abort.signal), aborted])
  } catch (error) {
    throw abort.signal.aborted ? abort.signal.reason : error
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onSignal)
  }
}
