import { outsideTraces } from '../context/context.js'
import type { Recorder } from '../contract/recorder.js'
import type { Span } from '../contract/span.js'
import type { FlushResult } from '../contract/tracer.js'
import { monotonic } from '../values/time.js'
import { clearTimeout, setImmediate, setTimeout } from '../values/timers.js'
import { Backlog, type BacklogLimits } from './backlog.js'
import { addExitHook, countFinished, type ExitHook, isExiting, removeExitHook, watchForExit } from './exit.js'
import { Flushes } from './flushes.js'
import type { Ledger } from './ledger.js'
import { type LedgerSource, LedgerSpans } from './ledger-spans.js'
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
  readonly #flushes = new Flushes()
  /** Undefined where the ledger is not recorded. */
  readonly #ledgerSpans: LedgerSpans | undefined
  #inFlight: readonly Span[] = []
  /** When the batch in flight was sent, by the monotonic clock. */
  #sentAt = 0n
  /** Settles once there is nothing to send; undefined while nothing is sent. */
  #delivery: Promise<void> | undefined
  /** Whether the ledger is to be sent once the spans are: the process ends, or the tracer is closed. */
  #ending = false
  /** Whether the recorder is storing synchronously, at exit. */
  #storing = false
  #late = 0
  #timer: NodeJS.Timeout | undefined
  #soon = false
  #closed = false
  #recorderClosed = false

  constructor(parts: {
    recorder: Recorder
    ledger: Ledger
    warnings: Warnings
    limits: BacklogLimits
    /** Where the ledger is recorded: what its spans need. */
    ledgerSource: Pick<LedgerSource, 'process' | 'now' | 'newId'> | undefined
  }) {
    this.#recorder = parts.recorder
    this.#ledger = parts.ledger
    this.#warnings = parts.warnings
    this.#losses = new Losses(parts.recorder, parts.warnings)
    watchForExit()
    this.#backlog = new Backlog(parts.limits)
    const source = parts.ledgerSource
    if (source === undefined) return
    this.#ledgerSpans = new LedgerSpans({
      ledger: parts.ledger,
      ...source,
      changed: () => {
        addExitHook(this)
        countFinished()
      },
      due: () => void this.#deliver(),
    })
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
    this.#flushes.accept()
    countFinished()
    const full = this.#backlog.push(span, bytes)
    if (isExiting()) this.#storeLate()
    else if (this.#delivery === undefined) this.#schedule(full)
  }

  /** Counts a finished span for which there is no room. */
  drop(): void {
    if (this.#closed) {
      this.#ledger.dropClosed()
      this.#losses.late()
      return
    }
    this.#ledger.dropFull()
    this.#losses.full(this.#backlog.count, this.#inFlight.length > 0 ? secondsSince(this.#sentAt) : 0)
    this.#ledgerSpans?.lost()
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

  #deliver(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#delivery ??= this.#sendAll()
    return this.#delivery
  }

  async #sendAll(): Promise<void> {
    addExitHook(this)
    for (let sent = this.#sendNext(); sent !== undefined; sent = this.#sendNext()) await sent
    this.#delivery = undefined
    if (this.#ledgerSpans?.isChanged !== true) removeExitHook(this)
  }

  /** @returns undefined if there is nothing to send */
  #sendNext(): Promise<void> | undefined {
    const ledgerSpans = this.#recorderClosed ? undefined : this.#ledgerSpans
    if (ledgerSpans?.isDue === true) return this.#sendLedger(ledgerSpans)
    const batch = this.#backlog.takeBatch()
    if (batch !== undefined) return this.#send(batch)
    const isLast = this.#ending
    this.#ending = false
    return isLast && ledgerSpans?.isChanged === true ? this.#sendLedger(ledgerSpans) : undefined
  }

  async #sendLedger(ledgerSpans: LedgerSpans): Promise<void> {
    const span = ledgerSpans.span()
    try {
      await outsideTraces(() => this.#recorder.record([span]))
      ledgerSpans.stored(span)
    } catch (error) {
      ledgerSpans.notStored()
      if (this.#closed) this.#losses.ledgerFailed(error)
    }
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
    this.#flushes.settle(count, lost)
    if (lost > 0) this.#ledgerSpans?.lost()
  }

  /**
   * Waits until the spans that have finished so far are settled, those in flight included. Never rejects.
   *
   * @param timeout in ms
   */
  async flush(timeout: number): Promise<FlushResult> {
    const { lost } = this.#ledger
    if (this.#flushes.isSettled) return { left: 0, lost }
    this.#backlog.seal()
    const settled = this.#flushes.wait(timeout)
    void this.#deliver()
    const result = await settled
    return { left: result.left, lost: lost + result.lost }
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
    const timeLeft = (): number => Math.max(1, timeout - 1000 * secondsSince(begun))
    this.#ending = true
    await within(timeLeft(), this.#deliver())
    this.#recorderClosed = true
    if (this.#delivery === undefined) this.#ledgerSpans?.stop()
    await this.#closeRecorder(timeLeft())
    this.#warnings.flush()
    return result
  }

  #dropWaiting(when: 'close' | 'exit'): void {
    const count = this.#backlog.takeAll().length
    if (count === 0) return
    this.#flushes.settle(count, 0)
    this.#ledger.dropQueued(count)
    this.#losses.unsent(count, when)
  }

  async #closeRecorder(timeout: number): Promise<void> {
    try {
      await within(
        timeout,
        outsideTraces(() => this.#recorder.close?.()),
      )
    } catch (error) {
      this.#losses.notClosed(error)
    }
  }

  deliver(): void {
    this.#ending = true
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
    // Spans that the recorder itself has finished meanwhile.
    this.#dropWaiting('exit')
    if (this.#ledgerSpans?.isChanged === true) this.#storeLedger(this.#ledgerSpans)
    this.#storing = false
    this.#dropWaiting('exit')
  }

  /** More spans may finish, and there is no later moment: the next ledger replaces this one. */
  #storeLedger(ledgerSpans: LedgerSpans): void {
    if (this.#recorder.recordSync === undefined) return
    try {
      this.#recorder.recordSync([ledgerSpans.span()])
    } catch (error) {
      this.#losses.ledgerFailed(error)
    }
  }

  /** The process becomes a startup snapshot. */
  beforeSnapshot(): void {
    this.exit()
    this.#ledgerSpans?.stop()
  }

  afterSnapshot(): void {
    this.#ledgerSpans?.begin()
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

/** Waits for something, for at most so many ms. */
async function within(timeout: number, work: Promise<void> | undefined): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeout)
  })
  try {
    await Promise.race([work, deadline])
  } finally {
    clearTimeout(timer)
  }
}
