import { outsideTraces } from './context.js'
import { forgetLeaver, type Leaver, rememberLeaver } from './exit.js'
import type { Ledger } from './ledger.js'
import type { Recorder } from './recorder.js'
import type { Span } from './span.js'
import { printableError, type Warnings } from './warnings.js'

/** A span reaches its recorder within 100 ms: half of that is left for a busy event loop. */
const LINGER_MS = 50

/** What {@link Queue.flush} and {@link Queue.close} say. */
export interface FlushResult {
  /** How many of the spans finished before the call were neither stored nor given up when its deadline came. */
  readonly left: number
}

/** How much a queue holds. */
export interface QueueLimits {
  readonly spans: number
  readonly bytes: number
  readonly batch: number
}

interface Batch {
  readonly spans: Span[]
  bytes: number
}

/** Between finished spans and their recorder: bounded, drained in batches, one of them with the recorder at a time. */
export class Queue implements Leaver {
  readonly #recorder: Recorder
  readonly #ledger: Ledger
  readonly #warnings: Warnings
  readonly #limits: QueueLimits
  /** Oldest first; only the last may be short of full. */
  #batches: Batch[] = []
  #waiting = 0
  #waitingBytes = 0
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
    limits: QueueLimits
  }) {
    this.#recorder = parts.recorder
    this.#ledger = parts.ledger
    this.#warnings = parts.warnings
    this.#limits = parts.limits
  }

  hasRoom(): boolean {
    return !this.#closed && this.#waiting < this.#limits.spans && this.#waitingBytes < this.#limits.bytes
  }

  /**
   * Takes in a span that has just finished; it has been asked whether there is room.
   *
   * @param bytes about how much memory it holds
   */
  push(span: Span, bytes: number): void {
    const batchSize = this.#limits.batch
    this.#ledger.queue()
    this.#accepted++
    this.#waiting++
    this.#waitingBytes += bytes
    let last = this.#batches.at(-1)
    if (last === undefined || last.spans.length >= batchSize) {
      last = { spans: [], bytes: 0 }
      this.#batches.push(last)
    }
    last.spans.push(span)
    last.bytes += bytes
    if (!this.#delivering) this.#schedule(last.spans.length >= batchSize)
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
    return `${name} is too slow for ${this.#waiting} spans at once; see the options buffer and bufferBytes`
  }

  #schedule(full: boolean): void {
    if (full && !this.#soon) {
      this.#soon = true
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
    for (let batch = this.#batches.shift(); batch !== undefined; batch = this.#batches.shift()) {
      this.#waiting -= batch.spans.length
      this.#waitingBytes -= batch.bytes
      await this.#send(batch.spans)
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
    this.#warnings.warn('failed', (times) => {
      const more = times > 1 ? ` (the latest of ${times} such failures)` : ''
      return `${spansAre(lost)} lost by ${this.#recorder.name}: ${printableError(error)}${more}`
    })
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
    await this.#settledBy(target, timeout)
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
    const count = this.#waiting
    if (count === 0) return
    this.#batches = []
    this.#waiting = 0
    this.#waitingBytes = 0
    this.#settled += count
    this.#ledger.dropQueued(count)
    this.#warnings.warn('dropped', () => `${spansAre(count)} dropped: ${this.#recorder.name} did not take them in time`)
  }

  async #closeRecorder(timeout: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeout)
    })
    try {
      await Promise.race([outsideTraces(() => this.#recorder.close?.()), deadline])
    } catch (error) {
      this.#warnings.warn('close', () => `${this.#recorder.name} could not be closed: ${printableError(error)}`)
    }
    clearTimeout(timer)
  }

  beforeExit(): void {
    void this.#deliver()
  }

  exit(): void {
    const queued = this.#batches.flatMap((batch) => batch.spans)
    const spans = [...this.#inFlight, ...queued]
    this.#inFlight = []
    this.#batches = []
    this.#ledger.send(queued.length)
    if (spans.length > 0) this.#settle(spans.length, this.#recordAtExit(spans))
    this.#warnings.flush()
  }

  #recordAtExit(spans: readonly Span[]): number {
    const { name } = this.#recorder
    if (this.#recorder.recordSync === undefined) {
      const advice = 'call `await tracer.close()` before the process exits'
      this.#warnings.warn('exit', () => `${spansAre(spans.length)} lost: ${name} cannot store at exit; ${advice}`)
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

/** How many of a batch an error says are not stored. The error may come from another copy of this package. */
function lostSpans(spans: readonly Span[], error: unknown): number {
  if (!(error instanceof Error) || error.name !== 'RecordError') return spans.length
  const named: unknown = Reflect.get(error, 'spans')
  if (!Array.isArray(named)) return spans.length
  const ids = new Set(
    named.map((span: unknown) => (typeof span === 'object' && span !== null ? Reflect.get(span, 'spanId') : 0n)),
  )
  return spans.filter((span) => ids.has(span.spanId)).length
}

function spansAre(count: number): string {
  return count === 1 ? '1 span was' : `${count} spans were`
}
