import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { createTraceTable } from '../../src/index.js'

/** Settings with which the AWS SDK reaches any engine; the endpoint comes from its own chain too. */
export const CREDENTIALS = { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' }

// As global-setup.mjs has started it for all test files of a run.
const {
  name: engineName,
  url,
  temporary,
}: { name: 'DynamoDB Local' | 'dynalite'; url: string; temporary: string } = JSON.parse(
  process.env['TRACE_TEST_ENGINE'] ?? '{}',
)

/** `temporary` is the folder of the engine's temporary files. */
export { engineName, temporary }

/** Whether tests use more spans, processes and kills than by default: `TRACE_TEST_LONG=1`. */
export const isLong: boolean = process.env['TRACE_TEST_LONG'] === '1'

/** What the suites do not ask of DynamoDB, which has no -0, no NaN, 38 digits, and exponents up to 125. */
export const ABILITIES = { nonFinite: false, negativeZero: false, extremeNumbers: false } as const

export interface Engine {
  readonly url: string
  readonly client: DynamoDBClient
  /** Creates a table of a new name. */
  newTable(options?: { index?: boolean; expire?: boolean }): Promise<string>
  close(): void
}

/** Waits until the engine of this run answers, and points the SDK's environment at it. */
export async function reachEngine(): Promise<Engine> {
  await answering()
  Object.assign(process.env, CREDENTIALS, { AWS_ENDPOINT_URL_DYNAMODB: url })
  const client = new DynamoDBClient({})
  return {
    url,
    client,
    newTable: async (options = {}) => {
      // Other test files use the same engine.
      const table = `Traces-${randomInt(2 ** 47)}`
      await createTraceTable({ table, client, ...options })
      return table
    },
    close: () => client.destroy(),
  }
}

async function answering(): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    try {
      await fetch(url)
      return
    } catch {
      await sleep(100)
    }
  }
  throw new Error(`${engineName} did not answer within 30 s`)
}
