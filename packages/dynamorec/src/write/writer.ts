import type { Span } from '@trace/core'
import { isId, laterRecord, sleep } from '@trace/core/store'
import { type Item, type ItemOptions, keyOf, spanToItem } from '../item/item.js'
import { ownSignal } from '../table/deadline.js'
import { explain, ThrottledError } from '../table/problem.js'
import { type Remedy, remedyFor } from '../table/remedy.js'
import { putItems, type Target } from './put.js'

/** Items that one BatchWriteItem takes (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference). */
export const MAX_BATCH = 25
/** The wait before a request is sent again is random, up to 50 ms that double each time, and at most 2 s. */
const BASE_DELAY_MS = 50
const MAX_DELAY_MS = 2_000
/** How often a batch is sent at most if the request's time or expired credentials are the reason. */
const FEW = 3
/** How long to wait for a table that is being created: it takes seconds, or minutes if it has replicas. */
const MAX_WAIT_MS = 600_000
const DAY_SECONDS = 86_400

/** A span that can never be stored, and why. */
export interface Refusal {
  readonly span: Span
  readonly error: unknown
}

/** What became of spans: those in neither list are stored. */
export interface Outcome {
  readonly refused: readonly Refusal[]
  /** Those that may be stored later. */
  readonly unsent: readonly Span[]
  /** Why: the last error met. */
  readonly error: unknown
}

/** How a {@link Writer} writes. */
export interface WriterOptions extends Target, Omit<ItemOptions, 'expires'> {
  /** After how many days items expire; undefined for never. */
  readonly expireAfter: number | undefined
  /** How many batches are in flight at once. */
  readonly concurrency: number
  /** How often a batch is sent, while the table takes nothing of it, before it is given up. */
  readonly attempts: number
  /** Whether to wait for a table that is being created, however many attempts that takes. */
  readonly isPatient: boolean
}

/** Writes spans to a table. */
export class Writer {
  readonly options: WriterOptions
  readonly #abort = new AbortController()
  /** Ends all that is under way. */
  readonly signal: AbortSignal = ownSignal(this.#abort.signal)

  constructor(options: WriterOptions) {
    this.options = options
  }

  /** Such as `dynamodb(Traces)`. */
  get name(): string {
    return `dynamodb(${this.options.table})`
  }

  /** Writes spans until each is stored, refused, or given up. An open one does not replace its finished record. Never rejects. */
  async write(spans: readonly Span[]): Promise<Outcome> {
    const delivery = new Delivery(this)
    const waiting = inBatches(lastRecords(spans)).values()
    const work = async (): Promise<void> => {
      for (const batch of waiting) await delivery.send(batch)
    }
    await Promise.all(Array.from({ length: this.options.concurrency }, work))
    const { refused, unsent, error } = delivery
    return { refused, unsent: withEarlier(spans, unsent), error }
  }

  /** What an error means and what to do about it, on one line. */
  explain(error: unknown): string {
    const { table, connection } = this.options
    return explain(error, { table, place: connection.place })
  }

  /** Ends what is under way: what is not stored by then is unsent. */
  abort(): void {
    this.#abort.abort(new Error('the recorder was closed meanwhile; wait longer in flush and close'))
  }
}

/** Each key once: DynamoDB refuses a batch that has one twice. */
function lastRecords(spans: readonly Span[]): readonly Span[] {
  // If no span id is there twice, no key is. This check costs a sixth of the other.
  if (new Set(spans.map((span) => span.spanId)).size === spans.length) return spans
  const byKey = new Map<string, Span>()
  for (const span of spans) {
    const key = keyOf(span.traceId, span.spanId)
    const earlier = byKey.get(key)
    byKey.set(key, earlier === undefined ? span : laterRecord(earlier, span))
  }
  return [...byKey.values()]
}

/** Batches of the largest size, which were measured to be faster than smaller ones that all end together. */
function inBatches(spans: readonly Span[]): Span[][] {
  const finished = spans.filter((span) => span.finish !== undefined)
  const batches: Span[][] = []
  for (let at = 0; at < finished.length; at += MAX_BATCH) batches.push(finished.slice(at, at + MAX_BATCH))
  // Open spans are written on a condition, and a batch takes none.
  for (const span of spans) if (span.finish === undefined) batches.push([span])
  return batches
}

/** The unsent spans, each as often as it was given. */
function withEarlier(spans: readonly Span[], unsent: readonly Span[]): readonly Span[] {
  if (unsent.length === 0) return unsent
  const keys = new Set(unsent.map((span) => keyOf(span.traceId, span.spanId)))
  return spans.filter((span) => keys.has(keyOf(span.traceId, span.spanId)))
}

/** A span and its item. */
interface Entry {
  readonly span: Span
  readonly item: Item
}

/** One call of {@link Writer.write}. */
class Delivery implements Outcome {
  readonly refused: Refusal[] = []
  readonly unsent: Span[] = []
  error: unknown
  readonly #options: WriterOptions
  readonly #signal: AbortSignal
  readonly #expires: number | undefined
  /** The table cannot be reached at all: the batches that wait are not even tried. */
  #gaveUp = false

  constructor({ options, signal }: Writer) {
    this.#options = options
    this.#signal = signal
    const { expireAfter } = options
    if (expireAfter !== undefined) this.#expires = Math.ceil(Date.now() / 1_000 + expireAfter * DAY_SECONDS)
  }

  send(batch: readonly Span[]): Promise<void> {
    const { layout, index } = this.#options
    const entries: Entry[] = []
    // Made just before they are sent, so that other batches are under way meanwhile.
    for (const span of batch) {
      try {
        if (!isId(span.traceId) || !isId(span.spanId)) throw new RangeError('its ids are not from 1 to 2^64−1')
        entries.push({ span, item: spanToItem(span, { layout, index, expires: this.#expires }) })
      } catch (error) {
        this.refused.push({ span, error })
      }
    }
    return this.#send(entries)
  }

  async #send(batch: readonly Entry[]): Promise<void> {
    let waiting = batch
    if (batch.length === 0) return
    const tries = new Tries(this.#options)
    while (!this.#gaveUp && !this.#signal.aborted) {
      try {
        const left = await putItems(itemsOf(waiting), this.#options, this.#signal)
        if (left.length === 0) return
        const rest = entriesAmong(left, waiting)
        if (rest.length < waiting.length) tries.count = 0
        waiting = rest
        this.error = new ThrottledError('the table takes only some of the spans sent: it is throttled')
        if (tries.isLast('again')) break
      } catch (error) {
        // What went wrong before says more than that the recorder was closed.
        if (this.#signal.aborted) break
        const remedy = remedyFor(error)
        if (remedy === 'refused') return this.#isolate(waiting, error)
        this.error = error
        if (tries.isLast(remedy)) this.#gaveUp = true
      }
      if (!this.#gaveUp) await this.#pause(tries.count)
    }
    if (this.#signal.aborted) this.error ??= this.#signal.reason
    for (const { span } of waiting) this.unsent.push(span)
  }

  /** One bad item fails its whole batch: halving finds it, and the others are stored. */
  async #isolate(batch: readonly Entry[], error: unknown): Promise<void> {
    const [first] = batch
    if (first === undefined) return
    if (batch.length === 1) {
      this.refused.push({ span: first.span, error })
      return
    }
    const half = batch.length >> 1
    await this.#send(batch.slice(0, half))
    await this.#send(batch.slice(half))
  }

  async #pause(attempt: number): Promise<void> {
    const most = Math.min(MAX_DELAY_MS, BASE_DELAY_MS * 2 ** (attempt - 1))
    // The signal ends the wait; what follows looks at it.
    await sleep(Math.random() * most, undefined, { signal: this.#signal }).catch(() => {})
  }
}

/** How often a batch has been sent in vain, and why. */
class Tries {
  /** Begins anew when the table takes some of the batch. */
  count = 0
  #few = 0
  readonly #began = performance.now()
  readonly #options: WriterOptions

  constructor(options: WriterOptions) {
    this.#options = options
  }

  /** @returns whether the try that has just failed was the last */
  isLast(remedy: Remedy): boolean {
    this.count++
    if (remedy === 'soon' || remedy === 'refresh') this.#few++
    if (remedy === 'hopeless' || remedy === 'reload' || this.#few >= FEW) return true
    if (remedy === 'wait' && this.#options.isPatient) return performance.now() - this.#began > MAX_WAIT_MS
    return this.count >= this.#options.attempts
  }
}

function itemsOf(entries: readonly Entry[]): Item[] {
  return entries.map((entry) => entry.item)
}

/** The entries that the table gave back; all of them, if it gave back what nobody sent. */
function entriesAmong(items: readonly Item[], sent: readonly Entry[]): readonly Entry[] {
  const keys = new Set(items.map((item) => keyOf(BigInt(item['trace_id']?.N ?? 0), BigInt(item['span_id']?.N ?? 0))))
  const entries = sent.filter(({ span }) => keys.has(keyOf(span.traceId, span.spanId)))
  return entries.length === 0 ? sent : entries
}
