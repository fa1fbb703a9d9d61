import { checkOptions, type Logger, optionRules, RecordError, type Recorder, type Span } from '@trace/core'
import { processLogger } from '@trace/core/store'
import type { Layout } from './item/item.js'
import { Spool } from './spool/spool.js'
import { Spooler } from './spool/spooler.js'
import { Connection, requestTimeoutOf, TABLE_RULES, type TableOptions } from './table/client.js'
import { ownSignal } from './table/deadline.js'
import { explain } from './table/problem.js'
import type { Outcome } from './write/batches.js'
import { type WriteRules, writeSpans } from './write/writer.js'

/** Options of {@link dynamoRecorder}. */
export interface DynamoRecorderOptions extends TableOptions {
  /**
   * How data is stored: as natural types, or all as text, as the original Go package does and its users' tools expect.
   * Default `natural`.
   */
  readonly layout?: Layout
  /**
   * Whether first spans carry the attribute of the index of recent traces, some 30 bytes, whether or not the table has the
   * index yet. Default true, and false for the layout `original`.
   */
  readonly index?: boolean
  /** After how many days, fractions included, items expire. The table must have expiry enabled. Default: never. */
  readonly expireAfter?: number
  /** Local files for spans that cannot be stored, which are stored when the table answers again. Default: none. */
  readonly spool?: SpoolOptions
  /** How many batches of 25 spans are in flight at once, 1 to 50. Default 4: at 2, a tracer's batches of 512
   * spans leave one of the two idle at each end. */
  readonly concurrency?: number
  /** How often a batch is sent while the table takes nothing of it. Default 10; with a spool 5. */
  readonly attempts?: number
  /** Where the spool's news goes. Default: `process.emitWarning`. */
  readonly logger?: Logger
}

/** Files for spans that cannot be stored for now. */
export interface SpoolOptions {
  /**
   * What the files' names begin with, absolute or from the folder that is the current one when the recorder is made. Their
   * folder must exist. Several processes may have the same.
   */
  readonly path: string
  /**
   * How large they may become together, in bytes, as measured once a second. What no longer fits is counted as failed.
   * Default 67,108,864 (64 MB).
   */
  readonly maxBytes?: number
}

const DEFAULT_SPOOL_BYTES = 67_108_864

/**
 * Records spans to a DynamoDB table, which it does not create (see `createTraceTable`). Nothing of the AWS SDK is loaded, and
 * no request is made, before the first record.
 *
 * Throttled and failed requests are sent again, with a growing random wait. A span that the table refuses does not keep
 * others from being stored. Where spans cannot be stored, `record` rejects with a `RecordError` that carries just those. With
 * a spool, spans that are in its file count as stored, and exit is covered (`recordSync`).
 *
 * @throws {TraceError} `TRACE_BAD_OPTION` for an unknown option, one that is missing, or one of the wrong type
 */
export function dynamoRecorder(options: DynamoRecorderOptions): Recorder {
  checkOptions('dynamoRecorder', options, RULES)
  if (options.spool !== undefined) checkOptions('dynamoRecorder spool', options.spool, SPOOL_RULES)
  const { table, spool } = options
  const name = `dynamodb(${table})`
  const closing = new AbortController()
  const rules = writeRules(options, ownSignal(closing.signal))
  const why = (error: unknown): string => explain(error, { table, place: rules.connection.place })
  const write = (spans: readonly Span[]): Promise<Outcome> => writeSpans(spans, rules)
  const abort = (): void => closing.abort(closedError())
  if (spool === undefined) {
    return {
      name,
      record: async (spans) => tell(name, why, await write(spans)),
      close: async () => {
        abort()
        rules.connection.close()
      },
    }
  }
  const file = new Spool(spool.path, spool.maxBytes ?? DEFAULT_SPOOL_BYTES)
  const spooler = new Spooler({ name, why, spool: file, write, abort, logger: options.logger ?? processLogger })
  return {
    name,
    record: async (spans) => tell(name, why, await spooler.store(spans)),
    recordSync: (spans) => tell(name, why, spooler.keepSync(spans)),
    close: async () => {
      await spooler.close()
      rules.connection.close()
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

function writeRules(options: DynamoRecorderOptions, signal: AbortSignal): WriteRules {
  const layout = options.layout ?? 'natural'
  return {
    table: options.table,
    // Only its own attempts, each with its own time: those of the SDK would multiply with them.
    connection: new Connection(options, 1),
    layout,
    index: options.index ?? layout === 'natural',
    expireAfter: options.expireAfter,
    concurrency: options.concurrency ?? 4,
    attempts: options.attempts ?? (options.spool === undefined ? 10 : 5),
    isPatient: options.spool === undefined,
    requestTimeout: requestTimeoutOf(options),
    signal,
  }
}

function closedError(): Error {
  return new Error('the recorder was closed meanwhile; wait longer in flush and close')
}

/** @throws {RecordError} for what is not stored */
function tell(name: string, why: (error: unknown) => string, { refused, unsent, error }: Outcome): void {
  if (refused.length === 0 && unsent.length === 0) return
  const parts: string[] = []
  if (unsent.length > 0) {
    parts.push(`${unsent.length} unsent: ${why(error)}`)
  }
  const [first, ...more] = refused
  if (first !== undefined) {
    const others = more.length === 0 ? '' : ` and ${more.length} others`
    const which = `span ${first.span.spanId} of trace ${first.span.traceId}${others}`
    parts.push(`refused ${which}: ${why(first.error)}`)
  }
  const spans = [...refused.map(({ span }) => span), ...unsent]
  throw new RecordError(`${name}: ${parts.join('; ')}`, spans, { cause: error ?? first?.error })
}
