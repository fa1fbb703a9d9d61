import type { Context } from './context.js'

/** After which time a person wants to know that something goes on, in ms. */
const PATIENCE = 1_000
/** Time between two writes, in ms. */
const INTERVAL = 200

/** A line on standard error that says how far a command is, once it takes over a second, and where a person sees it. */
export class Progress {
  readonly #context: Context
  readonly #what: string
  readonly #since: number
  #next: number
  #shown = false
  #count = 0

  /** @param what is counted, such as `spans read` */
  constructor(context: Context, what: string) {
    this.#context = context
    this.#what = what
    this.#since = context.now()
    this.#next = this.#since + PATIENCE
  }

  /** Counts some more. */
  step(count: number): void {
    this.#count += count
    if (this.#context.process.stderr.isTTY !== true) return
    const now = this.#context.now()
    if (now < this.#next) return
    this.#next = now + INTERVAL
    this.#shown = true
    const seconds = Math.round((now - this.#since) / 1_000)
    this.#context.process.stderr.write(`\r${this.#count.toLocaleString('en')} ${this.#what}, ${seconds} s\u001b[K`)
  }

  /** Takes the line away. */
  end(): void {
    if (this.#shown) this.#context.process.stderr.write('\r\u001b[K')
    this.#shown = false
  }
}
