import type { PlainData, PlainValue, Span } from '../contract/span.js'
import type { Account, Ledger } from './ledger.js'
import type { OpenBatch, OpenRecords } from './open-spans.js'
import type { LedgerRecords } from './reports.js'

/** How many open spans wait for a store, at most. Those beyond are recorded when they finish. */
const MOST_OPEN = 512

/** The open spans that a tracer has recorded, on their way to one of several stores. */
export class RelayedOpenSpans implements OpenRecords {
  #spans: Span[] = []
  #isClosed = false

  add(span: Span): void {
    if (this.#spans.length < MOST_OPEN) this.#spans.push(span)
  }

  get isEmpty(): boolean {
    return this.#spans.length === 0
  }

  get isDue(): boolean {
    return !this.isEmpty
  }

  mark(): number {
    return 0
  }

  take(): OpenBatch {
    const spans = this.#spans
    this.#spans = []
    const putBack = (): void => {
      if (!this.#isClosed) this.#spans = [...spans, ...this.#spans].slice(0, MOST_OPEN)
    }
    return { spans, putBack }
  }

  close(): void {
    this.#isClosed = true
    this.#spans = []
  }
}

/**
 * The ledger spans that a tracer has recorded, on their way to one of several stores: each says what is in this store. What is not
 * known to be stored goes with the next one, under the same ids, so that readers keep the last.
 */
export class RelayedLedger implements LedgerRecords {
  readonly #ledger: Ledger
  /** What the store's own ledger said when a span was last stored, and when one was last made. */
  #before: Account
  #made: Account
  /** The tracer's spans that are in the one last made, and those that have come since then. Of each at most two: the last by itself. */
  #sent: Span[] = []
  #waiting: Span[] = []
  #isChanged = false
  #isDue = false

  /** @param ledger that of the store */
  constructor(ledger: Ledger) {
    this.#ledger = ledger
    this.#before = ledger.account()
    this.#made = this.#before
  }

  add(span: Span): void {
    // It has not waited for one before: the store is behind for good.
    this.#isDue = this.#isChanged
    this.#isChanged = true
    if (replaceLast(this.#waiting, span) || (this.#waiting.length === 0 && replaceLast(this.#sent, span))) return
    this.#waiting = shortened([...this.#waiting, span])
  }

  get isChanged(): boolean {
    return this.#isChanged
  }

  get isDue(): boolean {
    return this.#isDue
  }

  lost(): void {}

  span(): Span {
    this.#isChanged = false
    this.#isDue = false
    this.#sent = shortened([...this.#sent, ...this.#waiting])
    this.#waiting = []
    this.#made = this.#ledger.account()
    const whole = this.#sent.reduce(joined)
    return { ...whole, data: ofStore(whole.data, this.#before, this.#made) }
  }

  stored(): void {
    this.#sent = []
    this.#before = this.#made
  }

  notStored(): void {
    this.#isChanged = true
  }

  stop(): void {
    this.#isChanged = false
    this.#isDue = false
  }
}

/** A tracer records a ledger anew, under the same ids, where it does not know it to be stored. */
function replaceLast(spans: Span[], span: Span): boolean {
  if (spans.at(-1)?.spanId !== span.spanId) return false
  spans[spans.length - 1] = span
  return true
}

function shortened(spans: readonly Span[]): Span[] {
  const last = spans.at(-1)
  if (last === undefined || spans.length < 3) return [...spans]
  return [spans.slice(0, -1).reduce(joined), last]
}

/** Two ledgers of a process as one: its first ids, and the sums of what changed. */
function joined(earlier: Span, later: Span): Span {
  const data: Record<string, PlainValue> = { ...earlier.data }
  for (const [key, value] of Object.entries(later.data)) data[key] = numberOf(data[key]) + numberOf(value)
  // This is no change, but how many are open at the end.
  delete data['open']
  if (later.data['open'] !== undefined) data['open'] = later.data['open']
  return { ...earlier, finish: later.finish, data }
}

/** What the tracer has dropped no store has. What failed, according to the tracer, no store has either: each has counted it itself. */
function ofStore(ofTracer: PlainData, before: Account, now: Account): PlainData {
  const { recorded: _, failed: __, ...data } = ofTracer
  const counts: Record<string, PlainValue> = { ...data }
  for (const key of ['recorded', 'dropped.queue_full', 'dropped.closed', 'failed'] as const) {
    const count = numberOf(data[key]) + now[key] - before[key]
    if (count !== 0) counts[key] = count
  }
  return counts
}

function numberOf(value: PlainValue | undefined): number {
  return typeof value === 'number' ? value : 0
}
