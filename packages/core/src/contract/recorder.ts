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
   * Resolves once every span is stored. Where only some are, rejects with a `RecordError` that carries those which
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
