import { BatchWriteItemCommand, DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb'
import { dynamoRecorder, spanToItem } from '@trace/dynamorec'
import { optionsOf } from '../local-table.js'
import type { Workload, WorkloadFactory } from '../workload.js'
import { sampleSpans } from './sample-spans.js'

/** What a tracer hands to its recorder at once, by default. */
const RECORD = 512
/** What a call of BatchWriteItem takes, and how many calls are under way at once: those of the recorder's defaults. */
const BATCH = 25
const CONCURRENCY = 4
/** In milliseconds: a request that a busy machine keeps waiting is slow, and no failure. */
const PATIENCE = 60_000
/** As the recorder's defaults. */
const ITEM_OPTIONS = { layout: 'natural', index: true, expires: undefined } as const
/** Some records long, so that the waits between them are part of what is measured, and so short that a turn is soon over. */
const SPANS = 4 * RECORD

export const workloads: Readonly<Record<string, WorkloadFactory>> = {
  trace: async (folder) => {
    const spans = await sampleSpans(SPANS)
    const records = chunks(spans, RECORD)
    const recorder = dynamoRecorder({ ...(await optionsOf(folder)), requestTimeout: PATIENCE })
    return {
      operations: SPANS,
      slice: async () => {
        for (const record of records) await recorder.record(record)
      },
    }
  },
  bare: (folder) => bare(folder, (config) => new DynamoDBClient(config)),
  lean: (folder) =>
    bare(folder, (config) => {
      const timeouts = { requestTimeout: PATIENCE, connectionTimeout: PATIENCE, throwOnRequestTimeout: true }
      const client = new DynamoDBClient({ ...config, maxAttempts: 1, requestHandler: timeouts })
      client.middlewareStack.remove('loggerMiddleware')
      return client
    }),
}

/** The same items by the calls alone: made before, with no wait between, and nothing done about what the table does not take. */
async function bare(folder: string, newClient: (config: DynamoDBClientConfig) => DynamoDBClient): Promise<Workload> {
  const spans = await sampleSpans(SPANS)
  const { table, region, endpoint } = await optionsOf(folder)
  const client = newClient({ region, endpoint })
  const batches = chunks(
    spans.map((span) => ({ PutRequest: { Item: spanToItem(span, ITEM_OPTIONS) } })),
    BATCH,
  )
  return {
    operations: SPANS,
    slice: async () => {
      const waiting = batches.values()
      const writer = async (): Promise<void> => {
        for (const batch of waiting) await client.send(new BatchWriteItemCommand({ RequestItems: { [table]: batch } }))
      }
      await Promise.all(Array.from({ length: CONCURRENCY }, writer))
    },
  }
}

function chunks<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.slice(at * size, (at + 1) * size))
}
