import type { Logger } from '../contract/logger.js'
import type { Recorder } from '../contract/recorder.js'
import type { Span } from '../contract/span.js'
import type { StoreFlush, StoreStats } from '../contract/stats.js'
import type { FlushResult } from '../contract/tracer.js'
import { processLogger } from '../values/process-logger.js'
import { monotonic } from '../values/timers.js'
import { Backlog, DEFAULT_LIMITS } from './backlog.js'
import { secondsSince, within } from './deadline.js'
import { Delivery } from './delivery.js'
import { type ExitHook, watchForExit } from './exit.js'
import { Flushes } from './flushes.js'
import { Ledger } from './ledger.js'
import { Losses } from './losses.js'
import { RelayedLedger, RelayedOpenSpans } from './relayed.js'
import { Warnings } from './warnings.js'

/** The default of a tracer, in ms. */
const WARNING_INTERVAL = 10_000

const NOTHING_LOST: FlushResult = { left: 0, lost: 0 }

/** What one of several stores has of the spans, and what waits for it. */
export class StoreQueue implements ExitHook {
  readonly #recorder: Recorder
  readonly #ledger = new Ledger()
  readonly #backlog = new Backlog(DEFAULT_LIMITS)
  readonly #flushes = new Flushes()
  readonly #openSpans = new RelayedOpenSpans()
  /** Undefined where the tracer's ledger is not recorded there. */
  readonly #ledgerSpans: RelayedLedger | undefined
  readonly #delivery: Delivery
  readonly #losses: Losses
  readonly #settled: (spans: readonly Span[], lost: readonly Span[]) => void
  #warnings = new Warnings(processLogger, WARNING_INTERVAL)

  /**
   * @param hasLedger whether the tracer's ledger is recorded there
   * @param settled is told of spans for which it is decided whether this store has them, and which of them it has not
   */
  constructor(
    recorder: Recorder,
    hasLedger: boolean,
    settled: (spans: readonly Span[], lost: readonly Span[]) => void,
  ) {
    this.#recorder = recorder
    this.#settled = settled
    this.#losses = new Losses(recorder, { warn: (...warning) => this.#warnings.warn(...warning) })
    this.#ledgerSpans = hasLedger ? new RelayedLedger(this.#ledger) : undefined
    this.#delivery = new Delivery({
      recorder,
      ledger: this.#ledger,
      losses: this.#losses,
      backlog: this.#backlog,
      flushes: this.#flushes,
      openSpans: this.#openSpans,
      ledgerSpans: this.#ledgerSpans,
      exitHook: this,
      settled,
    })
    watchForExit()
  }

  useLogger(logger: Logger): void {
    this.#warnings.stop()
    this.#warnings = new Warnings(logger, WARNING_INTERVAL)
    this.#recorder.useLogger?.(logger)
  }

  /**
   * Takes in finished spans, as far as there is room. Where nothing waits, there is.
   *
   * @param bytes about how much memory each takes
   */
  take(spans: readonly Span[], bytes: readonly number[]): void {
    const hadNone = this.#backlog.count === 0
    const dropped: Span[] = []
    for (const [at, span] of spans.entries()) {
      this.#ledger.start()
      if (hadNone || this.#backlog.hasRoom()) this.#push(span, bytes[at] ?? 0)
      else {
        this.#ledger.dropFull()
        this.#losses.full(this.#backlog.count, this.#delivery.busy)
        dropped.push(span)
      }
    }
    if (dropped.length > 0) this.#settled(dropped, dropped)
    // They have waited for one another in the tracer's queue.
    this.#backlog.due()
    if (!this.#delivery.isBusy) void this.#delivery.send()
  }

  #push(span: Span, bytes: number): void {
    this.#ledger.queue()
    this.#flushes.accept()
    this.#backlog.push(span, bytes)
  }

  /**
   * Takes in what a tracer records beside finished spans.
   *
   * @param ledger its ledger as a span
   * @returns once there is nothing more to send
   */
  async takeReports(open: readonly Span[], ledger: readonly Span[]): Promise<void> {
    this.#addReports(open, ledger)
    await this.#delivery.sendLast()
  }

  #addReports(open: readonly Span[], ledger: readonly Span[]): void {
    for (const span of open) this.#openSpans.add(span)
    for (const span of ledger) this.#ledgerSpans?.add(span)
  }

  /** Stores these spans synchronously, and all that waits. */
  store(finished: readonly Span[], open: readonly Span[], ledger: readonly Span[]): void {
    for (const span of finished) {
      this.#ledger.start()
      this.#push(span, 0)
    }
    this.#addReports(open, ledger)
    this.exit()
  }

  deliver(): void {
    void this.#delivery.sendLast()
  }

  exit(): void {
    this.#delivery.store()
    this.#warnings.flush()
  }

  get name(): string {
    return this.#recorder.name
  }

  stats(): StoreStats {
    const { queued, inFlight, recorded, dropped, failed } = this.#ledger.stats()
    return { name: this.name, queued, inFlight, recorded, dropped, failed }
  }

  /** Waits for all that it has taken, open spans and the ledger included. @param timeout in ms */
  async flush(timeout: number): Promise<StoreFlush> {
    const begun = monotonic()
    const { lost } = this.#ledger
    const result = this.#flushes.isSettled ? NOTHING_LOST : await this.#settle(timeout)
    await this.#delivery.sent(Math.max(1, timeout - 1_000 * secondsSince(begun)))
    return { name: this.name, left: result.left, lost: lost + result.lost }
  }

  #settle(timeout: number): Promise<FlushResult> {
    const settled = this.#flushes.wait(timeout)
    void this.#delivery.send()
    return settled
  }

  /** Stores what waits, and closes the recorder. What is not stored in time is dropped. @param timeout in ms */
  async close(timeout: number): Promise<void> {
    const begun = monotonic()
    const timeLeft = (): number => Math.max(1, timeout - 1_000 * secondsSince(begun))
    await this.flush(timeout)
    this.#delivery.dropWaiting('close')
    await within(timeLeft(), this.#delivery.sendLast())
    await this.#delivery.close(timeLeft())
    this.#warnings.flush()
  }
}
