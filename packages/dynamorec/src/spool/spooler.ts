import { type Logger, onOneLine, type Span } from '@trace/core'
import { clearTimeout, setTimeout } from '@trace/core/store'
import { messageOf, nameOf } from '../table/symptoms.js'
import type { Outcome, Refusal, Writer } from '../write/writer.js'
import type { Piece } from './piece.js'
import type { Spool } from './spool.js'

/** How often to try a table that does not answer, in ms. In between, spans go to the spool. */
const PROBE_MS = 5_000
/** How long `close` goes on sending the spool, in ms. Otherwise short-lived processes would never send it. */
const CLOSE_MS = 1_000
/** When requests that are still under way are aborted, in ms after the call of `close`. */
const ABORT_MS = 1_500

/** Keeps in files the spans that cannot be stored, and stores them when the table answers again. */
export class Spooler {
  readonly #writer: Writer
  readonly #spool: Spool
  readonly #logger: Logger
  /** Until this time of `performance.now()`, spans go straight to the spool. */
  #downUntil = 0
  /** Why spans go to the spool; undefined while the table answers. */
  #trouble: string | undefined
  #timer: NodeJS.Timeout | undefined
  #replay: Promise<void> | undefined
  #lastTurn: Promise<unknown> = Promise.resolve()
  #storing: Promise<Outcome> | undefined
  /** Until this time of `performance.now()`, the spool is sent. */
  #sendUntil = Infinity
  /** The last warning about a file that cannot be read. */
  #unreadable: string | undefined

  constructor(writer: Writer, spool: Spool, logger: Logger) {
    this.#writer = writer
    this.#spool = spool
    this.#logger = logger
  }

  /** Stores spans in the table or in the spool; those unsent are in neither. Not called concurrently. */
  store(spans: readonly Span[]): Promise<Outcome> {
    this.#storing = this.#store(spans).finally(() => {
      this.#storing = undefined
    })
    return this.#storing
  }

  async #store(spans: readonly Span[]): Promise<Outcome> {
    if (this.#isClosed || performance.now() < this.#downUntil) return this.keep(spans)
    const outcome = await this.#inTurn(spans)
    if (outcome.unsent.length === 0) {
      this.#downUntil = 0
      this.#replay ??= this.#replayAll()
      return outcome
    }
    const isNews = this.#goDown(outcome.error)
    const kept = await this.keep(outcome.unsent)
    if (isNews && kept.unsent.length < outcome.unsent.length) this.#sayDown()
    return { ...kept, refused: outcome.refused }
  }

  /** Stores spans in the spool. */
  async keep(spans: readonly Span[]): Promise<Outcome> {
    try {
      return this.#keptOf(spans, await this.#spool.add(spans))
    } catch (error) {
      return this.#notKept(spans, error)
    }
  }

  /** {@link Spooler.keep}, synchronously. */
  keepSync(spans: readonly Span[]): Outcome {
    try {
      return this.#keptOf(spans, this.#spool.addSync(spans))
    } catch (error) {
      return this.#notKept(spans, error)
    }
  }

  #keptOf(spans: readonly Span[], kept: number): Outcome {
    const { path } = this.#spool
    const error = new Error(`the spool ${path} is full: increase maxBytes${this.#because()}`)
    return { refused: [], unsent: spans.slice(kept), error }
  }

  #notKept(spans: readonly Span[], error: unknown): Outcome {
    const { path } = this.#spool
    const isGone = nameOf(error) === 'ENOENT'
    const reason = isGone
      ? 'its folder does not exist; create it, or give another path'
      : onOneLine(messageOf(error), 100)
    const problem = `cannot write to the spool ${path}: ${reason}${this.#because()}`
    return { refused: [], unsent: spans, error: new Error(problem, { cause: error }) }
  }

  #because(): string {
    return this.#trouble === undefined ? '' : `; ${this.#trouble}`
  }

  get #isClosed(): boolean {
    return this.#sendUntil < Infinity
  }

  /**
   * Goes on sending the spool for a second, and leaves the rest to the next process. A record under way is aborted at once, and
   * the spans that it could not store go to the spool.
   */
  async close(): Promise<void> {
    this.#sendUntil = performance.now() + CLOSE_MS
    clearTimeout(this.#timer)
    const timer = setTimeout(() => this.#writer.abort(), this.#storing === undefined ? ABORT_MS : 0)
    await Promise.all([this.#storing, this.#replay, this.#lastTurn])
    clearTimeout(timer)
    this.#spool.close()
  }

  /** One write at a time, so that no key is in flight twice. */
  #inTurn(spans: readonly Span[]): Promise<Outcome> {
    const turn = this.#lastTurn.then(() => this.#writer.write(spans))
    this.#lastTurn = turn
    return turn
  }

  /** @returns whether the table had answered before */
  #goDown(error: unknown): boolean {
    const isNews = this.#trouble === undefined
    this.#trouble = this.#writer.explain(error)
    this.#downUntil = performance.now() + PROBE_MS
    if (this.#isClosed) return isNews
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#replay ??= this.#replayAll()
    }, PROBE_MS)
    this.#timer.unref()
    return isNews
  }

  #sayDown(): void {
    this.#warn(`spans go to ${this.#spool.path} until the table takes them: ${this.#trouble}`)
  }

  async #replayAll(): Promise<void> {
    const news = new News()
    try {
      const isDone = await this.#replayPieces(news)
      if (isDone) this.#trouble = undefined
    } catch (error) {
      this.#sayUnreadable(onOneLine(messageOf(error), 100))
    } finally {
      this.#replay = undefined
    }
    for (const line of news.lines(this.#spool.path, this.#writer)) this.#warn(line)
  }

  /** Warns once for each reason, because it tries again and again. */
  #sayUnreadable(reason: string): void {
    if (this.#unreadable !== reason) this.#warn(`cannot read the spool ${this.#spool.path}: ${reason}`)
    this.#unreadable = reason
  }

  /** @returns whether the spool is empty now */
  async #replayPieces(news: News): Promise<boolean> {
    while (performance.now() < this.#sendUntil) {
      const piece = await this.#spool.next()
      if (piece === undefined) return true
      const outcome = await this.#inTurn(piece.spans)
      news.add(piece, outcome)
      this.#spool.settle(outcome.unsent)
      if (outcome.unsent.length > 0) {
        if (this.#goDown(outcome.error)) this.#sayDown()
        return false
      }
      this.#downUntil = 0
    }
    return false
  }

  #warn(message: string): void {
    try {
      this.#logger.warn(`trace: ${this.#writer.name}: ${message}`)
    } catch {
      // A logger's error must not reach the traced program, and there is no other place for the message.
    }
  }
}

/** What became of the spans of a replay. */
class News {
  #stored = 0
  #skipped = 0
  #refused = 0
  #first: Refusal | undefined

  add(piece: Piece, { refused, unsent }: Outcome): void {
    this.#stored += piece.spans.length - refused.length - unsent.length
    this.#skipped += piece.skipped
    this.#refused += refused.length
    this.#first ??= refused[0]
  }

  lines(path: string, writer: Writer): string[] {
    const lines: string[] = []
    if (this.#stored > 0) lines.push(`${this.#stored} spans of ${path} are now in the table`)
    if (this.#skipped > 0)
      lines.push(`${this.#skipped} lines of ${path} were skipped, because they are not whole spans`)
    if (this.#first !== undefined) {
      const { span, error } = this.#first
      const which = `the first is span ${span.spanId} of trace ${span.traceId}`
      lines.push(`${this.#refused} spans of ${path} were refused, and are lost; ${which}: ${writer.explain(error)}`)
    }
    return lines
  }
}
