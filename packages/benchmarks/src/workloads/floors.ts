// What tracing costs at least, written by hand.
import { AsyncLocalStorage } from 'node:async_hooks'
import { randomFillSync } from 'node:crypto'
import { repeat, type Workload } from './workload.js'

interface HandWritten {
  readonly id: bigint
  readonly trace: bigint
  readonly start: bigint
  finish: bigint
}

function idsByHand(): () => bigint {
  const ids = new BigUint64Array(1_024)
  let next = ids.length
  return () => {
    if (next === ids.length) {
      randomFillSync(ids)
      next = 0
    }
    return ids[next++] ?? 0n
  }
}

/** The least that a span needs: two random ids, a context, two times and an object. */
export function floor(operations: number, fn: () => void): Workload {
  const context = new AsyncLocalStorage<HandWritten>()
  const id = idsByHand()
  let last: HandWritten | undefined
  const once = (): void => {
    const active: HandWritten = { id: id(), trace: id(), start: process.hrtime.bigint(), finish: 0n }
    context.run(active, fn)
    active.finish = process.hrtime.bigint()
    last = active
  }
  return {
    ...repeat(operations, once),
    verify: () => {
      if (last === undefined) throw new Error('no span was made')
    },
  }
}

const NONE_HELD: readonly HandHeld[] = []

interface HandHeld {
  readonly first: HandHeld | undefined
  readonly start: bigint
  finish: bigint
  /** Those below it that have finished. */
  held: readonly HandHeld[]
}

/** The least that holds a trace of two spans until it ends: a context, two times and an object for each, an id, and a list. */
export function heldFloor(operations: number, fn: () => void): Workload {
  const context = new AsyncLocalStorage<HandHeld>()
  const id = idsByHand()
  let ended = 0n
  const run = (active: HandHeld, inner: () => void): void => {
    context.run(active, inner)
    active.finish = process.hrtime.bigint()
    const { first } = active
    if (first !== undefined) first.held = [active]
    else if (active.finish - active.start < 60_000_000_000n) active.held = NONE_HELD
  }
  const begin = (first?: HandHeld): HandHeld => ({ first, start: process.hrtime.bigint(), finish: 0n, held: NONE_HELD })
  const child = (): void => run(begin(context.getStore()), fn)
  const once = (): void => {
    ended = id()
    run(begin(), child)
  }
  return {
    ...repeat(operations, once),
    verify: () => {
      if (ended === 0n) throw new Error('no trace was made')
    },
  }
}
