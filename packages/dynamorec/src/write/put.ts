import type { WriteRequest } from '@aws-sdk/client-dynamodb'
import type { Item } from '../item/item.js'
import { type Connection, checkAnswer } from '../table/client.js'
import { TableNotReadyError } from '../table/problem.js'
import { nameOf } from '../table/symptoms.js'

/** Where items are put. */
export interface Target {
  readonly table: string
  readonly connection: Connection
}

/**
 * Puts items into the table: at most 25 of finished spans, or one of an open span, which does not replace a finished one.
 *
 * @param signal ends it early
 * @returns the items that the table has not taken
 * @throws {TableNotReadyError} while the table is being created
 * @throws the signal's reason, a `TimeoutError`, or what the AWS SDK throws
 */
export async function putItems(items: readonly Item[], target: Target, signal: AbortSignal): Promise<readonly Item[]> {
  try {
    const [first] = items
    const isOpen = first !== undefined && first['finish'] === undefined
    return isOpen ? await putUnlessFinished(first, target, signal) : await putAll(items, target, signal)
  } catch (error) {
    if (nameOf(error) !== 'ResourceNotFoundException' || !(await isBeingCreated(target, signal))) throw error
    throw new TableNotReadyError(`the table ${target.table} is still being created`, { cause: error })
  }
}

async function putAll(
  items: readonly Item[],
  { table, connection }: Target,
  signal: AbortSignal,
): Promise<readonly Item[]> {
  const requests = items.map((item): WriteRequest => ({ PutRequest: { Item: item } }))
  const answer = await connection.requestInTime(signal, ({ sdk, client }, abortSignal) =>
    client.send(new sdk.BatchWriteItemCommand({ RequestItems: { [table]: requests } }), { abortSignal }),
  )
  checkAnswer(answer, answer.UnprocessedItems)
  const left = Object.values(answer.UnprocessedItems ?? {}).flat()
  return left.map((request) => request.PutRequest?.Item ?? {})
}

async function putUnlessFinished(
  item: Item,
  { table, connection }: Target,
  signal: AbortSignal,
): Promise<readonly Item[]> {
  const input = {
    TableName: table,
    Item: item,
    ConditionExpression: 'attribute_not_exists(#finish)',
    ExpressionAttributeNames: { '#finish': 'finish' },
  }
  try {
    await connection.requestInTime(signal, ({ sdk, client }, abortSignal) =>
      client.send(new sdk.PutItemCommand(input), { abortSignal }),
    )
  } catch (error) {
    if (nameOf(error) !== 'ConditionalCheckFailedException') throw error
  }
  return []
}

/** Writes find no table until it is active. Without the right to describe it, it counts as missing. */
async function isBeingCreated({ table, connection }: Target, signal: AbortSignal): Promise<boolean> {
  try {
    const { Table } = await connection.requestInTime(signal, ({ sdk, client }, abortSignal) =>
      client.send(new sdk.DescribeTableCommand({ TableName: table }), { abortSignal }),
    )
    // It may have become active since the write that did not find it.
    return ['CREATING', 'UPDATING', 'ACTIVE'].includes(Table?.TableStatus ?? '')
  } catch {
    return false
  }
}
