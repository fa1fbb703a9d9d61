/**
 * What became of a tracer's spans, in numbers of spans. At any moment
 * `started = open + held + unsampled + queued + inFlight + recorded + dropped + failed`.
 */
export interface Stats {
  /** All spans started so far. */
  readonly started: number
  /** Not finished yet. */
  readonly open: number
  /** Finished, and waiting for the decision whether their trace is kept. */
  readonly held: number
  /** Of traces that are not sampled: never recorded. */
  readonly unsampled: number
  /** Finished, and waiting for the recorder. */
  readonly queued: number
  /** Given to the recorder, which has not said yet whether they are stored. */
  readonly inFlight: number
  /** Stored, as the recorder says. */
  readonly recorded: number
  /** Lost before the recorder got them: the queue was full, or the tracer closed. */
  readonly dropped: number
  /** Lost by the recorder: it threw, rejected, or named them as not stored. */
  readonly failed: number
  /** Calls with an unusable id, kind, name or option, which fell back to a default. No part of the sum. */
  readonly badInput: number
}
