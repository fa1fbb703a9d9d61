import { BatchWriteItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { Span } from '@trace/core'
import { dynamoRecorder, spanToItem } from '@trace/dynamorec'
import { optionsOf } from '../local-table.js'
import type { Workload, WorkloadFactory } from '../workload.js'
import { sampleSpans } from './sample-spans.js'

/** What a call of BatchWriteItem takes, and how many calls are under way at once: those of the recorder's defaults. */
const BATCH = 25
const CONCURRENCY = 4
/** As the recorder's defaults. */
const ITEM_OPTIONS = { layout: 'natural', index: true, expires: undefined } as const
/** A whole number of batches. */
const SPANS = 2_000

export const workloads: Readonly<Record<string, WorkloadFactory>> = {
  trace: async (folder) => {
    const spans = await sampleSpans(SPANS)
    const recorder = dynamoRecorder({ ...(await optionsOf(folder)), concurrency: CONCURRENCY })
    return { operations: SPANS, slice: async () => recorder.record(spans) }
  },
  bare: async (folder) => bare(await sampleSpans(SPANS), await optionsOf(folder)),
}

/** The same items by the calls alone: made before, and nothing done about what the table does not take. */
function bare(spans: readonly Span[], { table, region, endpoint }: Awaited<ReturnType<typeof optionsOf>>): Workload {
  const client = new DynamoDBClient({ region, endpoint })
  const requests = spans.map((span) => ({ PutRequest: { Item: spanToItem(span, ITEM_OPTIONS) } }))
  const batches = Array.from({ length: SPANS / BATCH }, (_, at) => requests.slice(at * BATCH, (at + 1) * BATCH))
  return {
    operations: SPANS,
    slice: async () => {
      let next = 0
      const writer = async (): Promise<void> => {
        for (let batch = batches[next++]; batch !== undefined; batch = batches[next++]) {
          await client.send(new BatchWriteItemCommand({ RequestItems: { [table]: batch } }))
        }
      }
      await Promise.all(Array.from({ length: CONCURRENCY }, writer))
    },
  }
}
