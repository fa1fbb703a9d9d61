import { setTimeout as sleep } from 'node:timers/promises'
import type {
  AttributeDefinition,
  CreateTableCommandInput,
  DynamoDBClient,
  GlobalSecondaryIndex,
  TableDescription,
} from '@aws-sdk/client-dynamodb'
import { checkOptions, optionRules, TraceError } from '@trace/core'
import { type Connection, connect, type Sdk, TABLE_RULES, type TableOptions } from './client.js'
import { EXPIRES, INDEX_KEY, INDEX_NAME } from './item.js'
import { explain, nameOf } from './problem.js'

/** Options of {@link createTraceTable}. */
export interface CreateTraceTableOptions extends TableOptions {
  /** Also creates the index that lists of recent traces read, which adds about a tenth to the cost of writes. Default false. */
  readonly index?: boolean
  /** Also has items deleted that have expired (see the recorder's option `expireAfter`). Default false. */
  readonly expire?: boolean
  /** How long to wait until table and index are active, in milliseconds. Default 600,000 (10 minutes). */
  readonly timeout?: number
}

/** What {@link createTraceTable} did. */
export interface CreatedTable {
  /** One line for each thing that was done, or found to be there. */
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
/** Only items that have its attributes are in it: the first spans. */
const INDEX: GlobalSecondaryIndex = {
  IndexName: INDEX_NAME,
  KeySchema: [
    { AttributeName: INDEX_KEY, KeyType: 'HASH' },
    { AttributeName: 'start_unix', KeyType: 'RANGE' },
  ],
  Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['name', 'kind', 'process', 'elapsed', EXPIRES] },
}

/**
 * Creates a table for traces, of the key schema of the original Go package and with on-demand billing, and waits until it is
 * active. What is there already stays, and what is asked for and missing is added, so that it may be called again.
 *
 * @throws {TraceError} `TRACE_BAD_OPTION` for bad options; `TRACE_CANNOT_CREATE` where a table of that name has other keys,
 * the index or expiry cannot be had, or AWS refuses: it says why, and what to do
 */
export async function createTraceTable(options: CreateTraceTableOptions): Promise<CreatedTable> {
  checkOptions('createTraceTable', options, {
    ...TABLE_RULES,
    index: optionRules.boolean,
    expire: optionRules.boolean,
    timeout: optionRules.duration,
  })
  const connection = connect({ requestTimeout: 10_000, ...options })
  try {
    return { did: await createIn(connection, options) }
  } catch (error) {
    if (error instanceof TraceError) throw error
    throw cannotCreate(options.table, explain(error, options.table), error)
  } finally {
    connection.close()
  }
}

function cannotCreate(table: string, why: string, cause?: unknown): TraceError {
  return new TraceError('TRACE_CANNOT_CREATE', `dynamodb(${table}): cannot create the table: ${why}`, { cause })
}

/** Where a table is made, and how. */
interface Site {
  readonly sdk: Sdk
  readonly client: Pick<DynamoDBClient, 'send'>
  readonly table: string
  /** Until when to wait, by `performance.now()`. */
  readonly deadline: number
}

async function createIn(connection: Connection, options: CreateTraceTableOptions): Promise<string[]> {
  const deadline = performance.now() + (options.timeout ?? DEFAULT_TIMEOUT)
  const site: Site = { ...(await connection.open()), table: options.table, deadline }
  const did = [await createOrFind(site, options.index === true)]
  const description = await activeTable(site)
  if (!hasOurKeys(description)) {
    const keys = description.KeySchema?.map((key) => `${key.AttributeName} (${key.KeyType})`).join(', ')
    throw cannotCreate(site.table, `one is there with other keys: ${keys}; choose another name`)
  }
  if (options.index === true) did.push(await addIndex(site, description))
  if (options.expire === true) did.push(await enableExpiry(site))
  return did
}

async function createOrFind({ sdk, client, table }: Site, withIndex: boolean): Promise<string> {
  const input: CreateTableCommandInput = {
    TableName: table,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: withIndex ? [...KEY_TYPES, ...INDEX_TYPES] : KEY_TYPES,
    KeySchema: KEY_SCHEMA,
  }
  if (withIndex) input.GlobalSecondaryIndexes = [INDEX]
  try {
    await client.send(new sdk.CreateTableCommand(input))
    return `created table ${table}: trace_id and span_id, on-demand billing${withIndex ? `, index ${INDEX_NAME}` : ''}`
  } catch (error) {
    if (nameOf(error) !== 'ResourceInUseException') throw error
    return `table ${table} was there already`
  }
}

async function activeTable({ sdk, client, table, deadline }: Site): Promise<TableDescription> {
  for (;;) {
    const { Table: description } = await client.send(new sdk.DescribeTableCommand({ TableName: table }))
    const indexes = description?.GlobalSecondaryIndexes ?? []
    const isActive = indexes.every((index) => index.IndexName !== INDEX_NAME || index.IndexStatus === 'ACTIVE')
    if (description?.TableStatus === 'ACTIVE' && isActive) return description
    if (performance.now() > deadline) throw cannotCreate(table, 'it is not active yet; run the same again later')
    await sleep(POLL_MS)
  }
}

function hasOurKeys({ KeySchema = [], AttributeDefinitions = [] }: TableDescription): boolean {
  const types = new Map(AttributeDefinitions.map((each) => [each.AttributeName, each.AttributeType]))
  const keys = KeySchema.map((key) => `${key.AttributeName} ${key.KeyType} ${types.get(key.AttributeName)}`)
  return keys.join() === 'trace_id HASH N,span_id RANGE N'
}

async function addIndex(site: Site, description: TableDescription): Promise<string> {
  const { sdk, client, table } = site
  const found = description.GlobalSecondaryIndexes?.find((index) => index.IndexName === INDEX_NAME)
  if (found !== undefined) {
    const keys = found.KeySchema?.map((key) => key.AttributeName).join()
    if (keys === `${INDEX_KEY},start_unix`) return `index ${INDEX_NAME} is there`
    throw cannotCreate(table, `its index ${INDEX_NAME} has other keys (${keys}); delete that index, and run this again`)
  }
  const create = { ...INDEX, ...throughputOf(description) }
  await client.send(
    new sdk.UpdateTableCommand({
      TableName: table,
      AttributeDefinitions: [...KEY_TYPES, ...INDEX_TYPES],
      GlobalSecondaryIndexUpdates: [{ Create: create }],
    }),
  )
  await activeTable(site)
  return `added index ${INDEX_NAME}`
}

/** A table with provisioned capacity, as the original's were, wants some for its indexes too: as much as it has itself. */
function throughputOf({ BillingModeSummary, ProvisionedThroughput }: TableDescription): Partial<GlobalSecondaryIndex> {
  if (BillingModeSummary?.BillingMode === 'PAY_PER_REQUEST') return {}
  const { ReadCapacityUnits = 0, WriteCapacityUnits = 0 } = ProvisionedThroughput ?? {}
  return ReadCapacityUnits > 0 ? { ProvisionedThroughput: { ReadCapacityUnits, WriteCapacityUnits } } : {}
}

async function enableExpiry({ sdk, client, table }: Site): Promise<string> {
  const { TimeToLiveDescription: found } = await client.send(new sdk.DescribeTimeToLiveCommand({ TableName: table }))
  if (found?.TimeToLiveStatus === 'ENABLED' || found?.TimeToLiveStatus === 'ENABLING') {
    if (found.AttributeName === EXPIRES) return `expiry by the attribute ${EXPIRES} is enabled`
    throw cannotCreate(table, `it expires items by ${found.AttributeName}; disable that, and run this again`)
  }
  const TimeToLiveSpecification = { Enabled: true, AttributeName: EXPIRES }
  await client.send(new sdk.UpdateTimeToLiveCommand({ TableName: table, TimeToLiveSpecification }))
  return `enabled expiry by the attribute ${EXPIRES}`
}
