import { clearTimeout, setImmediate, setTimeout } from '../values/timers.js'
import type { Backlog } from './backlog.js'
import type { Delivery } from './delivery.js'

/** A span reaches its recorder within 100 ms; half of this is left for a busy event loop. */
const LINGER_MS = 50

/** When what waits is delivered: soon where a batch is full, otherwise after a while. */
export class Schedule {
  readonly #backlog: Backlog
  readonly #delivery: Delivery
  #timer: NodeJS.Timeout | undefined
  #soon = false

  constructor(backlog: Backlog, delivery: Delivery) {
    this.#backlog = backlog
    this.#delivery = delivery
  }

  /** Whether it is planned to deliver what comes now after a while. */
  get isWaiting(): boolean {
    return this.#timer !== undefined
  }

  /** @param full whether a batch is full. What comes after it waits for the time from then on, so that batches are few and large */
  plan(full: boolean): void {
    if (!full) {
      this.#timer = setTimeout(() => this.#linger(), LINGER_MS)
      this.#timer.unref()
      return
    }
    this.stop()
    if (this.#soon || this.#delivery.isBusy) return
    this.#soon = true
    setImmediate(() => {
      this.#soon = false
      if (!this.#delivery.isBusy) void this.#delivery.send()
    })
  }

  #linger(): void {
    // What is being sent, or waits to be tried again, takes with it what is due by then.
    if (this.#delivery.isBusy) {
      this.#timer = undefined
      this.#backlog.due()
    } else this.deliver()
  }

  /** Delivers all that waits now. */
  deliver(): void {
    this.stop()
    this.#backlog.due()
    void this.#delivery.send()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
