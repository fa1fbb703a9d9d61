import { setTimeout as sleep } from 'node:timers/promises'
import type { Span } from '@trace/core'
import { type Item, keyOf } from '../item/item.js'
import { type Remedy, remedyFor } from '../table/remedy.js'

/** Items that one BatchWriteItem takes (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference). */
export const MAX_BATCH = 25
/** The wait before a request is sent again is random, up to 50 ms that double each time, and at most 2 s. */
const BASE_DELAY_MS = 50
const MAX_DELAY_MS = 2_000
/** How often a batch is sent at most that is refused for its time, or for credentials which have expired. */
const FEW = 3
/** How long a table that is being created is waited for: it takes seconds, or minutes where it has replicas. */
const MAX_WAIT_MS = 600_000

/** A span and its item. */
interface Entry {
  readonly span: Span
  readonly item: Item
}

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

/** How spans are sent. */
export interface SendRules {
  /**
   * Makes the item of a span, just before it is sent: so other batches are under way meanwhile.
   *
   * @throws whatever makes it a span that can never be stored
   */
  readonly toItem: (span: Span) => Item
  /** Sends at most 25 items, and gives those which the table has not taken. */
  readonly send: (items: readonly Item[]) => Promise<readonly Item[]>
  /** How many batches are in flight at once. */
  readonly concurrency: number
  /** How often a batch is sent, while the table takes nothing of it, before it is given up. */
  readonly attempts: number
  /** Whether a table that is being created is waited for, however often that is; there is no other place for spans. */
  readonly isPatient: boolean
  /** Ends everything: what is not stored by then is unsent. */
  readonly signal: AbortSignal
}

/** What the table says by taking only some items of a batch. */
export class ThrottledError extends Error {
  override readonly name = 'ThrottledError'
}

/** Spans in batches of the largest size: smaller ones that all end together were measured to be slower. */
export function inBatches(spans: readonly Span[]): Span[][] {
  const batches: Span[][] = []
  for (let at = 0; at < spans.length; at += MAX_BATCH) batches.push(spans.slice(at, at + MAX_BATCH))
  return batches
}

/** Sends batches, none of which share a key, until each span is stored, refused, or given up. Never rejects. */
export async function sendAll(batches: readonly (readonly Span[])[], rules: SendRules): Promise<Outcome> {
  const delivery = new Delivery(rules)
  const waiting = batches.values()
  const work = async (): Promise<void> => {
    for (const batch of waiting) await delivery.send(batch)
  }
  await Promise.all(Array.from({ length: rules.concurrency }, work))
  return delivery
}

class Delivery implements Outcome {
  readonly refused: Refusal[] = []
  readonly unsent: Span[] = []
  error: unknown
  readonly #rules: SendRules
  /** The table cannot be reached at all: what waits is not even tried. */
  #gaveUp = false

  constructor(rules: SendRules) {
    this.#rules = rules
  }

  send(batch: readonly Span[]): Promise<void> {
    return this.#sendEntries(this.#entriesOf(batch))
  }

  #entriesOf(batch: readonly Span[]): Entry[] {
    const entries: Entry[] = []
    for (const span of batch) {
      try {
        entries.push({ span, item: this.#rules.toItem(span) })
      } catch (error) {
        this.refused.push({ span, error })
      }
    }
    return entries
  }

  async #sendEntries(batch: readonly Entry[]): Promise<void> {
    let waiting = batch
    if (batch.length === 0) return
    const tries = new Tries(this.#rules)
    while (!this.#gaveUp && !this.#rules.signal.aborted) {
      try {
        const left = await this.#rules.send(waiting.map((entry) => entry.item))
        if (left.length === 0) return
        const rest = entriesAmong(left, waiting)
        if (rest.length < waiting.length) tries.restart()
        waiting = rest
        this.error = new ThrottledError('the table takes only a part of what is sent: it is throttled')
        if (tries.isLast('again')) break
      } catch (error) {
        const remedy = remedyFor(error)
        if (remedy === 'refused') return this.#isolate(waiting, error)
        this.error = error
        if (tries.isLast(remedy)) this.#gaveUp = true
      }
      if (!this.#gaveUp) await this.#pause(tries.count)
    }
    if (this.#rules.signal.aborted) this.error ??= this.#rules.signal.reason
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
    await this.#sendEntries(batch.slice(0, half))
    await this.#sendEntries(batch.slice(half))
  }

  async #pause(attempt: number): Promise<void> {
    const most = Math.min(MAX_DELAY_MS, BASE_DELAY_MS * 2 ** (attempt - 1))
    // The signal ends the wait; what follows looks at it.
    await sleep(Math.random() * most, undefined, { signal: this.#rules.signal }).catch(() => {})
  }
}

/** How often a batch has been sent in vain, and why. */
class Tries {
  count = 0
  #few = 0
  readonly #began = performance.now()
  readonly #rules: SendRules

  constructor(rules: SendRules) {
    this.#rules = rules
  }

  /** The table takes some of it again. */
  restart(): void {
    this.count = 0
  }

  /** @returns whether the try that has just failed was the last */
  isLast(remedy: Remedy): boolean {
    this.count++
    if (remedy === 'soon' || remedy === 'refresh') this.#few++
    if (remedy === 'hopeless' || remedy === 'reload' || this.#few >= FEW) return true
    if (remedy === 'wait' && this.#rules.isPatient) return performance.now() - this.#began > MAX_WAIT_MS
    return this.count >= this.#rules.attempts
  }
}

/** The entries that the table gave back; all of them, if it gave back what nobody sent. */
function entriesAmong(items: readonly Item[], sent: readonly Entry[]): readonly Entry[] {
  const keys = new Set(items.map((item) => keyOf(BigInt(item['trace_id']?.N ?? 0), BigInt(item['span_id']?.N ?? 0))))
  const entries = sent.filter(({ span }) => keys.has(keyOf(span.traceId, span.spanId)))
  return entries.length === 0 ? sent : entries
}
