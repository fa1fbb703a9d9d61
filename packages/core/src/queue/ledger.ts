import type { Stats } from '../contract/stats.js'

type State = Exclude<keyof Stats, 'started' | 'dropped' | 'badInput' | 'stores'> | 'droppedFull' | 'droppedClosed'

/** What the ledger span of a process states, each since the tracer was created. */
export interface Account {
  readonly started: number
  readonly unsampled: number
  readonly recorded: number
  readonly 'dropped.queue_full': number
  readonly 'dropped.closed': number
  readonly failed: number
}

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
    droppedFull: 0,
    droppedClosed: 0,
    failed: 0,
  }
  /** Called when no span is on its way any more. */
  #idle: (() => void)[] = []
  /** Called at the next change, once. */
  #changed: (() => void) | undefined

  start(): void {
    this.#started++
    this.#in.open++
    if (this.#changed !== undefined) this.#tell()
  }

  /** A span of a trace that is not sampled starts. */
  startUnsampled(): void {
    this.#started++
    this.#in.unsampled++
    if (this.#changed !== undefined) this.#tell()
  }

  queue(): void {
    this.#in.open--
    this.#in.queued++
  }

  /** An open span finishes while it is undecided whether its trace is kept. */
  hold(): void {
    this.#in.open--
    this.#in.held++
  }

  /** The trace of a held span is kept: it is queued or dropped next, as an open one. */
  recall(): void {
    this.#in.held--
    this.#in.open++
  }

  /** A span of a trace that is not kept: one that is held, or an open one that finishes. */
  letGo(isHeld: boolean): void {
    if (isHeld) this.#in.held--
    else this.#in.open--
    this.#in.unsampled++
    if (this.#idle.length > 0) this.#tellIdle()
    if (this.#changed !== undefined) this.#tell()
  }

  /** An open span finishes, and is lost: the queue is full. */
  dropFull(): void {
    this.#in.open--
    this.#in.droppedFull++
    if (this.#idle.length > 0) this.#tellIdle()
    if (this.#changed !== undefined) this.#tell()
  }

  /** An open span finishes, and is lost: the tracer is closed. */
  dropClosed(): void {
    this.#in.open--
    this.#in.droppedClosed++
    if (this.#idle.length > 0) this.#tellIdle()
    if (this.#changed !== undefined) this.#tell()
  }

  /** Queued spans are lost: the tracer closes before the recorder takes them. */
  dropQueued(count: number): void {
    this.#in.queued -= count
    this.#in.droppedClosed += count
    if (this.#idle.length > 0) this.#tellIdle()
    if (this.#changed !== undefined) this.#tell()
  }

  /** Queued spans are given to the recorder. */
  send(count: number): void {
    this.#in.queued -= count
    this.#in.inFlight += count
  }

  /** Spans in flight are not stored, and are to be tried again. */
  putBack(count: number): void {
    this.#in.inFlight -= count
    this.#in.queued += count
  }

  /** The recorder has answered for spans in flight. */
  settle(recorded: number, failed: number): void {
    this.#in.inFlight -= recorded + failed
    this.#in.recorded += recorded
    this.#in.failed += failed
    if (this.#idle.length > 0) this.#tellIdle()
    if (this.#changed !== undefined) this.#tell()
  }

  countBadInput(): void {
    this.#badInput++
  }

  get open(): number {
    return this.#in.open
  }

  /** How many spans were dropped so far. */
  get dropped(): number {
    return this.#in.droppedFull + this.#in.droppedClosed
  }

  /** How many spans are lost so far. */
  get lost(): number {
    return this.dropped + this.#in.failed
  }

  /** Calls a function at the next change, once. */
  onChange(changed: (() => void) | undefined): void {
    this.#changed = changed
  }

  /** Waits until no span is on its way: each is recorded, lost, or not sampled. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idle.push(resolve)
      this.#tellIdle()
    })
  }

  account(): Account {
    const { unsampled, recorded, droppedFull, droppedClosed, failed } = this.#in
    return {
      started: this.#started,
      unsampled,
      recorded,
      'dropped.queue_full': droppedFull,
      'dropped.closed': droppedClosed,
      failed,
    }
  }

  stats(): Stats {
    const { droppedFull, droppedClosed, failed, ...states } = this.#in
    return { started: this.#started, ...states, dropped: droppedFull + droppedClosed, failed, badInput: this.#badInput }
  }

  #tellIdle(): void {
    const { open, held, queued, inFlight } = this.#in
    if (open + held + queued + inFlight > 0) return
    const waiting = this.#idle
    this.#idle = []
    for (const resolve of waiting) resolve()
  }

  #tell(): void {
    const changed = this.#changed
    this.#changed = undefined
    changed?.()
  }
}
