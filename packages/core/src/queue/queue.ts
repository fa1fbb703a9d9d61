import type { Recorder } from '../contract/recorder.js'
import type { Span } from '../contract/span.js'
import type { StoreFlush } from '../contract/stats.js'
import type { FlushResult } from '../contract/tracer.js'
import { monotonic } from '../values/timers.js'
import { Backlog, type BacklogLimits, type Unmade } from './backlog.js'
import { secondsSince, within } from './deadline.js'
import { Delivery } from './delivery.js'
import { addExitHook, countFinished, type ExitHook, isExiting, watchForExit } from './exit.js'
import { Flushes } from './flushes.js'
import type { Ledger } from './ledger.js'
import { type LedgerSource, LedgerSpans } from './ledger-spans.js'
import { Losses } from './losses.js'
import { type OpenSpan, OpenSpans } from './open-spans.js'
import { Schedule } from './schedule.js'
import type { Warnings } from './warnings.js'

/** Holds finished spans for the recorder. It is bounded, and hands them over in batches, one at a time. */
export class Queue<S extends OpenSpan<S>> implements ExitHook {
  readonly #ledger: Ledger
  readonly #warnings: Warnings
  readonly #losses: Losses
  readonly #backlog: Backlog
  readonly #flushes = new Flushes()
  /** Undefined where the ledger is not recorded. */
  readonly #ledgerSpans: LedgerSpans | undefined
  readonly #openSpans: OpenSpans<S>
  readonly #delivery: Delivery
  readonly #beforeEnd: () => void
  #late = 0
  readonly #schedule: Schedule
  #closed = false
  /** How many spans have finished since then. */
  #tooLate = 0
  /** Whether it exits, and what it gets now will be stored with all else. */
  #isEnding = false

  constructor(parts: {
    recorder: Recorder
    ledger: Ledger
    warnings: Warnings
    limits: BacklogLimits
    /** How long spans are open before they are recorded as open, in ms; false if they never are. */
    openAfter: number | false
    /** Called before what waits is sent or stored for the last time. */
    beforeEnd(): void
    /** What the ledger as a span needs; undefined where it is not recorded. */
    ledgerSource: Pick<LedgerSource, 'process' | 'now' | 'newId'> | undefined
  }) {
    const { recorder, ledger, warnings, limits, openAfter, ledgerSource } = parts
    this.#ledger = ledger
    this.#beforeEnd = () => parts.beforeEnd()
    this.#warnings = warnings
    this.#losses = new Losses(recorder, warnings)
    watchForExit()
    this.#backlog = new Backlog(limits)
    this.#ledgerSpans =
      ledgerSource &&
      new LedgerSpans({
        ...ledgerSource,
        ledger,
        changed: () => {
          addExitHook(this)
          countFinished()
        },
        due: () => this.#schedule.deliver(),
      })
    this.#openSpans = new OpenSpans<S>(openAfter === false ? 1 : openAfter, (event) => this.#openChanged(event))
    if (openAfter === false) this.#openSpans.close()
    this.#delivery = new Delivery({
      recorder,
      ledger,
      losses: this.#losses,
      backlog: this.#backlog,
      flushes: this.#flushes,
      openSpans: this.#openSpans,
      ledgerSpans: this.#ledgerSpans,
      exitHook: this,
    })
    this.#schedule = new Schedule(this.#backlog, this.#delivery)
  }

  /** A span of a sampled trace starts. */
  start(span: S): void {
    this.#ledger.start()
    this.#openSpans.add(span)
  }

  /** A span that is open may be recorded as such from now on: its trace is kept. */
  keepOpen(span: S): void {
    this.#openSpans.add(span)
  }

  /** A span finishes: `push` or `drop` is called next. */
  finish(span: S): void {
    this.#openSpans.remove(span)
  }

  #openChanged(event: 'some' | 'none' | 'due'): void {
    if (event === 'due') this.#schedule.deliver()
    else if (event === 'none') this.#delivery.rest()
    else {
      addExitHook(this)
      countFinished()
    }
  }

  hasRoom(): boolean {
    return !this.#closed && this.#backlog.hasRoom()
  }

  /**
   * Takes in a span that has just finished. Ask `hasRoom` before.
   *
   * @param bytes about how much memory the span takes
   */
  push(span: Span | Unmade, bytes: number): void {
    this.#ledger.queue()
    this.#flushes.accept()
    countFinished()
    const full = this.#backlog.push(span, bytes)
    if (isExiting()) this.#storeAtExit()
    else if (full || !this.#schedule.isWaiting) this.#plan(full)
  }

  #plan(full: boolean): void {
    addExitHook(this)
    this.#schedule.plan(full)
  }

  /** Counts a finished span for which there is no room. */
  drop(): void {
    if (this.#closed) {
      this.#tooLate++
      this.#ledger.dropClosed()
      this.#losses.late()
      return
    }
    this.#ledger.dropFull()
    this.#losses.full(this.#backlog.count, this.#delivery.busy)
    this.#ledgerSpans?.lost()
  }

  /**
   * Waits until the spans that have finished so far are settled, those in flight included. Never rejects.
   *
   * @param timeout in ms
   */
  async flush(timeout: number): Promise<FlushResult> {
    const begun = monotonic()
    const result = await this.#settle(timeout)
    // What is in flight is on its way to each store already.
    const waiting = Math.max(0, result.left - this.#delivery.inFlight)
    const stores = await this.#delivery.flushStores(Math.max(1, timeout - 1_000 * secondsSince(begun)))
    return withStores(result, stores, { left: waiting, lost: this.#ledger.dropped })
  }

  async #settle(timeout: number): Promise<FlushResult> {
    const { lost } = this.#ledger
    if (this.#flushes.isSettled) return { left: 0, lost }
    this.#backlog.seal()
    const settled = this.#flushes.wait(timeout)
    this.#schedule.deliver()
    const result = await settled
    return { left: result.left, lost: lost + result.lost }
  }

  /**
   * Takes in no more spans, delivers the waiting ones and the ledger, and closes the recorder. What is not delivered in time is
   * dropped. Never rejects.
   *
   * @param timeout in ms
   */
  async close(timeout: number): Promise<FlushResult> {
    this.#beforeEnd()
    this.#closed = true
    const before = this.#tooLate
    const begun = monotonic()
    const timeLeft = (): number => Math.max(1, timeout - 1_000 * secondsSince(begun))
    const { stores } = await this.flush(timeout)
    this.#delivery.dropWaiting('close')
    await within(timeLeft(), this.#delivery.sendLast())
    await this.#delivery.close(timeLeft())
    this.#warnings.flush()
    const since = this.#tooLate - before
    const result = { left: this.#delivery.inFlight, lost: this.#ledger.lost - since }
    const last = stores && (await this.#delivery.flushStores(1))
    return withStores(result, last, { left: 0, lost: this.#ledger.dropped - since })
  }

  deliver(): void {
    this.#schedule.stop()
    this.#backlog.due()
    void this.#delivery.sendLast()
  }

  exit(): void {
    this.#isEnding = true
    this.#beforeEnd()
    this.#isEnding = false
    this.#schedule.stop()
    this.#delivery.store()
    this.#warnings.flush()
  }

  /** Stores a span that finished in a listener of `exit` after ours. */
  #storeAtExit(): void {
    if (this.#isEnding || this.#delivery.isStoring) return
    this.#delivery.store()
    // There may be any number of them, and no interval ends any more.
    if (/^10*$/.test(`${++this.#late}`)) this.#warnings.flush()
  }

  /** The process becomes a startup snapshot: no timer may run. */
  beforeSnapshot(): void {
    this.exit()
    this.#openSpans.stop()
    this.#ledgerSpans?.stop()
  }

  /** The process has started from a snapshot. */
  afterSnapshot(): void {
    this.#ledgerSpans?.begin()
  }
}

/** @param more what counts in each store beside its own */
function withStores(
  result: FlushResult,
  stores: readonly StoreFlush[] | undefined,
  more: Pick<StoreFlush, 'left' | 'lost'>,
): FlushResult {
  if (stores === undefined) return result
  return {
    ...result,
    stores: stores.map(({ name, left, lost }) => ({ name, left: left + more.left, lost: lost + more.lost })),
  }
}
