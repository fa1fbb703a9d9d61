import { outsideTraces } from '../context/context.js'
import type { Span } from '../contract/span.js'
import type { StoreFlush } from '../contract/stats.js'
import { clearTimeout, monotonic, setTimeout } from '../values/timers.js'
import type { Backlog, WaitingBatch } from './backlog.js'
import { secondsSince, within } from './deadline.js'
import { addExitHook, type ExitHook, removeExitHook } from './exit.js'
import type { Flushes } from './flushes.js'
import type { Ledger } from './ledger.js'
import { isPassing, unstoredSpans } from './losses.js'
import { type ReportParts, Reports } from './reports.js'

/** Time until spans are tried again: after the first failure, doubled by each further one, and at most. In ms. */
const FIRST_DELAY = 100
const MAX_DELAY = 2_000

/** What a delivery works on. */
export interface DeliveryParts extends ReportParts {
  readonly ledger: Ledger
  readonly backlog: Backlog
  readonly flushes: Flushes
  /** Is to be called when the process ends, while there is something to store. */
  readonly exitHook: ExitHook
  /** Is told of spans for which it is decided whether they are stored, and which of them are not. */
  settled?(spans: readonly Span[], lost: readonly Span[]): void
}

const NONE: readonly Span[] = []

/** Gives what waits to the recorder, one `record` at a time, and synchronously at exit. */
export class Delivery {
  readonly #parts: DeliveryParts
  readonly #reports: Reports
  #inFlight: readonly Span[] = NONE
  /** When the batch in flight was sent, by the monotonic clock. */
  #sentAt = 0n
  #isSending = false
  /** The last sending. Settles once there was nothing more to send. */
  #sending: Promise<void> | undefined
  #isStoring = false
  /** Whether spans that are not stored are lost, though they might be tried again. */
  #givesUp = false
  #isClosed = false
  /** Whether sending has stopped, to try again later. */
  #isPaused = false
  /** Time until the next try, in ms; 0 while the recorder stores what it gets. */
  #delay = 0
  #retry: NodeJS.Timeout | undefined

  constructor(parts: DeliveryParts) {
    this.#parts = parts
    this.#reports = new Reports(parts)
  }

  /** Whether what waits is being sent, or will be tried again later. */
  get isBusy(): boolean {
    return this.#isSending || this.#retry !== undefined
  }

  /** Whether the recorder is storing synchronously, at exit. */
  get isStoring(): boolean {
    return this.#isStoring
  }

  /** How many spans the recorder has, and has not answered for. */
  get inFlight(): number {
    return this.#inFlight.length
  }

  /** How long the recorder has been storing one batch, in seconds; 0 if it is storing none. */
  get busy(): number {
    return this.#inFlight.length > 0 ? secondsSince(this.#sentAt) : 0
  }

  /** Sends all that is ready. @returns once there is nothing more to send */
  send(): Promise<void> | undefined {
    if (!this.#isSending) {
      this.#isSending = true
      this.#stopRetry()
      this.#sending = this.#sendAll()
    }
    return this.#sending
  }

  /** Sends all that is ready, then the spans that are open, and the ledger at last if it has changed. */
  sendLast(): Promise<void> | undefined {
    this.#reports.atLast()
    return this.send()
  }

  /** Waits until what is being sent is sent, or is to be tried again. @param timeout in ms */
  async sent(timeout: number): Promise<void> {
    if (this.#isSending) await within(timeout, this.#sending)
  }

  async #sendAll(): Promise<void> {
    addExitHook(this.#parts.exitHook)
    this.#isPaused = false
    this.#reports.begin()
    for (let sent = this.#sendNext(); sent !== undefined; sent = this.#isPaused ? undefined : this.#sendNext()) {
      await sent
    }
    this.#isSending = false
    if (this.#isPaused) {
      this.#retry = setTimeout(() => void this.send(), this.#delay)
      this.#retry.unref()
    } else this.rest()
  }

  /** Is not called at exit any more, if there is nothing to store then. */
  rest(): void {
    const { backlog, exitHook } = this.#parts
    if (!this.#isSending && backlog.count === 0 && !this.#reports.isWaiting) removeExitHook(exitHook)
  }

  /** @returns undefined if there is nothing to send */
  #sendNext(): Promise<void> | undefined {
    if (this.#isClosed) return undefined
    const { backlog } = this.#parts
    const report = this.#reports.send(backlog.isCrowded)
    if (report !== undefined) return report
    if (this.#reports.isLast) backlog.due()
    const batch = backlog.takeBatch()
    return batch === undefined ? this.#reports.sendLast() : this.#sendBatch(batch)
  }

  async #sendBatch(batch: WaitingBatch): Promise<void> {
    const { recorder, ledger, losses } = this.#parts
    const { spans } = batch
    ledger.send(spans.length)
    this.#inFlight = spans
    this.#sentAt = monotonic()
    let lost = NONE
    try {
      // A copy, since a recorder may change the list, and we count by it.
      await outsideTraces(() => recorder.record(spans.slice()))
      this.#delay = 0
      losses.recovered()
    } catch (error) {
      const unstored = unstoredSpans(spans, error)
      if (unstored.length > 0 && isPassing(error) && !this.#givesUp) return this.#tryLater(batch, unstored, error)
      lost = unstored
      losses.failed(lost.length, error)
    }
    if (this.#inFlight !== spans) return
    this.#inFlight = NONE
    this.#settle(spans, lost)
  }

  #tryLater(batch: WaitingBatch, unstored: readonly Span[], error: unknown): void {
    // At exit it was stored, or lost, meanwhile.
    if (this.#inFlight !== batch.spans) return
    const { backlog, ledger, losses } = this.#parts
    this.#inFlight = NONE
    this.#isPaused = true
    this.#delay = Math.min(MAX_DELAY, 2 * this.#delay || FIRST_DELAY)
    losses.waiting(unstored.length, error)
    backlog.putBack(unstored, batch)
    ledger.putBack(unstored.length)
    const stored = batch.spans.filter((span) => !unstored.includes(span))
    if (stored.length > 0) this.#settle(stored, NONE)
  }

  #stopRetry(): void {
    clearTimeout(this.#retry)
    this.#retry = undefined
  }

  #settle(spans: readonly Span[], lost: readonly Span[]): void {
    const { ledger, flushes } = this.#parts
    ledger.settle(spans.length - lost.length, lost.length)
    flushes.settle(spans.length, lost.length)
    if (lost.length > 0) this.#reports.lost()
    this.#parts.settled?.(spans, lost)
  }

  /** Drops what waits. */
  dropWaiting(when: 'close' | 'exit'): void {
    if (when === 'close') this.#givesUp = true
    const { backlog, ledger, flushes, losses } = this.#parts
    const spans = backlog.takeAll()
    const count = spans.length
    if (count === 0) return
    ledger.dropQueued(count)
    flushes.settle(count, count)
    losses.unsent(count, when)
    this.#parts.settled?.(spans, spans)
  }

  /** Waits for what a recorder of several stores has taken. @param timeout in ms @returns undefined if it has one store */
  async flushStores(timeout: number): Promise<readonly StoreFlush[] | undefined> {
    try {
      return await outsideTraces(() => this.#parts.recorder.flush?.(timeout))
    } catch {
      return undefined
    }
  }

  /** Sends nothing more, and closes the recorder. Never rejects. @param timeout in ms */
  async close(timeout: number): Promise<void> {
    this.#isClosed = true
    this.#stopRetry()
    const { recorder, losses } = this.#parts
    this.#reports.close(this.#isSending)
    try {
      const closed = outsideTraces(() => recorder.close?.(timeout))
      await within(timeout, closed)
    } catch (error) {
      losses.notClosed(error)
    }
  }

  /** Stores synchronously what is in flight, what waits, what is open, and the ledger. */
  store(): void {
    const { backlog, ledger } = this.#parts
    this.#isStoring = true
    this.#stopRetry()
    this.#reports.storeInFlight()
    const queued = backlog.takeAll()
    const spans = [...this.#inFlight, ...queued]
    this.#inFlight = NONE
    ledger.send(queued.length)
    if (spans.length > 0) this.#settle(spans, this.#storeSpans(spans))
    this.#reports.storeOpen()
    // Spans that the recorder itself has finished meanwhile.
    this.dropWaiting('exit')
    this.#reports.storeLedger()
    this.#isStoring = false
    this.dropWaiting('exit')
  }

  /** @returns those that are lost */
  #storeSpans(spans: readonly Span[]): readonly Span[] {
    const { recorder, losses } = this.#parts
    if (recorder.recordSync === undefined) {
      losses.atExit(spans.length)
      return spans
    }
    try {
      recorder.recordSync(spans.slice())
      return NONE
    } catch (error) {
      const lost = unstoredSpans(spans, error)
      losses.failed(lost.length, error)
      return lost
    }
  }
}
