import { LEDGER_KIND } from '../contract/data-keys.js'
import type { Logger } from '../contract/logger.js'
import type { Recorder } from '../contract/recorder.js'
import type { Span } from '../contract/span.js'
import type { StoreFlush, StoreStats } from '../contract/stats.js'
import { describe, RecordError, TraceError } from '../values/errors.js'
import { isRecorder } from '../values/options.js'
import { sizeOf } from '../values/plain.js'
import { bytesOf } from './backlog.js'
import { StoreQueue } from './store-queue.js'

/** How long `close` waits for the stores where nobody says, in ms. */
const CLOSE_TIMEOUT = 5_000

/** A recorder of several stores. */
export interface Tee extends Recorder {
  record(spans: readonly Span[]): Promise<void>
  recordSync(spans: readonly Span[]): void
  close(timeout?: number): Promise<void>
  flush(timeout: number): Promise<readonly StoreFlush[]>
  stores(): readonly StoreStats[]
  useLogger(logger: Logger): void
}

/**
 * Records to several stores at once. Each has a queue of its own, of 4,096 spans or 8 MB, and an account of its own: a store that is
 * slow or fails neither holds nor loses what the others get. `tracer.stats()`, `flush()` and `close()` say under `stores` what each has
 * lost, and the ledger in each store that lasts says what is missing there.
 *
 * To the tracer, a span is stored when one of the stores has it, and lost when none has.
 *
 * @throws {TraceError} `TRACE_BAD_OPTION` for fewer than two recorders, what is no recorder, or one that stands there twice
 */
export function tee(...recorders: readonly Recorder[]): Tee {
  check(recorders)
  return new Stores(recorders)
}

function check(recorders: readonly unknown[]): void {
  const wrong = (what: string): TraceError => new TraceError('TRACE_BAD_OPTION', `tee: ${what}`)
  if (recorders.length < 2) throw wrong(`expected two recorders or more, got ${recorders.length}`)
  for (const [at, recorder] of recorders.entries()) {
    if (!isRecorder(recorder)) throw wrong(`expected recorders, got ${describe(recorder)}`)
    if (recorders.indexOf(recorder) !== at) throw wrong(`expected recorders that differ, got ${recorder.name} twice`)
  }
}

/** Spans that a tracer has recorded at once, while it waits for the first store. A class, as the batches of a backlog are. */
class Batch {
  readonly spans: Set<Span>
  /** Those that no store has, and how many stores may still store each. */
  readonly waiting: Map<Span, number>
  /** Those that no store will have. */
  readonly lost: Span[] = []
  readonly done: () => void

  constructor(spans: readonly Span[], stores: number, done: (lost: readonly Span[]) => void) {
    this.spans = new Set(spans)
    this.waiting = new Map(spans.map((span) => [span, stores]))
    this.done = () => done(this.lost)
  }
}

class Stores implements Tee {
  readonly name: string
  readonly durable: boolean
  readonly #queues: readonly StoreQueue[]
  #batch: Batch | undefined
  #isClosed = false

  constructor(recorders: readonly Recorder[]) {
    this.name = `tee(${recorders.map(({ name }) => name).join(', ')})`
    this.durable = recorders.some(({ durable }) => durable === true)
    this.#queues = recorders.map((recorder) => {
      const hasLedger = recorder.durable === true || !this.durable
      return new StoreQueue(recorder, hasLedger, (spans, lost) => this.#settled(spans, lost))
    })
  }

  async record(spans: readonly Span[]): Promise<void> {
    const { finished, open, ledger } = sorted(spans)
    const stored = finished.length > 0 ? this.#recordFinished(finished) : undefined
    // Without a loss of theirs: an open span is recorded again when it finishes, and a ledger that is not stored goes with the next.
    if (open.length + ledger.length > 0)
      await Promise.race(this.#queues.map((queue) => queue.takeReports(open, ledger)))
    const lost = await stored
    if (lost !== undefined && lost.length > 0) throw this.#notStored(lost)
  }

  #recordFinished(spans: readonly Span[]): Promise<readonly Span[]> {
    const bytes = spans.map(({ kind, name, data }) => bytesOf(kind, name, sizeOf(data)))
    return new Promise((resolve) => {
      this.#batch = new Batch(spans, this.#queues.length, resolve)
      for (const queue of this.#queues) queue.take(spans, bytes)
    })
  }

  /** A store has decided. Where it was slow, the tracer does not wait for these any more. */
  #settled(spans: readonly Span[], lost: readonly Span[]): void {
    const batch = this.#batch
    if (batch === undefined) return
    const { waiting } = batch
    const missing = lost.length > 0 ? new Set(lost) : undefined
    for (const span of spans) {
      if (missing?.has(span) !== true) waiting.delete(span)
      else {
        const stores = waiting.get(span)
        if (stores === undefined) continue
        waiting.set(span, stores - 1)
        if (stores > 1) continue
        waiting.delete(span)
        batch.lost.push(span)
      }
    }
    if (waiting.size > 0) return
    this.#batch = undefined
    batch.done()
  }

  recordSync(spans: readonly Span[]): void {
    const { finished, open, ledger } = sorted(spans)
    const batch = this.#batch ?? new Batch([], 0, () => {})
    // What the tracer still waits for is in the queues already.
    const fresh = finished.filter((span) => !batch.spans.has(span))
    for (const span of fresh) batch.waiting.set(span, this.#queues.length)
    this.#batch = batch
    for (const queue of this.#queues) queue.store(fresh, open, ledger)
    this.#batch = undefined
    batch.done()
    if (batch.lost.length > 0) throw this.#notStored(batch.lost)
  }

  #notStored(lost: readonly Span[]): RecordError {
    return new RecordError(`${this.name}: no store has taken them; the warning of each says why`, lost)
  }

  stores(): readonly StoreStats[] {
    return this.#queues.map((queue) => queue.stats())
  }

  flush(timeout: number): Promise<readonly StoreFlush[]> {
    return Promise.all(this.#queues.map((queue) => queue.flush(timeout)))
  }

  useLogger(logger: Logger): void {
    for (const queue of this.#queues) queue.useLogger(logger)
  }

  async close(timeout: number = CLOSE_TIMEOUT): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await Promise.all(this.#queues.map((queue) => queue.close(timeout)))
  }
}

interface Sorted {
  readonly finished: readonly Span[]
  readonly open: readonly Span[]
  readonly ledger: readonly Span[]
}

/** A tracer records its ledger by itself. */
function sorted(spans: readonly Span[]): Sorted {
  const [only, ...others] = spans
  if (only?.kind === LEDGER_KIND && others.length === 0 && only.finish !== undefined)
    return { finished: [], open: [], ledger: spans }
  const open = spans.filter(({ finish }) => finish === undefined)
  return { finished: open.length === 0 ? spans : spans.filter(({ finish }) => finish !== undefined), open, ledger: [] }
}
