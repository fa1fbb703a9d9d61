import type { Recorder } from '../contract/recorder.js'
import type { Span } from '../contract/span.js'
import { onOneLine } from '../values/display.js'
import { printableError, type Warnings } from './warnings.js'

/** Warns of lost spans, once per kind of loss and interval. */
export class Losses {
  readonly #recorder: Recorder
  readonly #warnings: Warnings

  constructor(recorder: Recorder, warnings: Warnings) {
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
    this.#warnings.warn('dropped', (n) => {
      const name = this.#name()
      const why =
        busy >= 1
          ? `and ${name} has been busy with one batch for ${Math.round(busy)} s`
          : `${name} is too slow for ${waiting} spans at once; see the options buffer and bufferBytes`
      return `${spansAre(n)} dropped: the queue is full, ${why}`
    })
  }

  /** The recorder has not taken spans before the tracer was closed or the process exited. */
  unsent(count: number, when: 'close' | 'exit'): void {
    const message = (n: number): string =>
      `${spansAre(n)} dropped at ${when}: ${this.#name()} did not take them in time`
    this.#warnings.warn('unsent', message, count)
  }

  /** The process exits with spans that the recorder cannot store synchronously. */
  atExit(count: number): void {
    const advice = 'call `await tracer.close()` before the process exits'
    this.#warnings.warn('exit', (n) => `${spansAre(n)} lost: ${this.#name()} cannot store at exit; ${advice}`, count)
  }

  /** The recorder could not store a batch, or a part of it. @returns how many spans are not stored */
  failed(spans: readonly Span[], error: unknown): number {
    const lost = lostSpans(spans, error)
    if (lost === 0) return 0
    const name = this.#name()
    const why = printableError(error)
    const reason = why.startsWith(name) ? why : `${name}: ${why}`
    this.#warnings.warn('failed', (n) => `${spansAre(n)} lost: ${reason}`, lost)
    return lost
  }

  /** The recorder could not store the ledger. */
  ledgerFailed(error: unknown): void {
    const message = `the ledger could not be stored by ${this.#name()}: ${printableError(error)}`
    this.#warnings.warn('ledger', () => message)
  }

  notClosed(error: unknown): void {
    const message = `${this.#name()} could not be closed: ${printableError(error)}`
    this.#warnings.warn('close', () => message)
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
 * How many spans of a batch are not stored, according to an error: all, if the error does not say. It may come from another copy
 * of this package. Never throws.
 */
function lostSpans(spans: readonly Span[], error: unknown): number {
  try {
    return namedSpans(spans, error)
  } catch {
    return spans.length
  }
}

function namedSpans(spans: readonly Span[], error: unknown): number {
  if (typeof error !== 'object' || error === null || Reflect.get(error, 'name') !== 'RecordError') return spans.length
  const named: unknown = Reflect.get(error, 'spans')
  if (!Array.isArray(named)) return spans.length
  const ids = new Set(
    named.map((span: unknown) => (typeof span === 'object' && span !== null ? Reflect.get(span, 'spanId') : 0n)),
  )
  return spans.filter((span) => ids.has(span.spanId)).length
}
