import type { AttributeValue, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import type { ReadReport, Span } from '@trace/core'
import type { Sdk } from './client.js'
import { withDeadline } from './deadline.js'
import { EXPIRES, type Item, isExpired, spanFromItem } from './item.js'

/** How many places of items that are no spans are told. */
const MAX_PLACES = 10

/** What a list needs of a span: attributes may be large, and this leaves them where they are. */
const SUMMARY = [
  'trace_id',
  'span_id',
  'parent_id',
  'process',
  'kind',
  'name',
  'start',
  'finish',
  EXPIRES,
  'error.type',
]

/** What a read needs. */
export interface QueryParts {
  readonly sdk: Sdk
  readonly client: Pick<DynamoDBClient, 'send'>
  readonly table: string
  /** Milliseconds. */
  readonly requestTimeout: number
  readonly signal: AbortSignal | undefined
}

/** One read of the table, and what it passed over. */
export class Query {
  readonly #parts: QueryParts
  readonly #places: { at: string; reason: string }[] = []
  readonly #now = Date.now()
  #skipped = 0

  constructor(parts: QueryParts) {
    this.#parts = parts
  }

  get report(): ReadReport {
    return { skipped: this.#skipped, places: this.#places }
  }

  get table(): string {
    return this.#parts.table
  }

  /** The spans of a trace, of all pages, consistently. */
  async trace(traceId: bigint): Promise<Span[]> {
    return this.#trace(traceId, { ConsistentRead: true })
  }

  /** The spans of a trace as far as a list needs them: their data is only what tells whether they failed. */
  async traceSummary(traceId: bigint): Promise<Span[]> {
    return this.#trace(traceId, {}, projection(SUMMARY))
  }

  async #trace(traceId: bigint, options: { ConsistentRead?: true }, projected?: Projection): Promise<Span[]> {
    const spans: Span[] = []
    let start: Record<string, AttributeValue> | undefined
    do {
      const from = start
      const page = await this.send(({ sdk, client, table }, abortSignal) => {
        const command = new sdk.QueryCommand({
          TableName: table,
          KeyConditionExpression: 'trace_id = :trace',
          ExpressionAttributeValues: { ':trace': { N: String(traceId) } },
          ...options,
          ...projected,
          ...(from === undefined ? {} : { ExclusiveStartKey: from }),
        })
        return client.send(command, { abortSignal })
      })
      for (const span of this.#spansOf(page.Items ?? [])) spans.push(span)
      start = page.LastEvaluatedKey
    } while (start !== undefined)
    return spans
  }

  /**
   * Calls back with the spans of each page of the table, as far as a list needs them.
   *
   * @returns whether these were all pages
   */
  async scan(maxPages: number, each: (spans: readonly Span[]) => void): Promise<boolean> {
    let start: Record<string, AttributeValue> | undefined
    for (let pages = 0; pages < maxPages; pages++) {
      const from = start
      const page = await this.send(({ sdk, client, table }, abortSignal) => {
        const input = { TableName: table, ...projection(SUMMARY) }
        const command = new sdk.ScanCommand(from === undefined ? input : { ...input, ExclusiveStartKey: from })
        return client.send(command, { abortSignal })
      })
      each([...this.#spansOf(page.Items ?? [])])
      start = page.LastEvaluatedKey
      if (start === undefined) return true
    }
    return false
  }

  /** Sends one request, within its time. */
  send<T>(request: (parts: QueryParts, abort: AbortSignal) => Promise<T>): Promise<T> {
    const { requestTimeout, signal } = this.#parts
    return withDeadline(requestTimeout, signal, (abort) => request(this.#parts, abort))
  }

  /** Sends one request of the document client, which either of the SDK's clients can do. */
  sendDocument<T>(
    request: (client: Pick<DynamoDBDocumentClient, 'send'>, abort: AbortSignal) => Promise<T>,
  ): Promise<T> {
    return this.send(({ client }, abort) => request(client as Pick<DynamoDBDocumentClient, 'send'>, abort))
  }

  /** Whether an item's time has come, by the clock at the start of the read. */
  isExpired(expires: unknown): boolean {
    return expires !== undefined && isExpired({ [EXPIRES]: { N: String(expires) } }, this.#now)
  }

  *#spansOf(items: readonly Item[]): Generator<Span> {
    for (const item of items) {
      if (isExpired(item, this.#now)) continue
      const span = spanFromItem(item)
      if (typeof span !== 'string') yield span
      else this.#skip(item, span)
    }
  }

  #skip(item: Item, reason: string): void {
    this.#skipped++
    if (this.#places.length >= MAX_PLACES) return
    this.#places.push({ at: `trace_id ${item['trace_id']?.N}, span_id ${item['span_id']?.N}`, reason })
  }
}

interface Projection {
  readonly ProjectionExpression: string
  readonly ExpressionAttributeNames: Record<string, string>
}

/** Some attributes only; by aliases, because `name` and others are words of DynamoDB's own. */
function projection(names: readonly string[]): Projection {
  const aliases = names.map((name, at): [string, string] => [`#${at}`, name])
  return {
    ProjectionExpression: aliases.map(([alias]) => alias).join(),
    ExpressionAttributeNames: Object.fromEntries(aliases),
  }
}
