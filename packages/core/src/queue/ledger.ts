import type { Stats } from '../contract/stats.js'

type State = Exclude<keyof Stats, 'started' | 'badInput'>

/** Counts spans by state. Each span is in exactly one state, and every change of state is a method here. */
export class Ledger {
  #started = 0
  #badInput = 0
  readonly #in: Record<State, number> = {
    open: 0,
    held: 0,
    unsampled: 0,
    queued: 0,
    inFlight: 0,
    recorded: 0,
    dropped: 0,
    failed: 0,
  }

  start(): void {
    this.#started++
    this.#in.open++
  }

  /** A span of a trace that is not sampled starts. */
  startUnsampled(): void {
    this.#started++
    this.#in.unsampled++
  }

  queue(): void {
    this.#in.open--
    this.#in.queued++
  }

  /** An open span finishes, and is lost: there is no room, or the tracer is closed. */
  drop(): void {
    this.#in.open--
    this.#in.dropped++
  }

  /** Queued spans are lost: the tracer closes before the recorder takes them. */
  dropQueued(count: number): void {
    this.#in.queued -= count
    this.#in.dropped += count
  }

  /** Queued spans are given to the recorder. */
  send(count: number): void {
    this.#in.queued -= count
    this.#in.inFlight += count
  }

  /** The recorder has answered for spans in flight. */
  settle(recorded: number, failed: number): void {
    this.#in.inFlight -= recorded + failed
    this.#in.recorded += recorded
    this.#in.failed += failed
  }

  countBadInput(): void {
    this.#badInput++
  }

  stats(): Stats {
    return { started: this.#started, ...this.#in, badInput: this.#badInput }
  }
}
