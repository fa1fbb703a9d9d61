import type { Recorder } from '../contract/recorder.js'
import type { Span } from '../contract/span.js'
import { onOneLine } from '../values/display.js'
import { printableError, type Warnings } from './warnings.js'

/** Warns of lost spans, once per kind of loss and interval. */
export class Losses {
  readonly #recorder: Recorder
  readonly #warnings: Pick<Warnings, 'warn'>
  /** Why spans wait to be tried again; undefined while the recorder stores what it gets. */
  #trouble: string | undefined
  /** Whether the recorder has lost spans since it has last stored what it got. */
  #hasFailed = false

  constructor(recorder: Recorder, warnings: Pick<Warnings, 'warn'>) {
    this.#recorder = recorder
    this.#warnings = warnings
  }

  /** A span has finished after the tracer was closed. */
  late(): void {
    this.#warnings.warn('closed', (n) => `${spansAre(n)} dropped: finished after the tracer was closed`)
  }

  /**
   * A span has finished while the queue was full.
   *
   * @param waiting how many spans are in the queue
   * @param busy how long the recorder has been storing one batch, in seconds; 0 if it is storing none
   */
  full(waiting: number, busy: number): void {
    const trouble = this.#trouble
    this.#warnings.warn('dropped', (n) => {
      const name = this.#name()
      const why =
        trouble ??
        (busy >= 1
          ? `and ${name} has been busy with one batch for ${Math.round(busy)} s`
          : `${name} is too slow for ${waiting} spans at once; see the options buffer and bufferBytes`)
      return `${spansAre(n)} dropped: the queue is full, ${why}`
    })
  }

  /** The recorder has not taken spans before the tracer was closed or the process exited. */
  unsent(count: number, when: 'close' | 'exit'): void {
    const why = this.#trouble ?? `${this.#name()} did not take them in time`
    this.#warnings.warn('unsent', (n) => `${spansAre(n)} dropped at ${when}: ${why}`, count)
  }

  /** The process exits with spans that the recorder cannot store synchronously. */
  atExit(count: number): void {
    const advice = 'call `await tracer.close()` before the process exits'
    this.#warnings.warn('exit', (n) => `${spansAre(n)} lost: ${this.#name()} cannot store at exit; ${advice}`, count)
  }

  /** The recorder has lost spans. */
  failed(count: number, error: unknown): void {
    if (count === 0) return
    this.#hasFailed = true
    const reason = this.#reason(error)
    this.#warnings.warn('failed', (n) => `${spansAre(n)} lost: ${reason}`, count)
  }

  /** Spans are not stored, and are to be tried again. Warns at the first such failure since the recorder has last stored some. */
  waiting(count: number, error: unknown): void {
    const isNew = this.#trouble === undefined
    const reason = this.#reason(error)
    this.#trouble = reason
    if (!isNew) return
    this.#warnings.warn('waiting', (n) => `${spansAre(n)} not stored yet, and will be tried again: ${reason}`, count)
  }

  /** The recorder has stored what it got. */
  recovered(): void {
    this.#hasFailed = false
    this.#trouble = undefined
  }

  /** The recorder could not store the ledger. That is not said where it has just been said of spans. */
  ledgerFailed(error: unknown): void {
    if (this.#trouble !== undefined || this.#hasFailed) return
    const message = `the ledger could not be stored by ${this.#name()}: ${printableError(error)}`
    this.#warnings.warn('ledger', () => message)
  }

  notClosed(error: unknown): void {
    const message = `${this.#name()} could not be closed: ${printableError(error)}`
    this.#warnings.warn('close', () => message)
  }

  #reason(error: unknown): string {
    const name = this.#name()
    const why = printableError(error)
    return why.startsWith(name) ? why : `${name}: ${why}`
  }

  #name(): string {
    try {
      const name: unknown = this.#recorder.name
      return typeof name === 'string' ? onOneLine(name) : 'the recorder'
    } catch {
      return 'the recorder'
    }
  }
}

function spansAre(count: number): string {
  return count === 1 ? '1 span was' : `${count} spans were`
}

/**
 * Which spans of a batch are not stored, according to an error: all, if the error does not say. It may come from another copy of
 * this package. Never throws.
 */
export function unstoredSpans(spans: readonly Span[], error: unknown): readonly Span[] {
  try {
    return namedSpans(spans, error)
  } catch {
    return spans
  }
}

function namedSpans(spans: readonly Span[], error: unknown): readonly Span[] {
  if (!isRecordError(error)) return spans
  const named: unknown = Reflect.get(error, 'spans')
  if (!Array.isArray(named)) return spans
  const ids = new Set(
    named.map((span: unknown) => (typeof span === 'object' && span !== null ? Reflect.get(span, 'spanId') : 0n)),
  )
  return spans.filter((span) => ids.has(span.spanId))
}

/** Whether an error says that the spans may be tried again. Never throws. */
export function isPassing(error: unknown): boolean {
  try {
    return isRecordError(error) && Reflect.get(error, 'retry') === true
  } catch {
    return false
  }
}

function isRecordError(error: unknown): error is object {
  return typeof error === 'object' && error !== null && Reflect.get(error, 'name') === 'RecordError'
}
