import { outsideTraces } from '../context/context.js'
import type { Recorder } from '../contract/recorder.js'
import type { Span } from '../contract/span.js'
import { setImmediate } from '../values/timers.js'
import { isPassing, type Losses } from './losses.js'
import type { OpenBatch, OpenRecords } from './open-spans.js'

/** The ledger as a span, as those need it who store it. */
export interface LedgerRecords {
  /** Whether it has changed since it was recorded. */
  readonly isChanged: boolean
  /** Whether it is to be recorded now. */
  readonly isDue: boolean
  /** Finished spans were lost. */
  lost(): void
  /** The ledger as it is now. */
  span(): Span
  /** A span that was made is stored. */
  stored(span: Span): void
  /** It could not be stored. */
  notStored(): void
  stop(): void
}

/** What reports are made of. */
export interface ReportParts {
  readonly recorder: Recorder
  readonly losses: Losses
  readonly openSpans: OpenRecords
  /** Undefined where the ledger is not recorded. */
  readonly ledgerSpans: LedgerRecords | undefined
}

const NONE: readonly Span[] = []

/** What is recorded beside finished spans: open spans and the ledger. The ledger does not count these records. */
export class Reports {
  readonly #parts: ReportParts
  /** Open spans that the recorder is storing. */
  #inFlight: readonly Span[] = NONE
  /** At the end, those open before this mark are recorded, and the ledger after them. */
  #last: number | undefined
  #wasOpen = false
  /** Whether open spans could not be stored, and wait until more is sent. */
  #isRefused = false

  constructor(parts: ReportParts) {
    this.#parts = parts
  }

  /** Whether there is something to record at the end. */
  get isWaiting(): boolean {
    const { openSpans, ledgerSpans } = this.#parts
    return !openSpans.isEmpty || ledgerSpans?.isChanged === true
  }

  /** Whether all is sent, since the process may end: what waits, then what is open, and the ledger. */
  get isLast(): boolean {
    return this.#last !== undefined
  }

  /** Finished spans were lost. */
  lost(): void {
    this.#parts.ledgerSpans?.lost()
  }

  /** All that is ready is sent from now on. */
  begin(): void {
    this.#isRefused = false
  }

  /** From now on, `sendLast` has something to send. */
  atLast(): void {
    this.#isRefused = false
    this.#last = this.#parts.openSpans.mark()
  }

  /** Sends what is due. @param isCrowded whether finished spans need the recorder @returns undefined if nothing is */
  send(isCrowded: boolean): Promise<void> | undefined {
    const { openSpans, ledgerSpans } = this.#parts
    if (ledgerSpans?.isDue === true) return this.#sendLedger(ledgerSpans)
    // In turns with finished spans.
    this.#wasOpen = !this.#wasOpen && this.#isDue && !isCrowded
    return this.#wasOpen ? this.#sendOpen(openSpans.take()) : undefined
  }

  /** Sends what there is once no finished span waits. @returns undefined if there is nothing */
  sendLast(): Promise<void> | undefined {
    const { openSpans, ledgerSpans } = this.#parts
    if (this.#isDue) return this.#sendOpen(openSpans.take())
    if (this.#last === undefined) return undefined
    const open = this.#isRefused ? undefined : openSpans.take(this.#last)
    if (open !== undefined && open.spans.length > 0) return this.#sendOpen(open)
    this.#last = undefined
    return ledgerSpans?.isChanged === true ? this.#sendLedger(ledgerSpans) : undefined
  }

  get #isDue(): boolean {
    return !this.#isRefused && this.#parts.openSpans.isDue
  }

  /** A record of an open span that is not stored is no loss: the span is recorded when it finishes. */
  async #sendOpen({ spans, putBack }: OpenBatch): Promise<void> {
    this.#inFlight = spans
    try {
      await outsideTraces(() => this.#parts.recorder.record(spans.slice()))
    } catch (error) {
      this.#isRefused = isPassing(error)
      if (this.#isRefused) putBack()
    }
    this.#inFlight = NONE
    // A recorder may have stored them at once. Others get their turn before the next ones.
    if (!this.#parts.openSpans.isEmpty) await new Promise(setImmediate)
  }

  async #sendLedger(ledgerSpans: LedgerRecords): Promise<void> {
    const span = ledgerSpans.span()
    try {
      await outsideTraces(() => this.#parts.recorder.record([span]))
      ledgerSpans.stored(span)
    } catch (error) {
      ledgerSpans.notStored()
      this.#parts.losses.ledgerFailed(error)
    }
  }

  /** Stores synchronously the open spans that are in flight. */
  storeInFlight(): void {
    this.#storeOpen(this.#inFlight)
    this.#inFlight = NONE
  }

  /** Stores synchronously all open spans. */
  storeOpen(): void {
    const { openSpans } = this.#parts
    const mark = openSpans.mark()
    for (let { spans } = openSpans.take(mark); spans.length > 0; { spans } = openSpans.take(mark))
      this.#storeOpen(spans)
  }

  #storeOpen(spans: readonly Span[]): void {
    if (spans.length === 0) return
    try {
      this.#parts.recorder.recordSync?.(spans.slice())
    } catch {}
  }

  /** Stores the ledger synchronously. More spans may finish before the process is gone: the next ledger replaces this one. */
  storeLedger(): void {
    const { recorder, losses, ledgerSpans } = this.#parts
    if (ledgerSpans?.isChanged !== true) return
    try {
      recorder.recordSync?.([ledgerSpans.span()])
    } catch (error) {
      losses.ledgerFailed(error)
    }
  }

  /** Records nothing more. @param isStuck whether the recorder still has a batch: this is stored at exit, and the ledger after it */
  close(isStuck: boolean): void {
    const { openSpans, ledgerSpans } = this.#parts
    openSpans.close()
    if (!isStuck) ledgerSpans?.stop()
  }
}
