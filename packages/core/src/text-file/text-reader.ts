import type { ReadOptions, SpanBatch, SpanQuery, TraceReader, TraceSpans } from '../contract/reader.js'
import type { Span } from '../contract/span.js'
import { checkTraceId } from '../store/check-query.js'
import { isId } from '../values/ids.js'
import { checkOptions } from '../values/options.js'
import { eachOnce } from '../values/spans.js'
import { Backward, FILE } from './backward.js'
import { followFiles } from './follow.js'
import { readForward } from './forward.js'
import { listFiles } from './list.js'
import { absolutePath } from './open-file.js'
import { closeAll, openStores } from './open-store.js'
import { Places } from './places.js'
import type { Piece, ReadFormat } from './read-format.js'
import type { Source } from './source.js'

/** Options of a reader of a text file. */
export interface TextReaderOptions {
  /**
   * The file, or several that are read as one store: absolute paths, or ones from the current folder as it is now. A `*` stands for any
   * part of a name, as in `logs/*.yaml`.
   */
  readonly path: string | readonly string[]
  /**
   * How long after it has finished a span may have been stored, in ms, for reads that go back from the end. They stop where, by this,
   * nothing newer can come, and say so (`incomplete`). `Infinity` reads all. Default 5,000.
   */
  readonly margin?: number
}

const MARGIN = 5_000

/** A reader that can follow a file, and read all of it. */
export type TextReader = TraceReader & Required<Pick<TraceReader, 'follow' | 'scan'>>

/**
 * Creates a reader of the traces in a text file, which may be written at the same time. Files that were rotated, such as
 * `traces.yaml.1` or `traces.yaml.2.gz`, are read with it as one store. Each call reads back from the end, as far as it has to, without
 * holding the files in memory. Nothing stays open between calls. Compressed files are unpacked, and the lines of a container
 * runtime's log read without what it has put before each.
 *
 * All methods reject with a `TraceError` of code `TRACE_CANNOT_READ` if the file is missing or cannot be opened. The records that
 * `trace` reports as skipped are those that mention the trace's id; `traces` reports all that it has come across.
 *
 * @throws {TraceError} `TRACE_BAD_OPTION` for an unknown option, if `path` is missing or not a string, or if it is relative and the
 * current folder was removed
 */
export function textReader<P extends Piece>(format: ReadFormat<P>, options: TextReaderOptions): TextReader {
  checkOptions(`${format.name}Reader`, options, {
    path: { expected: 'a path, or a list of paths', test: isPaths, required: true },
    margin: { expected: 'milliseconds, 0 or more', test: (v) => typeof v === 'number' && v >= 0 },
  })
  const given = [options.path].flat()
  const paths = given.map((path) => absolutePath(`${format.name}Reader`, path))
  const name = `${format.name}(${given.join(', ')})`

  async function withStore<T>(signal: AbortSignal | undefined, use: (reading: Backward<P>) => Promise<T>): Promise<T> {
    const stores = await openStores(paths, name)
    try {
      return await use(new Backward(stores, format, { margin: options.margin ?? MARGIN, signal }))
    } finally {
      await closeAll(stores.flat())
    }
  }

  async function* scan(query: SpanQuery, how: ReadOptions): AsyncGenerator<SpanBatch> {
    how.signal?.throwIfAborted()
    const stores = await openStores(paths, name)
    try {
      yield* readForward(stores, format, { ...how, query, margin: options.margin ?? MARGIN })
    } finally {
      await closeAll(stores.flat())
    }
  }

  return {
    name,
    trace: async (traceId, { signal, onPlace } = {}) => {
      signal?.throwIfAborted()
      checkTraceId(traceId)
      return withStore(signal, (reading) => readTrace(reading, format, { traceId, onPlace }))
    },
    traces: async (query = {}, { signal } = {}) => {
      signal?.throwIfAborted()
      return withStore(signal, (reading) => listFiles(reading, format, query, signal))
    },
    scan: (query = {}, how = {}) => scan(query, how),
    follow: (how) => followFiles(paths, name, format, how),
  }
}

function isPaths(value: unknown): boolean {
  const paths: unknown[] = Array.isArray(value) ? value : [value]
  return paths.length > 0 && paths.every((path) => typeof path === 'string' && path !== '')
}

async function readTrace<P extends Piece>(
  reading: Backward<P>,
  format: ReadFormat<P>,
  { traceId, onPlace }: { readonly traceId: bigint; readonly onPlace: ReadOptions['onPlace'] },
): Promise<TraceSpans> {
  const found: { readonly span: Span; readonly place: number }[] = []
  let start: bigint | undefined
  if (isId(traceId)) {
    // However the id is written, its digits are in the record. Only records with these digits are read.
    const digits = String(traceId)
    const needle = Buffer.from(digits)
    const wanted = (piece: P): boolean => (format.traceIdOf(piece) ?? digits) === digits
    const each = (span: Span, _: P, place: number): void => {
      if (span.traceId !== traceId) return
      found.push({ span, place })
      if (start === undefined || span.start < start) start = span.start
    }
    while (!reading.isDone && !isBefore(reading.readFrom, start)) await reading.next({ needle, wanted, each })
  }
  found.sort((a, b) => a.place - b.place)
  if (onPlace !== undefined) await tellPlaces(reading.sources, found, onPlace)
  return { spans: eachOnce(found.map(({ span }) => span)), ...reading.report() }
}

/** @param found in the order of the store */
async function tellPlaces(
  sources: readonly Source[],
  found: readonly { readonly span: Span; readonly place: number }[],
  onPlace: NonNullable<ReadOptions['onPlace']>,
): Promise<void> {
  for (const [index, source] of sources.entries()) {
    const places = new Places(source)
    for (const { span, place } of found) {
      if (Math.floor(place / FILE) === index) onPlace(span, await places.placeOf(place % FILE))
    }
    await places.close()
  }
}

/** Whether all is read from before a trace's start on. */
function isBefore(from: bigint | undefined, start: bigint | undefined): boolean {
  return from !== undefined && start !== undefined && from < start
}
