import { outsideTraces } from '../context/context.js'
import type { Recorder } from '../contract/recorder.js'
import type { Span } from '../contract/span.js'
import type { FlushResult } from '../contract/tracer.js'
import { monotonic } from '../values/time.js'
import { clearTimeout, setImmediate, setTimeout } from '../values/timers.js'
import { Backlog, type BacklogLimits } from './backlog.js'
import { addExitHook, countFinished, type ExitHook, isExiting, removeExitHook, watchForExit } from './exit.js'
import type { Ledger } from './ledger.js'
import { Losses } from './losses.js'
import type { Warnings } from './warnings.js'

/** A span reaches its recorder within 100 ms; half of this is left for a busy event loop. */
const LINGER_MS = 50

/** Holds finished spans for the recorder. It is bounded, and hands them over in batches, one at a time. */
export class Queue implements ExitHook {
  readonly #recorder: Recorder
  readonly #ledger: Ledger
  readonly #warnings: Warnings
  readonly #losses: Losses
  readonly #backlog: Backlog
  #inFlight: readonly Span[] = []
  /** When the batch in flight was sent, by the monotonic clock. */
  #sentAt = 0n
  /** How many spans were taken in, and how many of them have been settled. The first taken in are the first settled. */
  #accepted = 0
  #settled = 0
  #delivering = false
  /** Whether the recorder is storing synchronously, at exit. */
  #storing = false
  #late = 0
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
    this.#losses = new Losses(parts.recorder, parts.warnings)
    watchForExit()
    this.#backlog = new Backlog(parts.limits)
  }

  hasRoom(): boolean {
    return !this.#closed && this.#backlog.hasRoom()
  }

  /**
   * Takes in a span that has just finished. Ask `hasRoom` before.
   *
   * @param bytes about how much memory the span takes
   */
  push(span: Span, bytes: number): void {
    this.#ledger.queue()
    this.#accepted++
    countFinished()
    const full = this.#backlog.push(span, bytes)
    if (isExiting()) this.#storeLate()
    else if (!this.#delivering) this.#schedule(full)
  }

  /** Counts a finished span for which there is no room. */
  drop(): void {
    this.#ledger.drop()
    if (this.#closed) this.#losses.late()
    else this.#losses.full(this.#backlog.count, this.#inFlight.length > 0 ? secondsSince(this.#sentAt) : 0)
  }

  #schedule(full: boolean): void {
    if (full && !this.#soon) {
      this.#soon = true
      addExitHook(this)
      setImmediate(() => {
        this.#soon = false
        void this.#deliver()
      })
    } else if (this.#timer === undefined) {
      addExitHook(this)
      this.#timer = setTimeout(() => void this.#deliver(), LINGER_MS)
      this.#timer.unref()
    }
  }

  async #deliver(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#delivering) return
    this.#delivering = true
    addExitHook(this)
    for (let batch = this.#backlog.takeBatch(); batch !== undefined; batch = this.#backlog.takeBatch()) {
      await this.#send(batch)
    }
    this.#delivering = false
    removeExitHook(this)
  }

  async #send(spans: readonly Span[]): Promise<void> {
    this.#ledger.send(spans.length)
    this.#inFlight = spans
    this.#sentAt = monotonic()
    let lost = 0
    try {
      // A copy, since a recorder may change the list, and we count by it.
      await outsideTraces(() => this.#recorder.record(spans.slice()))
    } catch (error) {
      lost = this.#losses.failed(spans, error)
    }
    if (this.#inFlight !== spans) return
    this.#inFlight = []
    this.#settle(spans.length, lost)
  }

  #settle(count: number, lost: number): void {
    this.#ledger.settle(count - lost, lost)
    this.#settled += count
    for (const flush of this.#flushes) if (this.#settled >= flush.target) flush.done()
  }

  /**
   * Waits until the spans that have finished so far are settled, those in flight included. Never rejects.
   *
   * @param timeout in ms
   */
  async flush(timeout: number): Promise<FlushResult> {
    const target = this.#accepted
    if (this.#settled >= target) return { left: 0 }
    void this.#deliver()
    // If the recorder throws at once, all is settled by now.
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
   * Takes in no more spans, delivers the waiting ones, and closes the recorder. Those that are not delivered in time are dropped.
   * Never rejects.
   *
   * @param timeout in ms
   */
  async close(timeout: number): Promise<FlushResult> {
    this.#closed = true
    const begun = monotonic()
    const result = await this.flush(timeout)
    this.#dropWaiting('close')
    await this.#closeRecorder(Math.max(1, timeout - 1000 * secondsSince(begun)))
    this.#warnings.flush()
    return result
  }

  #dropWaiting(when: 'close' | 'exit'): void {
    const count = this.#backlog.takeAll().length
    if (count === 0) return
    this.#settled += count
    this.#ledger.dropQueued(count)
    this.#losses.unsent(count, when)
  }

  async #closeRecorder(timeout: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeout)
    })
    try {
      await Promise.race([outsideTraces(() => this.#recorder.close?.()), deadline])
    } catch (error) {
      this.#losses.notClosed(error)
    }
    clearTimeout(timer)
  }

  deliver(): void {
    void this.#deliver()
  }

  exit(): void {
    this.#store()
    this.#warnings.flush()
  }

  /** Stores a span that finished in a listener of `exit` after ours. */
  #storeLate(): void {
    if (this.#storing) return
    this.#store()
    // There may be any number of them, and no interval ends any more.
    if (/^10*$/.test(`${++this.#late}`)) this.#warnings.flush()
  }

  #store(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#storing = true
    const queued = this.#backlog.takeAll()
    const spans = [...this.#inFlight, ...queued]
    this.#inFlight = []
    this.#ledger.send(queued.length)
    if (spans.length > 0) this.#settle(spans.length, this.#recordAtExit(spans))
    this.#storing = false
    // Spans that the recorder itself has finished meanwhile.
    this.#dropWaiting('exit')
  }

  #recordAtExit(spans: readonly Span[]): number {
    if (this.#recorder.recordSync === undefined) {
      this.#losses.atExit(spans.length)
      return spans.length
    }
    try {
      this.#recorder.recordSync(spans.slice())
      return 0
    } catch (error) {
      return this.#losses.failed(spans, error)
    }
  }
}

function secondsSince(moment: bigint): number {
  return Number(monotonic() - moment) / 1e9
}
