import type { Child } from './child.js'

/** V8 has optimized the code of a request after about 100,000 requests. */
const ROUND_MS = 2_000
const ROUNDS = 3
const QUICK_MS = 5

/**
 * Brings a child into the state in which a service spends most of its life: it is warm, and V8 has collected all garbage
 * several times.
 *
 * @param work has the child do what will be measured, for a number of milliseconds
 */
export async function reachSteadyState(
  child: Child,
  work: (milliseconds: number) => Promise<unknown>,
  quick: boolean,
): Promise<void> {
  for (let round = 0; round < (quick ? 1 : ROUNDS); round++) {
    await work(quick ? QUICK_MS : ROUND_MS)
    await child.ask({ collect: true })
  }
  await work(quick ? QUICK_MS : ROUND_MS)
}
