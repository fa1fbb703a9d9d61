import type { AttributeValue, QueryCommandInput, QueryCommandOutput } from '@aws-sdk/client-dynamodb'
import { DATA_KEYS, type ReadReport, type Span, type TraceQuery } from '@trace/core'
import { needsData } from '@trace/core/store'
import { EXPIRES, type Item, isExpired, spanFromItem } from '../item/item.js'
import { type Connection, checkAnswer, type Session } from '../table/client.js'

/** How many places of skipped items are reported. */
const MAX_PLACES = 10

/** The attributes that a list needs. The others may be large, and are not read. */
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
  DATA_KEYS.errorType,
  DATA_KEYS.remoteParent,
]

/** Where a page ends. */
export type Key = Record<string, AttributeValue>
type Page = Pick<QueryCommandOutput, 'Items' | 'LastEvaluatedKey' | '$metadata'>

/** What a read needs. */
export interface QueryParts {
  readonly connection: Connection
  readonly table: string
  readonly signal: AbortSignal | undefined
}

/** One read of the table, and the items that it skipped. */
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

  /** The spans of a trace, from all pages, by consistent reads. */
  async trace(traceId: bigint): Promise<Span[]> {
    return this.#trace(traceId, { ConsistentRead: true })
  }

  /** The spans of a trace as far as a list needs them: their data only where the list asks for it. */
  async traceFor(traceId: bigint, wanted: TraceQuery): Promise<Span[]> {
    return this.#trace(traceId, {}, projectionFor(wanted))
  }

  async #trace(traceId: bigint, options: { ConsistentRead?: true }, projected?: Projection): Promise<Span[]> {
    const spans: Span[] = []
    let start: Key | undefined
    do {
      const page = await this.query(
        {
          KeyConditionExpression: 'trace_id = :trace',
          ExpressionAttributeValues: { ':trace': { N: String(traceId) } },
          ...options,
          ...projected,
        },
        start,
      )
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
  async scan(wanted: TraceQuery, maxPages: number, each: (spans: readonly Span[]) => void): Promise<boolean> {
    let start: Key | undefined
    for (let pages = 0; pages < maxPages; pages++) {
      const page = await this.scanPage(projectionFor(wanted) ?? {}, start)
      each([...this.#spansOf(page.Items ?? [])])
      start = page.LastEvaluatedKey
      if (start === undefined) return true
    }
    return false
  }

  /** The spans of one page of the table, with all their data, after the page that ended at `from`. */
  async spansPage(from: Key | undefined): Promise<{ readonly spans: readonly Span[]; readonly next: Key | undefined }> {
    const page = await this.scanPage({}, from)
    return { spans: [...this.#spansOf(page.Items ?? [])], next: page.LastEvaluatedKey }
  }

  /** One page of a query, after the page that ended at `from`. */
  query(input: Partial<QueryCommandInput>, from: Key | undefined): Promise<Page> {
    return this.#page(input, from, ({ sdk, client }, whole, abortSignal) =>
      client.send(new sdk.QueryCommand(whole), { abortSignal }),
    )
  }

  /** One page of a scan, after the page that ended at `from`. */
  scanPage(input: Partial<QueryCommandInput>, from: Key | undefined): Promise<Page> {
    return this.#page(input, from, ({ sdk, client }, whole, abortSignal) =>
      client.send(new sdk.ScanCommand(whole), { abortSignal }),
    )
  }

  /** Sends one request. */
  async #page(
    input: Partial<QueryCommandInput>,
    from: Key | undefined,
    send: (session: Session, whole: QueryCommandInput, abort: AbortSignal) => Promise<Page>,
  ): Promise<Page> {
    const { connection, table, signal } = this.#parts
    const whole = { TableName: table, ...input, ...(from === undefined ? {} : { ExclusiveStartKey: from }) }
    const page = await connection.requestInTime(signal, (session, abortSignal) => send(session, whole, abortSignal))
    checkAnswer(page, page.Items)
    return page
  }

  /** Whether an item had expired at the start of the read. */
  isExpired(item: Item): boolean {
    return isExpired(item, this.#now)
  }

  *#spansOf(items: readonly Item[]): Generator<Span> {
    for (const item of items) {
      if (this.isExpired(item)) continue
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

/** Only what tells whether spans failed or have a parent elsewhere, of their data, unless the list asks for more of it. */
function projectionFor(wanted: TraceQuery): Projection | undefined {
  return needsData(wanted) ? undefined : projection(SUMMARY)
}

/** Reads only some attributes, by aliases, because `name` and others are reserved words of DynamoDB. */
function projection(names: readonly string[]): Projection {
  const aliases = names.map((name, at): [string, string] => [`#${at}`, name])
  return {
    ProjectionExpression: aliases.map(([alias]) => alias).join(),
    ExpressionAttributeNames: Object.fromEntries(aliases),
  }
}
