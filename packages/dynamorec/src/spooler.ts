import { type Logger, onOneLine, type Span } from '@trace/core'
import type { Outcome } from './batches.js'
import { messageOf } from './remedy.js'
import type { Spool } from './spool.js'

/** While the table does not answer, it is tried again so often, in milliseconds; in between, spans go to the spool. */
const PROBE_MS = 5_000

/** What a spooler needs. */
export interface SpoolerParts {
  /** The recorder's name. */
  readonly name: string
  /** What an error means, and what to do about it. */
  readonly why: (error: unknown) => string
  readonly spool: Spool
  /** Writes spans to the table. Never rejects. */
  readonly write: (spans: readonly Span[]) => Promise<Outcome>
  readonly logger: Logger
}

/** Between a recorder and its table: keeps in a file what cannot be stored, and stores it when the table answers again. */
export class Spooler {
  readonly #parts: SpoolerParts
  /** Until then, by `performance.now()`, spans go to the spool untried. */
  #downUntil = 0
  /** Why spans are kept in the file; undefined where the table answers. */
  #trouble: string | undefined
  #timer: NodeJS.Timeout | undefined
  #replay: Promise<void> | undefined
  #lastTurn: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(parts: SpoolerParts) {
    this.#parts = parts
  }

  /** Stores spans, in the table or else in the spool: what is unsent then is in neither. */
  async store(spans: readonly Span[]): Promise<Outcome> {
    if (this.#closed || performance.now() < this.#downUntil) return this.keep(spans)
    const outcome = await this.#inTurn(spans)
    if (outcome.unsent.length === 0) {
      this.#downUntil = 0
      this.#replay ??= this.#replayAll()
      return outcome
    }
    this.#goDown(outcome.error)
    return { ...(await this.keep(outcome.unsent)), refused: outcome.refused }
  }

  /** Stores spans in the spool. */
  async keep(spans: readonly Span[]): Promise<Outcome> {
    try {
      return this.#keptOf(spans, await this.#parts.spool.add(spans))
    } catch (error) {
      return this.#notKept(spans, error)
    }
  }

  /** Stores spans in the spool, before it returns. */
  keepSync(spans: readonly Span[]): Outcome {
    try {
      return this.#keptOf(spans, this.#parts.spool.addSync(spans))
    } catch (error) {
      return this.#notKept(spans, error)
    }
  }

  #keptOf(spans: readonly Span[], kept: number): Outcome {
    const { path } = this.#parts.spool
    const error = new Error(`the spool ${path} is full; give it a larger maxBytes${this.#because()}`)
    return { refused: [], unsent: spans.slice(kept), error }
  }

  #notKept(spans: readonly Span[], error: unknown): Outcome {
    const { path } = this.#parts.spool
    const problem = `cannot write to the spool ${path}: ${onOneLine(messageOf(error), 100)}${this.#because()}`
    return { refused: [], unsent: spans, error: new Error(problem, { cause: error }) }
  }

  #because(): string {
    return this.#trouble === undefined ? '' : `; ${this.#trouble}`
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await Promise.all([this.#replay, this.#lastTurn])
    await this.#parts.spool.close()
  }

  /** One write at a time, so that no key is in flight twice. */
  #inTurn(spans: readonly Span[]): Promise<Outcome> {
    const turn = this.#lastTurn.then(() => this.#parts.write(spans))
    this.#lastTurn = turn
    return turn
  }

  #goDown(error: unknown): void {
    const { name, spool, why } = this.#parts
    const trouble = why(error)
    if (this.#trouble === undefined) {
      this.#warn(`${name}: spans go to ${spool.path} until the table takes them: ${trouble}`)
    }
    this.#trouble = trouble
    this.#downUntil = performance.now() + PROBE_MS
    if (this.#closed) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#replay ??= this.#replayAll()
    }, PROBE_MS)
    this.#timer.unref()
  }

  async #replayAll(): Promise<void> {
    const { name, spool } = this.#parts
    const counts = { stored: 0, skipped: 0 }
    try {
      const isDone = await this.#replayPieces(counts)
      if (isDone) this.#trouble = undefined
    } catch (error) {
      this.#warn(`${name}: cannot read the spool ${spool.path}: ${onOneLine(messageOf(error), 100)}`)
    } finally {
      this.#replay = undefined
    }
    if (counts.stored > 0) this.#warn(`${name}: ${counts.stored} spans of ${spool.path} are in the table now`)
    if (counts.skipped > 0) this.#warn(`${name}: ${counts.skipped} lines of ${spool.path} were no whole spans`)
  }

  /** @returns whether the spool is empty now */
  async #replayPieces(counts: { stored: number; skipped: number }): Promise<boolean> {
    const { spool } = this.#parts
    while (!this.#closed) {
      const piece = await spool.next()
      if (piece === undefined) return true
      const outcome = await this.#inTurn(piece.spans)
      if (outcome.unsent.length > 0) {
        this.#goDown(outcome.error)
        return false
      }
      spool.stored()
      this.#downUntil = 0
      counts.stored += piece.spans.length - outcome.refused.length
      counts.skipped += piece.skipped
      this.#sayRefused(outcome)
    }
    return false
  }

  #sayRefused({ refused }: Outcome): void {
    const { name, why, spool } = this.#parts
    for (const { span, error } of refused) {
      const which = `span ${span.spanId} of trace ${span.traceId}`
      this.#warn(`${name}: ${which}, of ${spool.path}, is refused and left out: ${why(error)}`)
    }
  }

  #warn(message: string): void {
    this.#parts.logger.warn(`trace: ${message}`)
  }
}
