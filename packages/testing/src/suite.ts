import type { Recorder, Span, TraceReader } from '@trace/core'

/** One check of a suite: give its name and `run` to any test runner. */
export interface Case {
  readonly name: string
  /** Resolves if the backend does as it must. Otherwise it rejects, mostly with an `AssertionError`. */
  run(): Promise<void>
}

/** A store for one case. The suite closes the recorder and the reader, then calls `dispose`. */
export interface TestStore<Reader = TraceReader> {
  readonly recorder: Recorder
  /** Reads what the recorder stores. */
  readonly reader: Reader
  /** Clears up after the case. */
  dispose?(): void | Promise<void>
}

/** A store whose recorder was given a client, a connection or a stream. */
export interface ForeignStore extends TestStore<SpanSource> {
  /** Whether that client, connection or stream is still open. Called after the recorder was closed. */
  isOpen(): boolean | Promise<boolean>
}

/** The part of a reader that the suite for recorders needs. */
export type SpanSource = Pick<TraceReader, 'trace' | 'close'>

/** What a backend cannot do. Without these options, it must do everything. */
export interface Abilities {
  /** NaN and the infinities are read back as numbers; otherwise as text. Default true. */
  readonly nonFinite?: boolean
  /** -0 is read back as -0; otherwise as 0. Default true. */
  readonly negativeZero?: boolean
  /** Integers of more than 38 digits, and numbers beyond 1e±125, are read back; otherwise they are not tested. Default true. */
  readonly extremeNumbers?: boolean
  /** A map within data can have an empty key; otherwise that is not tested. Default true. */
  readonly emptyInnerKeys?: boolean
  /** Ids from 2^63 to 2^64−1 can be stored; otherwise they are not tested. Default true. */
  readonly unsignedIds?: boolean
  /** Spans that are still open can be stored; otherwise they are not tested. Default true. */
  readonly openSpans?: boolean
  /** Traces whose first span has a parent that is not stored are listed; otherwise they are not tested. Default true. */
  readonly orphans?: boolean
}

/** Options of {@link recorderSuite}. */
export interface RecorderSuiteOptions extends Abilities {
  /** Opens a recorder on an empty store, and what reads that store. Called for every case. */
  open(): TestStore<SpanSource> | Promise<TestStore<SpanSource>>
  /**
   * Fields of a span that the store refuses, while it takes the others of the batch; `false` if it takes every span.
   * Default: a start beyond the year 9999.
   */
  readonly poison?: Partial<Span> | false
  /** Opens a recorder with a client of the test's own, if recorders take one. Default: not tested. */
  openForeign?(): ForeignStore | Promise<ForeignStore>
}

/** Options of {@link readerSuite}. */
export interface ReaderSuiteOptions extends Abilities {
  /** Opens a reader on an empty store, and what records into that store. Called for every case. */
  open(): TestStore | Promise<TestStore>
}

/** Opens a store, uses it, and clears up, even after an error. */
export async function withStore<Store extends TestStore<SpanSource>>(
  open: () => Store | Promise<Store>,
  use: (store: Store) => Promise<void>,
): Promise<void> {
  const store = await open()
  try {
    await use(store)
  } finally {
    await store.reader.close?.()
    await store.dispose?.()
  }
}
