import type { FlushResult } from '../contract/tracer.js'
import { clearTimeout, setTimeout } from '../values/timers.js'

interface Flush {
  /** How many spans must be settled. */
  readonly target: number
  /** How many of them the recorder has lost since the flush began. */
  lost: number
  readonly done: () => void
}

/** Counts the spans that were taken in and those that are settled, and tells who waits for them. The first in are the first settled. */
export class Flushes {
  #accepted = 0
  #settled = 0
  readonly #waiting = new Set<Flush>()

  accept(): void {
    this.#accepted++
  }

  /** Whether all that was taken in is settled. */
  get isSettled(): boolean {
    return this.#settled >= this.#accepted
  }

  /** @param lost how many of the spans are not stored */
  settle(count: number, lost: number): void {
    this.#settled += count
    for (const flush of this.#waiting) {
      flush.lost += lost
      if (this.#settled >= flush.target) flush.done()
    }
  }

  /**
   * Waits until all that was taken in so far is settled.
   *
   * @param timeout in ms
   */
  async wait(timeout: number): Promise<FlushResult> {
    const target = this.#accepted
    const flush = { target, lost: 0, done: (): void => {} }
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => flush.done(), timeout)
      flush.done = () => {
        clearTimeout(timer)
        this.#waiting.delete(flush)
        resolve()
      }
      this.#waiting.add(flush)
    })
    return { left: Math.max(0, target - this.#settled), lost: flush.lost }
  }
}
