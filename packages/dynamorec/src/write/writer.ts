import type { WriteRequest } from '@aws-sdk/client-dynamodb'
import type { Span } from '@trace/core'
import { isId, laterRecord } from '@trace/core/store'
import { type Item, type ItemOptions, keyOf, spanToItem } from '../item/item.js'
import { type Connection, checkAnswer } from '../table/client.js'
import { withDeadline } from '../table/deadline.js'
import { TableNotReadyError } from '../table/problem.js'
import { nameOf } from '../table/remedy.js'
import { inBatches, type Outcome, sendAll } from './batches.js'

/** How spans are written. */
export interface WriteRules extends Omit<ItemOptions, 'expires'> {
  readonly table: string
  readonly connection: Connection
  /** After how many days items expire; undefined for never. */
  readonly expireAfter: number | undefined
  readonly concurrency: number
  readonly attempts: number
  readonly isPatient: boolean
  /** Milliseconds. */
  readonly requestTimeout: number
  readonly signal: AbortSignal
}

const DAY_SECONDS = 86_400

/** Writes spans to the table. An open one does not replace its finished record. Never rejects. */
export async function writeSpans(spans: readonly Span[], rules: WriteRules): Promise<Outcome> {
  const last = lastRecords(spans)
  const batches = inBatches(last.filter((span) => span.finish !== undefined))
  // A batch takes no conditions.
  for (const span of last) if (span.finish === undefined) batches.push([span])
  const { concurrency, attempts, isPatient, signal } = rules
  const send = (items: readonly Item[]): Promise<readonly Item[]> =>
    withDeadline(rules.requestTimeout, signal, (abort) => sendItems(items, rules, abort))
  const outcome = await sendAll(batches, { toItem: itemMaker(rules), send, concurrency, attempts, isPatient, signal })
  return { ...outcome, unsent: withEarlier(spans, outcome.unsent) }
}

/** Each key once: DynamoDB refuses a batch that has one twice. */
function lastRecords(spans: readonly Span[]): readonly Span[] {
  // Where no span id is there twice, no key is; and that is found out at a sixth of the cost.
  if (new Set(spans.map((span) => span.spanId)).size === spans.length) return spans
  const byKey = new Map<string, Span>()
  for (const span of spans) {
    const key = keyOf(span.traceId, span.spanId)
    const earlier = byKey.get(key)
    byKey.set(key, earlier === undefined ? span : laterRecord(earlier, span))
  }
  return [...byKey.values()]
}

function itemMaker({ layout, index, expireAfter }: WriteRules): (span: Span) => Item {
  const expires = expireAfter === undefined ? undefined : Math.ceil(Date.now() / 1_000 + expireAfter * DAY_SECONDS)
  return (span) => {
    if (!isId(span.traceId) || !isId(span.spanId)) throw new RangeError('its ids are not from 1 to 2^64−1')
    return spanToItem(span, { layout, index, expires })
  }
}

/** What was given twice and is unsent is so twice. */
function withEarlier(spans: readonly Span[], unsent: readonly Span[]): readonly Span[] {
  if (unsent.length === 0) return unsent
  const keys = new Set(unsent.map((span) => keyOf(span.traceId, span.spanId)))
  return spans.filter((span) => keys.has(keyOf(span.traceId, span.spanId)))
}

async function sendItems(items: readonly Item[], rules: WriteRules, abort: AbortSignal): Promise<readonly Item[]> {
  try {
    const [first] = items
    const isOpen = first !== undefined && first['finish'] === undefined
    return isOpen ? await putUnlessFinished(first, rules, abort) : await putAll(items, rules, abort)
  } catch (error) {
    if (nameOf(error) !== 'ResourceNotFoundException' || !(await isBeingCreated(rules, abort))) throw error
    throw new TableNotReadyError(`the table ${rules.table} is still being created`, { cause: error })
  }
}

async function putAll(items: readonly Item[], rules: WriteRules, abortSignal: AbortSignal): Promise<readonly Item[]> {
  const requests = items.map((item): WriteRequest => ({ PutRequest: { Item: item } }))
  const answer = await rules.connection.request(({ sdk, client }) =>
    client.send(new sdk.BatchWriteItemCommand({ RequestItems: { [rules.table]: requests } }), { abortSignal }),
  )
  checkAnswer(answer, answer.UnprocessedItems)
  const left = Object.values(answer.UnprocessedItems ?? {}).flat()
  return left.map((request) => request.PutRequest?.Item ?? {})
}

async function putUnlessFinished(item: Item, rules: WriteRules, abortSignal: AbortSignal): Promise<readonly Item[]> {
  const input = {
    TableName: rules.table,
    Item: item,
    ConditionExpression: 'attribute_not_exists(#finish)',
    ExpressionAttributeNames: { '#finish': 'finish' },
  }
  try {
    await rules.connection.request(({ sdk, client }) => client.send(new sdk.PutItemCommand(input), { abortSignal }))
  } catch (error) {
    if (nameOf(error) !== 'ConditionalCheckFailedException') throw error
  }
  return []
}

/** Until a table is active it cannot be found by writes. Where the right to describe it is missing, it counts as missing. */
async function isBeingCreated({ connection, table }: WriteRules, abortSignal: AbortSignal): Promise<boolean> {
  try {
    const { Table } = await connection.request(({ sdk, client }) =>
      client.send(new sdk.DescribeTableCommand({ TableName: table }), { abortSignal }),
    )
    // Active since the write that did not find it.
    return ['CREATING', 'UPDATING', 'ACTIVE'].includes(Table?.TableStatus ?? '')
  } catch {
    return false
  }
}
