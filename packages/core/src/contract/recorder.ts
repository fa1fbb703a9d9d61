import type { Logger } from './logger.js'
import type { Span } from './span.js'
import type { StoreFlush, StoreStats } from './stats.js'

/**
 * Stores spans. This is the contract that a store implements; `createTracer({ recorder })` takes one.
 *
 * The custom is a factory function that takes an options object and returns an object literal. The factory throws for bad
 * options only, and does no I/O: the first `record` does.
 */
export interface Recorder {
  /** Its name in logs and messages, such as `yaml(traces.yaml)`. */
  readonly name: string
  /** Whether what it stores outlives the process, as in a file or a table. A tracer then records its ledger there. Default: false. */
  readonly durable?: boolean
  /**
   * Stores spans, and resolves once all of them are stored. If only some could be stored, it rejects with a `RecordError` that
   * carries the others. Any other rejection, or a throw, means that none is stored. It is never called while an earlier call is
   * running.
   *
   * Spans that are not stored are lost, unless the `RecordError` has `retry: true`: another try may succeed, as on a disk that is
   * full now. The tracer then keeps them waiting while its queue has room, and tries again, at first after 100 ms, at last every 2 s.
   *
   * A span without `finish` is still open. A later span with the same trace id and span id replaces it.
   */
  record(spans: readonly Span[]): void | Promise<void>
  /**
   * Stores what was queued or in flight when the process exits, before it returns. So a span may be stored twice; readers keep
   * the last. To report spans that are not stored, it throws what {@link Recorder.record} rejects with. Left out by a recorder
   * that cannot store synchronously: its spans are then lost at exit.
   */
  recordSync?(spans: readonly Span[]): void
  /**
   * Releases only what this recorder opened itself. Called once, when the last `record` has settled or timed out.
   *
   * @param timeout how long the tracer waits for it, in ms
   */
  close?(timeout?: number): Promise<void>
  /**
   * For a recorder of several stores, such as {@link tee}, whose `record` does not wait for all of them: waits until each has stored
   * what was recorded before the call, or the time is up. Never rejects. Once it is closed, it is asked a last time what became of them.
   *
   * @param timeout in ms
   */
  flush?(timeout: number): Promise<readonly StoreFlush[]>
  /** For a recorder of several stores: what became of the spans in each. */
  stores?(): readonly StoreStats[]
  /** Called by a tracer that was given a logger: what the recorder itself warns of goes there. */
  useLogger?(logger: Logger): void
}
