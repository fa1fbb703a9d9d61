import type { Recorder, Span, TraceReader } from '@trace/core'

/** One check of a suite: give its name and `run` to any test runner. */
export interface Case {
  readonly name: string
  /** Resolves where the backend does as it must; else rejects, mostly with an `AssertionError`. */
  run(): Promise<void>
}

/** A store that one case uses. The suite closes recorder and reader, then calls `dispose`. */
export interface TestStore<Reader = TraceReader> {
  readonly recorder: Recorder
  /** Reads what the recorder stores. */
  readonly reader: Reader
  /** Clears up after the case. */
  dispose?(): void | Promise<void>
}

/** A store whose recorder was handed a client, a connection or a stream. */
export interface ForeignStore extends TestStore<SpanSource> {
  /** Whether what was handed in is still open, asked after the recorder was closed. */
  isOpen(): boolean | Promise<boolean>
}

/** As much of a reader as the suite of recorders needs. */
export type SpanSource = Pick<TraceReader, 'trace' | 'close'>

/** What a backend can do: everything, unless said otherwise here. */
export interface Abilities {
  /** NaN and the infinities come back as numbers; else as their text. Default true. */
  readonly nonFinite?: boolean
  /** -0 comes back as -0; else as 0. Default true. */
  readonly negativeZero?: boolean
  /** Integers of more than 38 digits, and numbers beyond 1e±125, come back; else they are not tried. Default true. */
  readonly extremeNumbers?: boolean
  /** A map within data can have an empty key; else it is not tried. Default true. */
  readonly emptyInnerKeys?: boolean
  /** Ids from 2^63 to 2^64−1 can be stored; else they are not tried. Default true. */
  readonly unsignedIds?: boolean
  /** Spans that are still open can be stored; else they are not tried. Default true. */
  readonly openSpans?: boolean
  /** Traces are listed whose first span has a parent that is not stored; else they are not tried. Default true. */
  readonly orphans?: boolean
}

/** Options of {@link recorderSuite}. */
export interface RecorderSuiteOptions extends Abilities {
  /** A recorder, with a store that is empty, and what reads it. Called for every case. */
  open(): TestStore<SpanSource> | Promise<TestStore<SpanSource>>
  /**
   * Fields of a span that the store refuses, while it takes the others of the batch; `false` where it takes every span.
   * Default: a start beyond the year 9999.
   */
  readonly poison?: Partial<Span> | false
  /** Where a recorder can be handed a client: one that was, and whether that stays open. */
  openForeign?(): ForeignStore | Promise<ForeignStore>
}

/** Options of {@link readerSuite}. */
export interface ReaderSuiteOptions extends Abilities {
  /** A reader, with a store that is empty, and what records into it. Called for every case. */
  open(): TestStore | Promise<TestStore>
}

/** Opens a store, uses it, and clears up, whatever happens. */
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
