import { LEDGER_KIND } from '../contract/data-keys.js'
import type { PlainData, Span } from '../contract/span.js'
import { clearTimeout, monotonic, setTimeout } from '../values/timers.js'
import type { Account, Ledger } from './ledger.js'
import type { LedgerRecords } from './reports.js'

/** How long after a change the ledger is recorded, in ms. */
const INTERVAL = 60_000
/** How long after a loss, in ms: so that a burst of losses is one record. */
const LOSS_INTERVAL = 1_000

/** Where the ledger spans of a tracer come from. */
export interface LedgerSource {
  readonly ledger: Ledger
  /** The full process name. */
  process(): string
  /** Nanoseconds since the Unix epoch. */
  now(): bigint
  /** The next id of a trace or span. */
  newId(): bigint
  /** Called when the ledger has changed for the first time since it was recorded. */
  changed(): void
  /** Called when it is time to record the ledger. */
  due(): void
}

/**
 * The ledger as spans, and when they are due: some time after a change, sooner after a loss. Where nothing changes, no timer runs.
 * The spans are not in the ledger themselves, since a record of the ledger would then be a change to record.
 */
export class LedgerSpans implements LedgerRecords {
  readonly #source: LedgerSource
  /** The interval that the next span covers: its start, what the ledger said then, and the ids of the span. */
  #from = 0n
  #before: Account
  #ids: { readonly traceId: bigint; readonly spanId: bigint } | undefined
  /** The last span that was made, and what the ledger said then. */
  #last: { readonly span: Span; readonly account: Account } | undefined
  #isChanged = false
  #isDue = false
  /** Which interval the timer waits for, in ms; 0 without a timer. */
  #waiting = 0
  #timer: NodeJS.Timeout | undefined
  /** When the last span was made, by the monotonic clock. */
  #madeAt = 0n

  constructor(source: LedgerSource) {
    this.#source = source
    this.#before = source.ledger.account()
    this.begin()
  }

  /** Begins a new interval now, as in a process that starts from a snapshot. */
  begin(): void {
    this.stop()
    this.#beginAt(this.#source.now(), this.#source.ledger.account())
    this.#watch()
  }

  /** Whether the ledger has changed since it was recorded. */
  get isChanged(): boolean {
    return this.#isChanged
  }

  /** Whether the ledger is to be recorded now. */
  get isDue(): boolean {
    return this.#isDue
  }

  /** Something was lost: the ledger is due soon. */
  lost(): void {
    if (this.#waiting !== LOSS_INTERVAL && !this.#isDue) this.#wait(LOSS_INTERVAL)
  }

  /**
   * Makes the span of the interval up to now. Until one is said to be stored, the next has the same ids and the same start, so
   * that readers keep the last.
   */
  span(): Span {
    this.#stopTimer()
    this.#isDue = false
    this.#isChanged = false
    this.#watch()
    this.#madeAt = monotonic()
    const { ledger } = this.#source
    const account = ledger.account()
    this.#ids ??= { traceId: this.#source.newId(), spanId: this.#source.newId() }
    const passed = this.#source.now() - this.#from
    const span = {
      ...this.#ids,
      parentId: 0n,
      process: this.#source.process(),
      kind: LEDGER_KIND,
      name: 'spans',
      start: this.#from,
      finish: this.#from + (passed > 0n ? passed : 0n),
      data: changes(this.#before, account, ledger.open),
    }
    this.#last = { span, account }
    return span
  }

  /** A span is stored, and a new interval begins where it ended. */
  stored(span: Span): void {
    if (this.#last?.span === span) this.#beginAt(span.finish ?? 0n, this.#last.account)
  }

  /** There is something to record: a change, or a span that could not be stored. The next one covers its interval, too. */
  notStored(): void {
    this.#isChanged = true
    this.#source.ledger.onChange(undefined)
    if (this.#waiting === 0) this.#wait(INTERVAL)
  }

  /** Ends all waiting. */
  stop(): void {
    this.#stopTimer()
    this.#isDue = false
    this.#isChanged = false
    this.#source.ledger.onChange(undefined)
  }

  #beginAt(from: bigint, account: Account): void {
    this.#from = from
    this.#before = account
    this.#ids = undefined
    this.#last = undefined
  }

  #watch(): void {
    this.#source.ledger.onChange(() => this.#change())
  }

  #change(): void {
    this.notStored()
    this.#source.changed()
  }

  #wait(interval: number): void {
    this.#stopTimer()
    this.#waiting = interval
    const passed = Number(monotonic() - this.#madeAt) / 1e6
    // A minute counts from the last record, so that the timer of a process with little to do does not come late again and again.
    const delay = interval === INTERVAL && passed < interval ? interval - passed : interval
    this.#timer = setTimeout(() => {
      this.#waiting = 0
      this.#isDue = true
      this.#source.due()
    }, delay)
    this.#timer.unref()
  }

  #stopTimer(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#waiting = 0
  }
}

function changes(before: Account, now: Account, open: number): PlainData {
  const data: Record<string, number> = {}
  for (const [name, count] of Object.entries(now)) {
    const change = count - before[name as keyof Account]
    if (change !== 0) data[name] = change
  }
  if (open !== 0) data['open'] = open
  return data
}
