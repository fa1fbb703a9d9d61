import type { DynamoDBClient, DynamoDBClientConfig } from '@aws-sdk/client-dynamodb'
import { type OptionRule, optionRules } from '@trace/core'

/**
 * What this package needs of a client of the AWS SDK, version 3: a `DynamoDBClient` or a `DynamoDBDocumentClient` is one.
 */
export interface DynamoClient {
  send(command: never, options?: never): unknown
}

/** Options with which every function of this package reaches the table. */
export interface TableOptions {
  /** The table's name or ARN, such as `Traces`. */
  readonly table: string
  /** A client to use; it is never destroyed. Default: one is made at the first use, of the options below. */
  readonly client?: DynamoClient
  /** Such as `eu-west-1`. Default: as the AWS SDK finds it (`AWS_REGION`, then the profile). */
  readonly region?: string
  /** A URL, such as `http://localhost:8000`. Default: as the AWS SDK finds it (`AWS_ENDPOINT_URL_DYNAMODB`, …). */
  readonly endpoint?: string
  /** How long one request may take, in milliseconds. It is then aborted. Default 3,000. */
  readonly requestTimeout?: number
}

const TABLE = /^(?:arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:\d{12}:table\/)?[A-Za-z0-9_.-]{3,255}$/

/** Rules for {@link TableOptions}. */
export const TABLE_RULES: Readonly<Record<keyof TableOptions, OptionRule>> = {
  table: {
    expected: "a table's name (3 to 255 of A-Z a-z 0-9 _ . -) or its ARN",
    test: (value) => typeof value === 'string' && TABLE.test(value),
    required: true,
  },
  client: {
    expected: 'a client of the AWS SDK v3, such as a DynamoDBClient',
    test: (value) => typeof value === 'object' && value !== null && typeof Reflect.get(value, 'send') === 'function',
  },
  region: optionRules.string,
  endpoint: {
    expected: 'a URL that begins with http:// or https://',
    test: (value) => typeof value === 'string' && /^https?:\/\//.test(value) && URL.canParse(value),
  },
  requestTimeout: optionRules.duration,
}

/** The AWS SDK's modules. */
export type Sdk = typeof import('@aws-sdk/client-dynamodb')
export type DocumentSdk = typeof import('@aws-sdk/lib-dynamodb')

let sdk: Promise<Sdk> | undefined
let documentSdk: Promise<DocumentSdk> | undefined

/** Loads the AWS SDK at the first call: it takes 110 to 255 ms, which nobody pays before the first request. */
export function loadSdk(): Promise<Sdk> {
  sdk ??= import('@aws-sdk/client-dynamodb')
  return sdk
}

export function loadDocumentSdk(): Promise<DocumentSdk> {
  documentSdk ??= import('@aws-sdk/lib-dynamodb')
  return documentSdk
}

/** A connection to the table: opened at the first use, and closed only where it is this package's own. */
export interface Connection {
  /** @throws whatever keeps the client from being made */
  open(): Promise<{ readonly sdk: Sdk; readonly client: Pick<DynamoDBClient, 'send'> }>
  close(): void
}

const DEFAULT_REQUEST_TIMEOUT = 3_000

/** The time that one request may take, in milliseconds. */
export function requestTimeoutOf(options: TableOptions): number {
  return options.requestTimeout ?? DEFAULT_REQUEST_TIMEOUT
}

/**
 * @param options which table, and how to reach it
 * @param maxAttempts how often the SDK sends a request that fails; default its own, 3
 */
export function connect(options: TableOptions, maxAttempts?: number): Connection {
  let own: DynamoDBClient | undefined
  return {
    open: async () => {
      const loaded = await loadSdk()
      if (options.client !== undefined) {
        return { sdk: loaded, client: options.client as Pick<DynamoDBClient, 'send'> }
      }
      own ??= newClient(loaded, options, maxAttempts)
      return { sdk: loaded, client: own }
    },
    close: () => {
      own?.destroy()
      own = undefined
    },
  }
}

function newClient(sdk: Sdk, options: TableOptions, maxAttempts: number | undefined): DynamoDBClient {
  const client = new sdk.DynamoDBClient(clientConfig(options, maxAttempts))
  // It copies all items for a logger, which this client has none of: a fifth of the processor time of a write.
  client.middlewareStack.remove('loggerMiddleware')
  return client
}

function clientConfig(options: TableOptions, maxAttempts: number | undefined): DynamoDBClientConfig {
  const requestTimeout = requestTimeoutOf(options)
  const config: DynamoDBClientConfig = {
    // Without throwOnRequestTimeout the SDK only warns, and waits on.
    requestHandler: { requestTimeout, connectionTimeout: requestTimeout, throwOnRequestTimeout: true },
  }
  if (options.region !== undefined) config.region = options.region
  if (options.endpoint !== undefined) config.endpoint = options.endpoint
  if (maxAttempts !== undefined) config.maxAttempts = maxAttempts
  return config
}
