import { isThenable, type Method, methodOf, read } from './wrapping.js'

/** Is called when something is done: with its error, or with what it gave. */
export type Settled = (error: unknown, result?: unknown) => void

/** A promise that settles the same way as another, after its span has finished. It is handled only if the program handles it. */
export function settlingAlike(promise: PromiseLike<unknown>, settled: Settled): PromiseLike<unknown> {
  return promise.then(fulfilledBy(undefined, settled), rejectedBy(undefined, settled))
}

/** What is given to `then` for when a promise is fulfilled. */
export function fulfilledBy(fulfilled: Method | undefined, settled: Settled): (result: unknown) => unknown {
  return (result) => {
    settled(undefined, result)
    return fulfilled === undefined ? result : fulfilled(result)
  }
}

/** What is given to `then` for when a promise is rejected. */
export function rejectedBy(rejected: Method | undefined, settled: Settled): (error: unknown) => unknown {
  return (error) => {
    settled(error ?? new Error(String(error)))
    if (rejected === undefined) throw error
    return rejected(error)
  }
}

/**
 * An iterator of batches of rows that gives the same as another, and tells when that has ended: because there are no more, because one
 * failed, or because the program wants no more.
 *
 * @param sizeOf how many rows are in what it gives
 * @param settled gets their sum
 */
export function endingIterator(
  iterator: AsyncIterator<unknown>,
  sizeOf: (value: unknown) => number,
  settled: Settled,
): AsyncIterableIterator<unknown> {
  let rows = 0
  const given: Settled = (error, result) => {
    if (error !== undefined) settled(error)
    else if (read(result, 'done') === true) settled(undefined, rows)
    else rows += sizeOf(read(result, 'value'))
  }
  const call = (name: string, told: Settled, args: readonly unknown[]): Promise<IteratorResult<unknown>> => {
    const result = Reflect.apply(methodOf(iterator, name) ?? iterator.next, iterator, args)
    if (isThenable(result)) return settlingAlike(result, told) as Promise<IteratorResult<unknown>>
    told(undefined, result)
    return result
  }
  const ending: AsyncIterableIterator<unknown> = {
    next: (...args) => call('next', given, args),
    [Symbol.asyncIterator]: () => ending,
  }
  const ended: Settled = (error) => settled(error, rows)
  for (const name of ['return', 'throw'] as const) {
    if (methodOf(iterator, name) !== undefined) ending[name] = (...args) => call(name, ended, args)
  }
  return ending
}
