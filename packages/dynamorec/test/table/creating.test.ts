import { once } from 'node:events'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { CreateTableCommand, DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { createTraceTable, dynamoReader, dynamoRecorder } from '../../src/index.js'
import { CREDENTIALS, type Engine, engineName, reachEngine } from '../support/engine.js'
import { errorAnswer, type FaultServer, startFaultServer } from '../support/faults.js'
import { shortenWaits } from '../support/flow.js'
import { failureOf, many } from '../support/spans.js'

let engine: Engine
let server: FaultServer
beforeAll(async () => {
  // The SDK's own attempts would be many more seconds of waiting.
  Object.assign(process.env, CREDENTIALS, { AWS_MAX_ATTEMPTS: '1' })
  shortenWaits()
  engine = await reachEngine()
  server = await startFaultServer(engine.url)
})
beforeEach(() => {
  server.next = () => 'pass'
  server.counts.clear()
})
afterAll(async () => {
  await server.close()
  engine.close()
})

const keys = {
  BillingMode: 'PAY_PER_REQUEST',
  KeySchema: [
    { AttributeName: 'trace_id', KeyType: 'HASH' },
    { AttributeName: 'span_id', KeyType: 'RANGE' },
  ],
  AttributeDefinitions: [
    { AttributeName: 'trace_id', AttributeType: 'N' },
    { AttributeName: 'span_id', AttributeType: 'N' },
  ],
} as const

describe('while a table is being created', () => {
  // DynamoDB Local has a table at once; dynalite takes its time, as AWS does, and finds none meanwhile.
  test('spans wait for it, however many attempts that takes', async () => {
    const dynalite = createRequire(import.meta.url)('dynalite')({ createTableMs: 1_000 })
    dynalite.listen(0, '127.0.0.1')
    await once(dynalite, 'listening')
    const endpoint = `http://127.0.0.1:${(dynalite.address() as AddressInfo).port}`
    const client = new DynamoDBClient({ endpoint })
    await client.send(
      new CreateTableCommand({
        TableName: 'New',
        ...keys,
        KeySchema: [...keys.KeySchema],
        AttributeDefinitions: [...keys.AttributeDefinitions],
      }),
    )
    const { Table } = await client.send(new DescribeTableCommand({ TableName: 'New' }))
    expect(Table?.TableStatus).toBe('CREATING')
    const recorder = dynamoRecorder({ table: 'New', endpoint, attempts: 2 })
    await recorder.record(many(60))
    const reader = dynamoReader({ table: 'New', endpoint })
    expect((await reader.trace(1n)).spans).toHaveLength(60)
    await Promise.all([recorder.close?.(), reader.close?.()])
    client.destroy()
    await new Promise((resolve) => dynalite.close(resolve))
  })

  test('whoever may not describe it is told that there is none', async () => {
    server.next = (operation) =>
      errorAnswer(operation === 'DescribeTable' ? 'AccessDeniedException' : 'ResourceNotFoundException')
    const recorder = dynamoRecorder({ table: 'Nowhere', endpoint: server.url })
    expect((await failureOf(recorder, many(30))).message).toContain('30 unsent: there is no table Nowhere in')
    await recorder.close?.()
  })
})

describe('createTraceTable', () => {
  const create = (table: string, options = {}) =>
    createTraceTable({ table, endpoint: server.url, ...options }).then(({ did }) => did)

  /** Fails the first so many requests of an operation. */
  function failing(operation: string, count: number, name: string, message?: string): void {
    let left = count
    server.next = (each) => (each === operation && left-- > 0 ? errorAnswer(name, message) : 'pass')
  }

  test('waits for a table that is not to be described yet', async () => {
    failing('DescribeTable', 2, 'ResourceNotFoundException')
    expect(await create('Late')).toEqual([expect.stringContaining('created table Late')])
    expect(server.counts.get('DescribeTable')).toBe(3)
  })

  test('waits for its turn where too many are made at once', async () => {
    failing('CreateTable', 2, 'LimitExceededException', 'Only 10 tables can be created … simultaneously')
    expect(await create('Many')).toEqual([expect.stringContaining('created table Many')])
  })

  // dynalite adds no index to a table that is there, and has no expiry.
  const realOnly = engineName === 'dynalite' ? test.skip : test
  realOnly('waits for a table that is being changed', async () => {
    // DynamoDB Local fails now and then by itself, with an InternalFailure, where a table is changed on a busy machine.
    process.env['AWS_MAX_ATTEMPTS'] = '5'
    await create('Busy')
    failing('UpdateTable', 1, 'ResourceInUseException')
    expect(await create('Busy', { index: true })).toEqual(['table Busy already exists', 'added index recent'])
    failing('UpdateTimeToLive', 1, 'ResourceInUseException')
    expect(await create('Busy', { expire: true })).toContain('enabled expiry by the attribute expires')
    process.env['AWS_MAX_ATTEMPTS'] = '1'
  })

  test('does not wait where there are too many tables, and not longer than it may', async () => {
    failing('CreateTable', 1e9, 'LimitExceededException', 'Subscriber limit exceeded: There is a limit of 2500 tables')
    await expect(create('More')).rejects.toThrow(/cannot create the table: LimitExceededException: Subscriber limit/)
    failing('DescribeTable', 1e9, 'ResourceNotFoundException')
    await expect(create('Never', { timeout: 100 })).rejects.toThrow(/it is not active yet; run the same again later/)
  })
})
