import type { DynamoDBClient, DynamoDBClientConfig } from '@aws-sdk/client-dynamodb'
import { type OptionRule, optionRules } from '@trace/core'
import { withDeadline } from './deadline.js'
import { placeOf } from './place.js'
import { NotDynamoError } from './problem.js'
import { remedyFor } from './remedy.js'
import { Renewal } from './renewal.js'
import { propertyOf } from './symptoms.js'

/**
 * The part of a version 3 client of the AWS SDK that this package uses: a `DynamoDBClient` or a `DynamoDBDocumentClient`.
 */
export interface DynamoClient {
  send(command: never, options?: never): unknown
}

/** How to reach the table: options of every function of this package. */
export interface TableOptions {
  /** The table's name or ARN, such as `Traces`. */
  readonly table: string
  /** A client to use; it is never destroyed. Default: one is created at the first use, with the options below. */
  readonly client?: DynamoClient
  /** Such as `eu-west-1`. Default: as the AWS SDK finds it (`AWS_REGION`, then the profile). */
  readonly region?: string
  /** A URL, such as `http://localhost:8000`. Default: as the AWS SDK finds it (`AWS_ENDPOINT_URL_DYNAMODB`, …). */
  readonly endpoint?: string
  /** Time until a request is aborted, in ms. Default 3,000. */
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

/** The AWS SDK's module. */
export type Sdk = typeof import('@aws-sdk/client-dynamodb')

let sdk: Promise<Sdk> | undefined

/** Loads the AWS SDK at the first call, because that takes 110 to 255 ms. */
function loadSdk(): Promise<Sdk> {
  sdk ??= import('@aws-sdk/client-dynamodb')
  return sdk
}

type Client = Pick<DynamoDBClient, 'send'>

/** The SDK and the client of a request. */
export interface Session {
  readonly sdk: Sdk
  readonly client: Client
}

/** A connection to the table. It is opened at the first use, and closes only a client of its own. */
export class Connection {
  /** Where the table is, for messages: an endpoint or a region, once they are known. */
  place = 'AWS'
  readonly #options: TableOptions
  readonly #maxAttempts: number | undefined
  readonly #renewal = new Renewal()
  #own: DynamoDBClient | undefined
  #session: Session | undefined

  /**
   * @param options which table, and how to reach it
   * @param maxAttempts how often the SDK sends a request that fails. Default: the SDK's own, 3
   */
  constructor(options: TableOptions, maxAttempts?: number) {
    this.#options = options
    this.#maxAttempts = maxAttempts
  }

  /**
   * Makes a request. If the credentials have expired or were replaced, makes it once more with the new ones.
   *
   * @throws {EndpointError} if the endpoint is not a URL
   * @throws what the request throws, or why the client cannot be created
   */
  async request<T>(make: (session: Session) => Promise<T>): Promise<T> {
    const session = this.#session ?? (await this.#open())
    const { generation } = this.#renewal
    try {
      return await make(session)
    } catch (error) {
      const remedy = remedyFor(error)
      if (remedy !== 'refresh' && remedy !== 'reload') throw error
      if (this.#renewal.generation === generation) await this.#renewal.renew(session.client)
      if (this.#renewal.generation === generation && remedy === 'reload') throw error
      return await make(session)
    }
  }

  /**
   * {@link request}, aborted after the option `requestTimeout` or by a signal. Does not wait for a client that ignores that.
   *
   * @throws the signal's reason, a `TimeoutError`, or what {@link request} throws
   */
  requestInTime<T>(
    signal: AbortSignal | undefined,
    make: (session: Session, abortSignal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    return withDeadline(requestTimeoutOf(this.#options), signal, (abortSignal) =>
      this.request((session) => make(session, abortSignal)),
    )
  }

  async #open(): Promise<Session> {
    const loaded = await loadSdk()
    const client = this.#clientOf(loaded)
    this.place = await placeOf(client, this.#options.endpoint)
    this.#session = { sdk: loaded, client }
    return this.#session
  }

  #clientOf(loaded: Sdk): Client {
    if (this.#options.client !== undefined) return this.#options.client as Client
    this.#own ??= newClient(loaded, this.#options, this.#maxAttempts)
    return this.#own
  }

  close(): void {
    this.#own?.destroy()
    this.#own = undefined
    this.#session = undefined
  }
}

const DEFAULT_REQUEST_TIMEOUT = 3_000

/** The time that one request may take, in milliseconds. */
function requestTimeoutOf(options: TableOptions): number {
  return options.requestTimeout ?? DEFAULT_REQUEST_TIMEOUT
}

function newClient(sdk: Sdk, options: TableOptions, maxAttempts: number | undefined): DynamoDBClient {
  const client = new sdk.DynamoDBClient(clientConfig(options, maxAttempts))
  // It copies all items for a logger that this client does not have: a fifth of the processor time of a write.
  client.middlewareStack.remove('loggerMiddleware')
  return client
}

function clientConfig(options: TableOptions, maxAttempts: number | undefined): DynamoDBClientConfig {
  const requestTimeout = requestTimeoutOf(options)
  const config: DynamoDBClientConfig & { ignoreCache: boolean } = {
    // Without throwOnRequestTimeout, the SDK only warns and goes on waiting.
    requestHandler: { requestTimeout, connectionTimeout: requestTimeout, throwOnRequestTimeout: true },
    // For credentials providers, so that they read a changed profile again.
    ignoreCache: true,
  }
  if (options.region !== undefined) config.region = options.region
  if (options.endpoint !== undefined) config.endpoint = options.endpoint
  if (maxAttempts !== undefined) config.maxAttempts = maxAttempts
  return config
}

/**
 * Checks that an answer is DynamoDB's, because the SDK takes a 200 of any server for a success.
 *
 * @param answer the client's result
 * @param field a field that every answer of its type has
 * @throws {NotDynamoError} if it has neither that field nor a request id. A client made for a test, without metadata, passes
 */
export function checkAnswer(answer: object, field: unknown): void {
  const metadata = propertyOf(answer, '$metadata')
  if (field !== undefined || metadata === undefined || propertyOf(metadata, 'requestId') !== undefined) return
  throw new NotDynamoError('it answers 200 OK, but not as DynamoDB does')
}
