import { checkOptions, type Logger, optionRules, RecordError, type Recorder } from '@trace/core'
import { processLogger } from '@trace/core/store'
import type { Layout } from './item/item.js'
import { Spool } from './spool/spool.js'
import { Spooler } from './spool/spooler.js'
import { Connection, TABLE_RULES, type TableOptions } from './table/client.js'
import { isPassing } from './table/remedy.js'
import { type Outcome, Writer } from './write/writer.js'

/** Options of {@link dynamoRecorder}. */
export interface DynamoRecorderOptions extends TableOptions {
  /**
   * How data is stored: as natural types, or all as text, as the Go package does and tools for its tables expect.
   * Default `natural`.
   */
  readonly layout?: Layout
  /**
   * Whether first spans have the attribute of the index of recent traces, some 30 bytes, even if the table has no index yet.
   * Default true, and false for the layout `original`.
   */
  readonly index?: boolean
  /** After how many days items expire; fractions are allowed. The table must have expiry enabled. Default: never. */
  readonly expireAfter?: number
  /** Local files for spans that cannot be stored now. They are stored when the table answers again. Default: none. */
  readonly spool?: SpoolOptions
  /** How many batches of 25 spans are in flight at once, 1 to 50. Default 4. */
  readonly concurrency?: number
  /** How often to send a batch while the table takes nothing of it. Default 10; with a spool 5. */
  readonly attempts?: number
  /** Gets the spool's messages. Default: `process.emitWarning`. */
  readonly logger?: Logger
}

/** Files for spans that cannot be stored for now. */
export interface SpoolOptions {
  /**
   * What the files' names begin with. A relative path is resolved from the current folder when the recorder is created. The
   * folder must exist. Several processes may share a path.
   */
  readonly path: string
  /**
   * The size of all files together, in bytes, as measured once a second. Spans that no longer fit are counted as failed.
   * Default 67,108,864 (64 MB).
   */
  readonly maxBytes?: number
}

const DEFAULT_SPOOL_BYTES = 67_108_864

/**
 * Records spans to a DynamoDB table. `createTraceTable` creates one. The AWS SDK is loaded, and the first request made, with the
 * first record.
 *
 * Throttled and failed requests are sent again, after a random wait that grows. A span that the table refuses does not keep
 * others from being stored. If spans cannot be stored, `record` rejects with a `RecordError` that names exactly those, and whose
 * `retry` says whether the reason passes by itself. With a spool, spans in its files count as stored, and queued spans are written there on exit (`recordSync`).
 *
 * @throws {TraceError} `TRACE_BAD_OPTION` for an unknown option, one that is missing, or one of the wrong type
 */
export function dynamoRecorder(options: DynamoRecorderOptions): Recorder {
  checkOptions('dynamoRecorder', options, RULES)
  if (options.spool !== undefined) checkOptions('dynamoRecorder spool', options.spool, SPOOL_RULES)
  // Only the writer's own attempts, each with its own time: those of the SDK would multiply with them.
  const connection = new Connection(options, 1)
  const writer = writerOf(options, connection)
  const { name } = writer
  const { spool } = options
  if (spool === undefined) {
    return {
      name,
      durable: true,
      record: async (spans) => {
        const outcome = await writer.write(spans)
        throwIfNotStored(writer, outcome, outcome.unsent.length > 0 && isPassing(outcome.error))
      },
      close: async () => {
        writer.abort()
        connection.close()
      },
    }
  }
  const file = new Spool(spool.path, spool.maxBytes ?? DEFAULT_SPOOL_BYTES)
  const spooler = new Spooler(writer, file, options.logger ?? processLogger)
  return {
    name,
    durable: true,
    record: async (spans) => throwIfNotStored(writer, await spooler.store(spans)),
    recordSync: (spans) => throwIfNotStored(writer, spooler.keepSync(spans)),
    close: async () => {
      await spooler.close()
      connection.close()
    },
  }
}

const RULES = {
  ...TABLE_RULES,
  layout: { expected: "'natural' or 'original'", test: (v: unknown) => v === 'natural' || v === 'original' },
  index: optionRules.boolean,
  expireAfter: {
    expected: 'days, above 0 and at most 36500',
    test: (v: unknown) => typeof v === 'number' && v > 0 && v <= 36_500,
  },
  spool: { expected: 'an object with the path of a file', test: (v: unknown) => typeof v === 'object' && v !== null },
  concurrency: {
    expected: 'a whole number from 1 to 50',
    test: (v: unknown) => Number.isInteger(v) && Number(v) >= 1 && Number(v) <= 50,
  },
  attempts: optionRules.count,
  logger: {
    expected: 'a logger, with a method warn, such as console',
    test: (v: unknown) => typeof v === 'object' && v !== null && typeof Reflect.get(v, 'warn') === 'function',
  },
}

const SPOOL_RULES = { path: { ...optionRules.string, required: true }, maxBytes: optionRules.count }

function writerOf(options: DynamoRecorderOptions, connection: Connection): Writer {
  const { table, layout = 'natural', index = layout === 'natural', expireAfter, concurrency = 4, spool } = options
  const { attempts = spool === undefined ? 10 : 5 } = options
  return new Writer({
    table,
    connection,
    layout,
    index,
    expireAfter,
    concurrency,
    attempts,
    isPatient: spool === undefined,
  })
}

/** @throws {RecordError} for the spans that are not stored. @param retry whether the tracer is to try them again */
function throwIfNotStored(writer: Writer, { refused, unsent, error }: Outcome, retry = false): void {
  if (refused.length === 0 && unsent.length === 0) return
  const parts: string[] = []
  if (unsent.length > 0) parts.push(`${unsent.length} unsent: ${writer.explain(error)}`)
  const [first, ...more] = refused
  if (first !== undefined) {
    const others = more.length === 0 ? '' : ` and ${more.length} more`
    const which = `span ${first.span.spanId} of trace ${first.span.traceId}${others}`
    parts.push(`refused ${which}: ${writer.explain(first.error)}`)
  }
  const spans = [...refused.map(({ span }) => span), ...unsent]
  throw new RecordError(`${writer.name}: ${parts.join('; ')}`, spans, { cause: error ?? first?.error, retry })
}
