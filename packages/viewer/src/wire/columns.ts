/**
 * The spans of one trace, as the page gets them: a column for each field, so that a large trace loads fast. Their data follows, a
 * line for each span: JSON, or nothing where it has none.
 */
export interface SpanColumns {
  readonly count: number
  /** What processes, kinds and names are, each once. */
  readonly words: readonly string[]
  /** Of 64-bit integers, in base64, little-endian, as all that runs a browser or Node is. One only where all are the same. */
  readonly traceIds: string
  /** The same, as are the following. */
  readonly spanIds: string
  readonly parentIds: string
  /** Nanoseconds since the Unix epoch. */
  readonly starts: string
  /** The same; {@link OPEN} for a span that is open. */
  readonly finishes: string
  /** Of 32-bit integers, in base64: places in {@link words}. */
  readonly processes: string
  readonly kinds: string
  readonly names: string
  /** Of 32-bit integers, in base64: which spans have failed, so that nobody has to look into the data of all. */
  readonly failed: string
}

export const OPEN: bigint = -(2n ** 63n)

/** What JSON lacks, as a list that begins with a word that no program writes. */
export const BIGINT = '\u0000bigint'
export const NUMBER = '\u0000number'
