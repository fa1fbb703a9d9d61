import type { DynamoDBClient, DynamoDBClientConfig } from '@aws-sdk/client-dynamodb'
import { type OptionRule, optionRules } from '@trace/core'
import { withDeadline } from './deadline.js'
import { placeOf } from './place.js'
import { NotDynamoError } from './problem.js'
import { propertyOf, remedyFor } from './remedy.js'
import { Renewal } from './renewal.js'

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

/** The AWS SDK's module. */
export type Sdk = typeof import('@aws-sdk/client-dynamodb')

let sdk: Promise<Sdk> | undefined

/** Loads the AWS SDK at the first call: it takes 110 to 255 ms, which nobody pays before the first request. */
function loadSdk(): Promise<Sdk> {
  sdk ??= import('@aws-sdk/client-dynamodb')
  return sdk
}

type Client = Pick<DynamoDBClient, 'send'>

/** What a request is made with. */
export interface Session {
  readonly sdk: Sdk
  readonly client: Client
}

/** A connection to the table: opened at the first use, and closed only where it is this package's own. */
export class Connection {
  /** Where the table is, as far as it is known: an endpoint or a region. */
  place = 'AWS'
  readonly #options: TableOptions
  readonly #maxAttempts: number | undefined
  readonly #renewal = new Renewal()
  #own: DynamoDBClient | undefined
  #session: Session | undefined

  /**
   * @param options which table, and how to reach it
   * @param maxAttempts how often the SDK sends a request that fails; default its own, 3
   */
  constructor(options: TableOptions, maxAttempts?: number) {
    this.#options = options
    this.#maxAttempts = maxAttempts
  }

  /**
   * Makes a request; where the credentials have expired, or others have taken their place, once more with new ones.
   *
   * @throws {EndpointError} where the endpoint is no URL
   * @throws what the request throws, or what keeps the client from being made
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
   * {@link request}, which aborts when the option `requestTimeout` is up or when a signal says so, and does not wait for a
   * client that ignores that.
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
  // It copies all items for a logger, which this client has none of: a fifth of the processor time of a write.
  client.middlewareStack.remove('loggerMiddleware')
  return client
}

function clientConfig(options: TableOptions, maxAttempts: number | undefined): DynamoDBClientConfig {
  const requestTimeout = requestTimeoutOf(options)
  const config: DynamoDBClientConfig & { ignoreCache: boolean } = {
    // Without throwOnRequestTimeout the SDK only warns, and waits on.
    requestHandler: { requestTimeout, connectionTimeout: requestTimeout, throwOnRequestTimeout: true },
    // For the providers of credentials: they read a profile's file anew, which may have been renewed or only just written.
    ignoreCache: true,
  }
  if (options.region !== undefined) config.region = options.region
  if (options.endpoint !== undefined) config.endpoint = options.endpoint
  if (maxAttempts !== undefined) config.maxAttempts = maxAttempts
  return config
}

/**
 * Checks that an answer is DynamoDB's: of any other server, the SDK takes a 200 for a success.
 *
 * @param answer what the client gave
 * @param field what an answer of its type always has
 * @throws {NotDynamoError} where it has neither that nor what all answers have; a test's client gives no metadata at all
 */
export function checkAnswer(answer: object, field: unknown): void {
  const metadata = propertyOf(answer, '$metadata')
  if (field !== undefined || metadata === undefined || propertyOf(metadata, 'requestId') !== undefined) return
  throw new NotDynamoError('it answers 200 OK, but not as DynamoDB does')
}
