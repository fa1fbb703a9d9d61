import { setTimeout as sleep } from 'node:timers/promises'
import { Backlog, type BacklogLimits } from './backlog.js'
import { outsideTraces } from './context.js'
import { forgetLeaver, type Leaver, rememberLeaver } from './exit.js'
import type { Ledger } from './ledger.js'
import { lostSpans, type Recorder } from './recorder.js'
import type { Span } from './span.js'
import { clearTimeout, setImmediate, setTimeout } from './timers.js'
import { printableError, type Warnings } from './warnings.js'

/** A span reaches its recorder within 100 ms: half of that is left for a busy event loop. */
const LINGER_MS = 50

/** What {@link Queue.flush} and {@link Queue.close} say. */
export interface FlushResult {
  /** How many of the spans finished before the call were neither stored nor given up when its deadline came. */
  readonly left: number
}

/** Between finished spans and their recorder: bounded, drained in batches, one of them with the recorder at a time. */
export class Queue implements Leaver {
  readonly #recorder: Recorder
  readonly #ledger: Ledger
  readonly #warnings: Warnings
  readonly #backlog: Backlog
  #inFlight: readonly Span[] = []
  #sentAt = 0
  /** Spans ever taken in, and spans whose fate is known: what is taken in first is settled first. */
  #accepted = 0
  #settled = 0
  #delivering = false
  #timer: NodeJS.Timeout | undefined
  #soon = false
  #closed = false
  readonly #flushes = new Set<{ target: number; done: () => void }>()

  constructor(parts: {
    recorder: Recorder
    ledger: Ledger
    warnings: Warnings
    limits: BacklogLimits
  }) {
    this.#recorder = parts.recorder
    this.#ledger = parts.ledger
    this.#warnings = parts.warnings
    this.#backlog = new Backlog(parts.limits)
  }

  hasRoom(): boolean {
    return !this.#closed && this.#backlog.hasRoom()
  }

  /**
   * Takes in a span that has just finished; it has been asked whether there is room.
   *
   * @param bytes about how much memory it holds
   */
  push(span: Span, bytes: number): void {
    this.#ledger.queue()
    this.#accepted++
    const full = this.#backlog.push(span, bytes)
    if (!this.#delivering) this.#schedule(full)
  }

  /** A span has finished for which there is no room. */
  drop(): void {
    this.#ledger.drop()
    if (this.#closed) {
      this.#warnings.warn('closed', (n) => `${spansAre(n)} dropped: finished after the tracer was closed`)
    } else {
      this.#warnings.warn('dropped', (n) => `${spansAre(n)} dropped: the queue is full, ${this.#bottleneck()}`)
    }
  }

  #bottleneck(): string {
    const { name } = this.#recorder
    const seconds = Math.round((performance.now() - this.#sentAt) / 1000)
    if (this.#inFlight.length > 0 && seconds >= 1) return `and ${name} has been busy with one batch for ${seconds} s`
    return `${name} is too slow for ${this.#backlog.count} spans at once; see the options buffer and bufferBytes`
  }

  #schedule(full: boolean): void {
    if (full && !this.#soon) {
      this.#soon = true
      rememberLeaver(this)
      setImmediate(() => {
        this.#soon = false
        void this.#deliver()
      })
    } else if (this.#timer === undefined) {
      rememberLeaver(this)
      this.#timer = setTimeout(() => void this.#deliver(), LINGER_MS)
      this.#timer.unref()
    }
  }

  async #deliver(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#delivering) return
    this.#delivering = true
    rememberLeaver(this)
    for (let batch = this.#backlog.takeBatch(); batch !== undefined; batch = this.#backlog.takeBatch()) {
      await this.#send(batch)
    }
    this.#delivering = false
    forgetLeaver(this)
  }

  async #send(spans: readonly Span[]): Promise<void> {
    this.#ledger.send(spans.length)
    this.#inFlight = spans
    this.#sentAt = performance.now()
    let lost = 0
    try {
      await outsideTraces(() => this.#recorder.record(spans))
    } catch (error) {
      lost = this.#countLost(spans, error)
    }
    if (this.#inFlight !== spans) return
    this.#inFlight = []
    this.#settle(spans.length, lost)
  }

  #countLost(spans: readonly Span[], error: unknown): number {
    const lost = lostSpans(spans, error)
    const { name } = this.#recorder
    const why = printableError(error)
    const reason = why.startsWith(name) ? why : `${name}: ${why}`
    const message = (n: number): string => `${spansAre(n)} lost: ${reason}`
    this.#warnings.warn('failed', message, lost)
    return lost
  }

  #settle(count: number, lost: number): void {
    this.#ledger.settle(count - lost, lost)
    this.#settled += count
    for (const flush of this.#flushes) if (this.#settled >= flush.target) flush.done()
  }

  /**
   * Delivers what has finished so far, what is in flight included. Never rejects.
   *
   * @param timeout milliseconds
   */
  async flush(timeout: number): Promise<FlushResult> {
    const target = this.#accepted
    if (this.#settled >= target) return { left: 0 }
    void this.#deliver()
    // A recorder that throws has settled all by now.
    if (this.#settled < target) await this.#settledBy(target, timeout)
    return { left: Math.max(0, target - this.#settled) }
  }

  #settledBy(target: number, timeout: number): Promise<void> {
    return new Promise((resolve) => {
      const flush = { target, done }
      const timer = setTimeout(done, timeout)
      this.#flushes.add(flush)
      const flushes = this.#flushes
      function done(): void {
        clearTimeout(timer)
        flushes.delete(flush)
        resolve()
      }
    })
  }

  /**
   * Takes in no more, delivers what it holds, and closes the recorder. What is not delivered by the deadline is dropped.
   * Never rejects.
   *
   * @param timeout milliseconds
   */
  async close(timeout: number): Promise<FlushResult> {
    this.#closed = true
    const deadline = performance.now() + timeout
    const result = await this.flush(timeout)
    this.#dropWaiting()
    await this.#closeRecorder(Math.max(1, deadline - performance.now()))
    this.#warnings.flush()
    return result
  }

  #dropWaiting(): void {
    const count = this.#backlog.takeAll().length
    if (count === 0) return
    this.#settled += count
    this.#ledger.dropQueued(count)
    const { name } = this.#recorder
    this.#warnings.warn('unsent', (n) => `${spansAre(n)} dropped at close: ${name} did not take them in time`, count)
  }

  async #closeRecorder(timeout: number): Promise<void> {
    const deadline = new AbortController()
    try {
      const closed = outsideTraces(() => this.#recorder.close?.())
      await Promise.race([closed, sleep(timeout, undefined, { signal: deadline.signal })])
    } catch (error) {
      this.#warnings.warn('close', () => `${this.#recorder.name} could not be closed: ${printableError(error)}`)
    }
    deadline.abort()
  }

  beforeExit(): void {
    void this.#deliver()
  }

  exit(): void {
    const queued = this.#backlog.takeAll()
    const spans = [...this.#inFlight, ...queued]
    this.#inFlight = []
    this.#ledger.send(queued.length)
    if (spans.length > 0) this.#settle(spans.length, this.#recordAtExit(spans))
    this.#warnings.flush()
  }

  #recordAtExit(spans: readonly Span[]): number {
    const { name } = this.#recorder
    if (this.#recorder.recordSync === undefined) {
      const advice = 'call `await tracer.close()` before the process exits'
      const message = (n: number): string => `${spansAre(n)} lost: ${name} cannot store at exit; ${advice}`
      this.#warnings.warn('exit', message, spans.length)
      return spans.length
    }
    try {
      this.#recorder.recordSync(spans)
      return 0
    } catch (error) {
      return this.#countLost(spans, error)
    }
  }
}

function spansAre(count: number): string {
  return count === 1 ? '1 span was' : `${count} spans were`
}
