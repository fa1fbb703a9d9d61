/**
 * How many of a tracer's spans are in each state. At any moment
 * `started = open + held + unsampled + queued + inFlight + recorded + dropped + failed`.
 */
export interface Stats {
  /** All spans started so far. */
  readonly started: number
  /** Not finished yet. */
  readonly open: number
  /** Finished, and waiting for the decision whether their trace is kept, which the option `keep` makes. */
  readonly held: number
  /** Belong to traces that are not sampled, and are never recorded. */
  readonly unsampled: number
  /** Finished, and waiting for the recorder. */
  readonly queued: number
  /** Given to the recorder, which has not answered yet. */
  readonly inFlight: number
  /** Stored, according to the recorder. */
  readonly recorded: number
  /** Lost before the recorder got them, because the queue was full or the tracer closed. */
  readonly dropped: number
  /** Lost by the recorder, which threw, rejected, or named them as not stored. */
  readonly failed: number
  /** Calls with an unusable id, kind, name or option, for which a default was used. Not part of the sum. */
  readonly badInput: number
  /** What became of the spans in each store of a recorder of several, such as {@link tee}. */
  readonly stores?: readonly StoreStats[]
}

/**
 * How many spans are in each state in one of several stores. What the tracer itself has dropped reached none of them, and is not counted
 * here. Their sum is the same for each store.
 */
export interface StoreStats extends Pick<Stats, 'queued' | 'inFlight' | 'recorded' | 'dropped' | 'failed'> {
  /** The name of its recorder. */
  readonly name: string
}

/** What a flush has left in one of several stores. */
export interface StoreFlush {
  /** The name of its recorder. */
  readonly name: string
  /** How many of the spans that finished before the call were still on their way to this store at the deadline. */
  readonly left: number
  /** How many of the spans that finished before the call this store will never have. */
  readonly lost: number
}
