import { isOfAnyCopy } from '../values/errors.js'
import type { Span } from './span.js'

/**
 * Stores spans: the contract that a backend implements. It is given to `createTracer({ recorder })`.
 *
 * A recorder is a factory that takes an options object and returns an object literal. It does no I/O before the first
 * `record`, and never throws from its factory for anything but bad options.
 */
export interface Recorder {
  /** What logs and messages call it, such as `yaml(traces.yaml)`. */
  readonly name: string
  /**
   * Resolves once every span is stored. Where only some are, rejects with a {@link RecordError} that carries those which
   * are not; any other rejection, or a throw, means that none of them is. Never called concurrently with itself.
   *
   * A span without `finish` is still open; a later one of the same trace and span id replaces it.
   */
  record(spans: readonly Span[]): void | Promise<void>
  /**
   * The process is exiting: what was queued or in flight, to be stored before this returns, if that can be done. A span
   * may so be stored twice; readers keep the last. Failure is told as by {@link Recorder.record}, by a throw.
   */
  recordSync?(spans: readonly Span[]): void
  /** Releases only what this recorder opened itself. Called once, after the last `record` has settled or timed out. */
  close?(): Promise<void>
}

/** Some spans of a batch could not be stored. */
export class RecordError extends Error {
  static override readonly [Symbol.hasInstance]: (value: unknown) => boolean = isOfAnyCopy('RecordError')
  override readonly name = 'RecordError'
  /** Those which are not stored; all others of the batch are. */
  readonly spans: readonly Span[]

  /**
   * @param message what happened, where, and what to do
   * @param spans those of the batch which are not stored
   * @param options `cause`: the error beneath
   */
  constructor(message: string, spans: readonly Span[], options?: ErrorOptions) {
    super(message, options)
    this.spans = spans
  }
}

/**
 * How many of a batch an error says are not stored: all of it, where the error does not say. It may come from another copy of
 * this package. Never throws.
 */
export function lostSpans(spans: readonly Span[], error: unknown): number {
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
