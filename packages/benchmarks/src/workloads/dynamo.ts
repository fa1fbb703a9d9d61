import { BatchWriteItemCommand, DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb'
import { dynamoRecorder, spanToItem } from '@trace/dynamorec'
import { tableOptions } from './local-table.js'
import { sampleSpans } from './sample-spans.js'
import type { Workload, WorkloadFactory } from './workload.js'

/** How many spans a tracer hands to its recorder at once by default. */
const RECORD = 512
/** How many items a call of BatchWriteItem takes, and how many calls run at once. Both are the recorder's defaults. */
const BATCH = 25
const CONCURRENCY = 4
/** On a busy machine a request may be slow. That is no failure. */
const TIMEOUT_MS = 60_000
/** The recorder's defaults. */
const ITEM_OPTIONS = { layout: 'natural', index: true, expires: undefined } as const
/** Several records, so that the waits between them are measured too, but few enough for a short turn. */
const SPANS = 4 * RECORD
/** For a smoke test. */
const FEW_SPANS = CONCURRENCY * BATCH

async function throughRecorder(folder: string, count: number): Promise<Workload> {
  const spans = await sampleSpans(count)
  const records = chunks(spans, RECORD)
  const recorder = dynamoRecorder({ ...(await tableOptions(folder)), requestTimeout: TIMEOUT_MS })
  return {
    operations: count,
    slice: async () => {
      for (const record of records) await recorder.record(record)
    },
  }
}

function bareClient(config: DynamoDBClientConfig): DynamoDBClient {
  return new DynamoDBClient(config)
}

/** A client with the recorder's settings, which does not copy items for a logger. */
function leanClient(config: DynamoDBClientConfig): DynamoDBClient {
  const timeouts = { requestTimeout: TIMEOUT_MS, connectionTimeout: TIMEOUT_MS, throwOnRequestTimeout: true }
  const client = new DynamoDBClient({ ...config, maxAttempts: 1, requestHandler: timeouts })
  client.middlewareStack.remove('loggerMiddleware')
  return client
}

/**
 * Writes the same items by calls alone: they were made before, no call waits for the end of a record, and items that the
 * table did not process are ignored.
 */
async function byCalls(folder: string, count: number, clientOf: typeof bareClient): Promise<Workload> {
  const spans = await sampleSpans(count)
  const { table, region, endpoint } = await tableOptions(folder)
  const client = clientOf({ region, endpoint })
  const batches = chunks(
    spans.map((span) => ({ PutRequest: { Item: spanToItem(span, ITEM_OPTIONS) } })),
    BATCH,
  )
  return {
    operations: count,
    slice: async () => {
      const waiting = batches.values()
      const writer = async (): Promise<void> => {
        for (const batch of waiting) await client.send(new BatchWriteItemCommand({ RequestItems: { [table]: batch } }))
      }
      await Promise.all(Array.from({ length: CONCURRENCY }, writer))
    },
  }
}

export const workloads: Readonly<Record<string, WorkloadFactory>> = {
  trace: (folder) => throughRecorder(folder, SPANS),
  bare: (folder) => byCalls(folder, SPANS, bareClient),
  lean: (folder) => byCalls(folder, SPANS, leanClient),
  'trace-few': (folder) => throughRecorder(folder, FEW_SPANS),
  'bare-few': (folder) => byCalls(folder, FEW_SPANS, bareClient),
  'lean-few': (folder) => byCalls(folder, FEW_SPANS, leanClient),
}

function chunks<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.slice(at * size, (at + 1) * size))
}
