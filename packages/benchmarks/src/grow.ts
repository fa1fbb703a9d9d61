import type { Servant } from './processes.js'

/** V8 is done with optimizing what a request runs through after some 100,000 of them. */
const ROUND_MS = 2_000
const ROUNDS = 3
const QUICK_MS = 5

/**
 * Brings a process into the state in which it is for most of its life: warm, and with collections of all garbage behind it,
 * see `collectGarbage`.
 *
 * @param work has it do, for so many milliseconds, what will be measured
 */
export async function grow(
  servant: Servant,
  work: (milliseconds: number) => Promise<unknown>,
  quick: boolean,
): Promise<void> {
  for (let round = 0; round < (quick ? 1 : ROUNDS); round++) {
    await work(quick ? QUICK_MS : ROUND_MS)
    await servant.ask({ collect: true })
  }
  await work(quick ? QUICK_MS : ROUND_MS)
}
