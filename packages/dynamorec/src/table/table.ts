import type {
  AttributeDefinition,
  CreateTableCommandInput,
  GlobalSecondaryIndex,
  TableDescription,
} from '@aws-sdk/client-dynamodb'
import { checkOptions, optionRules, TraceError } from '@trace/core'
import { sleep } from '@trace/core/store'
import { EXPIRES, INDEX_KEY, INDEX_NAME } from '../item/item.js'
import { Connection, checkAnswer, type Session, TABLE_RULES, type TableOptions } from './client.js'
import { explain } from './problem.js'
import { messageOf, nameOf } from './symptoms.js'

/** Options of {@link createTraceTable}. */
export interface CreateTraceTableOptions extends TableOptions {
  /** Also creates the index that lists of recent traces read. It makes writes about a tenth more expensive. Default false. */
  readonly index?: boolean
  /** Also lets DynamoDB delete expired items (see the recorder's option `expireAfter`). Default false. */
  readonly expire?: boolean
  /** How long to wait until the table and the index are active, in ms. Default 600,000 (10 minutes). */
  readonly timeout?: number
}

/** What {@link createTraceTable} did. */
export interface CreatedTable {
  /** One line for each thing that was done, or was already there. */
  readonly did: readonly string[]
}

const DEFAULT_TIMEOUT = 600_000
const POLL_MS = 500

const KEY_TYPES: AttributeDefinition[] = [
  { AttributeName: 'trace_id', AttributeType: 'N' },
  { AttributeName: 'span_id', AttributeType: 'N' },
]
const KEY_SCHEMA: CreateTableCommandInput['KeySchema'] = [
  { AttributeName: 'trace_id', KeyType: 'HASH' },
  { AttributeName: 'span_id', KeyType: 'RANGE' },
]
const INDEX_TYPES: AttributeDefinition[] = [
  { AttributeName: INDEX_KEY, AttributeType: 'S' },
  { AttributeName: 'start_unix', AttributeType: 'N' },
]
/** Only items with its attributes are in it: those of first spans. */
const INDEX: GlobalSecondaryIndex = {
  IndexName: INDEX_NAME,
  KeySchema: [
    { AttributeName: INDEX_KEY, KeyType: 'HASH' },
    { AttributeName: 'start_unix', KeyType: 'RANGE' },
  ],
  Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['name', 'kind', 'process', 'elapsed', EXPIRES] },
}

/**
 * Creates a table for traces, with the key schema of the Go package and on-demand billing, and waits until it is active. If the
 * table exists, adds what is asked for and missing, so that it can be called again.
 *
 * @throws {TraceError} `TRACE_BAD_OPTION` for bad options; `TRACE_CANNOT_CREATE` if a table of that name has other keys,
 * if the index or expiry cannot be added, or if AWS refuses. The message says why and what to do
 */
export async function createTraceTable(options: CreateTraceTableOptions): Promise<CreatedTable> {
  checkOptions('createTraceTable', options, {
    ...TABLE_RULES,
    index: optionRules.boolean,
    expire: optionRules.boolean,
    timeout: optionRules.duration,
  })
  const connection = new Connection({ requestTimeout: 10_000, ...options })
  try {
    return { did: await createIn(connection, options) }
  } catch (error) {
    if (error instanceof TraceError) throw error
    const { table } = options
    throw cannotCreate(table, explain(error, { table, place: connection.place }), error)
  } finally {
    connection.close()
  }
}

function cannotCreate(table: string, why: string, cause?: unknown): TraceError {
  return new TraceError('TRACE_CANNOT_CREATE', `dynamodb(${table}): cannot create the table: ${why}`, { cause })
}

/** A table that is being created. */
interface Building {
  readonly connection: Connection
  readonly table: string
  /** When to stop waiting, by `performance.now()`. */
  readonly deadline: number
}

async function createIn(connection: Connection, options: CreateTraceTableOptions): Promise<string[]> {
  const deadline = performance.now() + (options.timeout ?? DEFAULT_TIMEOUT)
  const building: Building = { connection, table: options.table, deadline }
  const did = [await createOrFind(building, options.index === true)]
  const description = await activeTable(building)
  if (!hasOurKeys(description)) {
    const keys = description.KeySchema?.map((key) => `${key.AttributeName} (${key.KeyType})`).join(', ')
    throw cannotCreate(building.table, `it exists, with other keys: ${keys}; choose another name`)
  }
  if (options.index === true) did.push(await addIndex(building, description))
  if (options.expire === true) did.push(await enableExpiry(building))
  return did
}

/** Makes a request, again and again while the table is busy with an earlier one. */
async function untilFree<T>(
  { connection, table, deadline }: Building,
  isBusy: (error: unknown) => boolean,
  make: (session: Session) => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await connection.request(make)
    } catch (error) {
      if (!isBusy(error)) throw error
      if (performance.now() > deadline) throw stillBusy(table, error)
    }
    await sleep(POLL_MS)
  }
}

function stillBusy(table: string, cause?: unknown): TraceError {
  return cannotCreate(table, 'it is not active yet; run the same again later', cause)
}

/** Whether too many tables or indexes are being created at once, as opposed to too many tables existing. */
function isTooMuchAtOnce(error: unknown): boolean {
  return nameOf(error) === 'LimitExceededException' && /simultaneously/.test(messageOf(error))
}

function isInUse(error: unknown): boolean {
  return nameOf(error) === 'ResourceInUseException' || isTooMuchAtOnce(error)
}

/** A table that was just created may be unknown to the host that is asked to describe it. */
function isUnknownYet(error: unknown): boolean {
  return nameOf(error) === 'ResourceNotFoundException'
}

async function createOrFind(building: Building, withIndex: boolean): Promise<string> {
  const { table } = building
  const input: CreateTableCommandInput = {
    TableName: table,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: withIndex ? [...KEY_TYPES, ...INDEX_TYPES] : KEY_TYPES,
    KeySchema: KEY_SCHEMA,
  }
  if (withIndex) input.GlobalSecondaryIndexes = [INDEX]
  try {
    await untilFree(building, isTooMuchAtOnce, ({ sdk, client }) => client.send(new sdk.CreateTableCommand(input)))
    return `created table ${table}: trace_id and span_id, on-demand billing${withIndex ? `, index ${INDEX_NAME}` : ''}`
  } catch (error) {
    if (nameOf(error) !== 'ResourceInUseException') throw error
    return `table ${table} already exists`
  }
}

async function activeTable(building: Building): Promise<TableDescription> {
  const { table, deadline } = building
  for (;;) {
    const answer = await untilFree(building, isUnknownYet, ({ sdk, client }) =>
      client.send(new sdk.DescribeTableCommand({ TableName: table })),
    )
    checkAnswer(answer, answer.Table)
    const indexes = answer.Table?.GlobalSecondaryIndexes ?? []
    const isActive = indexes.every((index) => index.IndexName !== INDEX_NAME || index.IndexStatus === 'ACTIVE')
    if (answer.Table?.TableStatus === 'ACTIVE' && isActive) return answer.Table
    if (performance.now() > deadline) throw stillBusy(table)
    await sleep(POLL_MS)
  }
}

function hasOurKeys({ KeySchema = [], AttributeDefinitions = [] }: TableDescription): boolean {
  const types = new Map(AttributeDefinitions.map((each) => [each.AttributeName, each.AttributeType]))
  const keys = KeySchema.map((key) => `${key.AttributeName} ${key.KeyType} ${types.get(key.AttributeName)}`)
  return keys.join() === 'trace_id HASH N,span_id RANGE N'
}

async function addIndex(building: Building, description: TableDescription): Promise<string> {
  const { table } = building
  const found = description.GlobalSecondaryIndexes?.find((index) => index.IndexName === INDEX_NAME)
  if (found !== undefined) {
    const keys = found.KeySchema?.map((key) => key.AttributeName).join()
    if (keys === `${INDEX_KEY},start_unix`) return `index ${INDEX_NAME} already exists`
    throw cannotCreate(table, `its index ${INDEX_NAME} has other keys (${keys}); delete that index, and run this again`)
  }
  const input = {
    TableName: table,
    AttributeDefinitions: [...KEY_TYPES, ...INDEX_TYPES],
    GlobalSecondaryIndexUpdates: [{ Create: { ...INDEX, ...throughputOf(description) } }],
  }
  await untilFree(building, isInUse, ({ sdk, client }) => client.send(new sdk.UpdateTableCommand(input)))
  await activeTable(building)
  return `added index ${INDEX_NAME}`
}

/** A table with provisioned capacity, as the Go package makes it, needs some for its indexes: as much as it has itself. */
function throughputOf({ BillingModeSummary, ProvisionedThroughput }: TableDescription): Partial<GlobalSecondaryIndex> {
  if (BillingModeSummary?.BillingMode === 'PAY_PER_REQUEST') return {}
  const { ReadCapacityUnits = 0, WriteCapacityUnits = 0 } = ProvisionedThroughput ?? {}
  return ReadCapacityUnits > 0 ? { ProvisionedThroughput: { ReadCapacityUnits, WriteCapacityUnits } } : {}
}

async function enableExpiry(building: Building): Promise<string> {
  const { connection, table } = building
  const { TimeToLiveDescription: found } = await connection.request(({ sdk, client }) =>
    client.send(new sdk.DescribeTimeToLiveCommand({ TableName: table })),
  )
  if (found?.TimeToLiveStatus === 'ENABLED' || found?.TimeToLiveStatus === 'ENABLING') {
    if (found.AttributeName === EXPIRES) return `expiry by the attribute ${EXPIRES} is already enabled`
    throw cannotCreate(table, `it expires items by ${found.AttributeName}; disable that, and run this again`)
  }
  const input = { TableName: table, TimeToLiveSpecification: { Enabled: true, AttributeName: EXPIRES } }
  await untilFree(building, isInUse, ({ sdk, client }) => client.send(new sdk.UpdateTimeToLiveCommand(input)))
  return `enabled expiry by the attribute ${EXPIRES}`
}
