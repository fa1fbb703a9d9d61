import type { PutItemCommandInput, WriteRequest } from '@aws-sdk/client-dynamodb'
import { isId, laterRecord, type Span } from '@trace/core'
import { type Entry, inBatches, type Outcome, type Refusal, sendAll } from './batches.js'
import type { Connection } from './client.js'
import { withDeadline } from './deadline.js'
import { type Item, type ItemOptions, keyOf, spanToItem } from './item.js'
import { nameOf } from './problem.js'

/** How spans are written. */
export interface WriteRules extends Omit<ItemOptions, 'expires'> {
  readonly table: string
  readonly connection: Connection
  /** After how many days items expire; undefined for never. */
  readonly expireAfter: number | undefined
  readonly concurrency: number
  readonly attempts: number
  /** Milliseconds. */
  readonly requestTimeout: number
  readonly signal: AbortSignal
}

const DAY_SECONDS = 86_400

/** Writes spans to the table. An open one does not replace its finished record. Never rejects. */
export async function writeSpans(spans: readonly Span[], rules: WriteRules): Promise<Outcome> {
  const refused: Refusal[] = []
  const { open, finished } = entriesOf(spans, rules, refused)
  const batches = inBatches(finished)
  // A batch takes no conditions.
  for (const entry of open) batches.push([entry])
  const { concurrency, attempts, signal } = rules
  const send = (items: readonly Item[]): Promise<readonly Item[]> =>
    withDeadline(rules.requestTimeout, signal, (abort) => sendItems(items, rules, abort))
  const outcome = await sendAll(batches, { send, concurrency, attempts, signal })
  return { ...outcome, unsent: withEarlier(spans, outcome.unsent), refused: [...refused, ...outcome.refused] }
}

/** The items of spans, each key once: DynamoDB refuses a batch that has one twice. */
function entriesOf(
  spans: readonly Span[],
  rules: WriteRules,
  refused: Refusal[],
): { readonly open: Entry[]; readonly finished: Entry[] } {
  const { layout, index, expireAfter } = rules
  const expires = expireAfter === undefined ? undefined : Math.ceil(Date.now() / 1_000 + expireAfter * DAY_SECONDS)
  const byKey = new Map<string, Span>()
  for (const span of spans) {
    const key = keyOf(span.traceId, span.spanId)
    const earlier = byKey.get(key)
    byKey.set(key, earlier === undefined ? span : laterRecord(earlier, span))
  }
  const entries: { open: Entry[]; finished: Entry[] } = { open: [], finished: [] }
  for (const span of byKey.values()) {
    try {
      if (!isId(span.traceId) || !isId(span.spanId)) throw new RangeError('its ids are not from 1 to 2^64−1')
      const entry = { span, item: spanToItem(span, { layout, index, expires }) }
      if (span.finish === undefined) entries.open.push(entry)
      else entries.finished.push(entry)
    } catch (error) {
      refused.push({ span, error })
    }
  }
  return entries
}

/** What was given twice and is unsent is so twice. */
function withEarlier(spans: readonly Span[], unsent: readonly Span[]): readonly Span[] {
  if (unsent.length === 0) return unsent
  const keys = new Set(unsent.map((span) => keyOf(span.traceId, span.spanId)))
  return spans.filter((span) => keys.has(keyOf(span.traceId, span.spanId)))
}

async function sendItems(
  items: readonly Item[],
  rules: WriteRules,
  abortSignal: AbortSignal,
): Promise<readonly Item[]> {
  const { sdk, client } = await rules.connection.open()
  const [first] = items
  if (first !== undefined && first['finish'] === undefined) {
    return putUnlessFinished({ TableName: rules.table, Item: first }, rules, abortSignal)
  }
  const requests = items.map((item): WriteRequest => ({ PutRequest: { Item: item } }))
  const command = new sdk.BatchWriteItemCommand({ RequestItems: { [rules.table]: requests } })
  const { UnprocessedItems = {} } = await client.send(command, { abortSignal })
  const left = Object.values(UnprocessedItems).flat()
  return left.map((request) => request.PutRequest?.Item ?? {})
}

async function putUnlessFinished(
  input: PutItemCommandInput,
  rules: WriteRules,
  abortSignal: AbortSignal,
): Promise<readonly Item[]> {
  const { sdk, client } = await rules.connection.open()
  const command = new sdk.PutItemCommand({
    ...input,
    ConditionExpression: 'attribute_not_exists(#finish)',
    ExpressionAttributeNames: { '#finish': 'finish' },
  })
  try {
    await client.send(command, { abortSignal })
  } catch (error) {
    if (nameOf(error) !== 'ConditionalCheckFailedException') throw error
  }
  return []
}
