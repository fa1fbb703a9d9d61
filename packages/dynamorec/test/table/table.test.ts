import { spawnSync } from 'node:child_process'
import { CreateTableCommand, DescribeTableCommand, type TableDescription } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { runCommand } from '../../src/cli.js'
import { createTraceTable, dynamoReader, dynamoRecorder } from '../../src/index.js'
import { type Engine, engineName, reachEngine } from '../support/engine.js'
import { aSpan } from '../support/spans.js'

let engine: Engine
beforeAll(async () => {
  engine = await reachEngine()
})
afterAll(() => engine.close())

async function describeTable(table: string): Promise<TableDescription> {
  const { Table } = await engine.client.send(new DescribeTableCommand({ TableName: table }))
  return Table ?? {}
}

async function createOriginal(table: string): Promise<void> {
  await engine.client.send(
    new CreateTableCommand({
      TableName: table,
      ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 },
      KeySchema: [
        { AttributeName: 'trace_id', KeyType: 'HASH' },
        { AttributeName: 'span_id', KeyType: 'RANGE' },
      ],
      AttributeDefinitions: [
        { AttributeName: 'trace_id', AttributeType: 'N' },
        { AttributeName: 'span_id', AttributeType: 'N' },
      ],
    }),
  )
}

// dynalite has no UpdateTimeToLive, and adds no index to a table that is there: those tests are skipped with it.
const realOnly = engineName === 'dynalite' ? test.skip : test

describe('createTraceTable', () => {
  test('creates, and finds what it created', async () => {
    const first = await createTraceTable({ table: 'Own', index: true })
    expect(first.did[0]).toContain('created table Own')
    const table = await describeTable('Own')
    expect(table.TableStatus).toBe('ACTIVE')
    expect(table.KeySchema?.map((key) => [key.AttributeName, key.KeyType])).toEqual([
      ['trace_id', 'HASH'],
      ['span_id', 'RANGE'],
    ])
    expect(table.BillingModeSummary?.BillingMode).toBe('PAY_PER_REQUEST')
    expect(table.GlobalSecondaryIndexes?.map((index) => index.IndexName)).toEqual(['recent'])
    const again = await createTraceTable({ table: 'Own', index: true })
    expect(again.did).toEqual(['table Own already exists', 'index recent already exists'])
  })

  realOnly('enables expiry by the attribute that the recorder writes', async () => {
    const first = await createTraceTable({ table: 'Brief', expire: true })
    expect(first.did).toContain('enabled expiry by the attribute expires')
    const again = await createTraceTable({ table: 'Brief', expire: true })
    expect(again.did).toContain('expiry by the attribute expires is already enabled')
  })

  realOnly('adds the index to a table of the Go package, for which old items may have its attribute', async () => {
    await createOriginal('Old')
    const start = BigInt(Date.now()) * 1_000_000n
    await dynamoRecorder({ table: 'Old' }).record([aSpan({ start, traceId: 5n }), aSpan({ start, traceId: 6n })])
    const { did } = await createTraceTable({ table: 'Old', index: true })
    expect(did).toEqual(['table Old already exists', 'added index recent'])
    const { traces, incomplete } = await dynamoReader({ table: 'Old' }).traces()
    expect(traces.map(({ traceId }) => traceId)).toEqual([5n, 6n])
    expect(incomplete).toBeUndefined()
  })

  test('refuses a table of other keys', async () => {
    await engine.client.send(
      new CreateTableCommand({
        TableName: 'Users',
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      }),
    )
    const message = /cannot create the table: it exists, with other keys: id \(HASH\); choose another name/
    await expect(createTraceTable({ table: 'Users' })).rejects.toThrow(message)
    const recording = dynamoRecorder({ table: 'Users' }).record([aSpan()])
    await expect(recording).rejects.toThrow(/Users has other keys than trace_id and span_id/)
  })
})

describe('the command', () => {
  async function run(...args: string[]): Promise<{ code: number; out: string[]; err: string[] }> {
    const [out, err]: [string[], string[]] = [[], []]
    const code = await runCommand(args, { out: (line) => void out.push(line), err: (line) => void err.push(line) })
    return { code, out, err }
  }

  test('creates, and says what it did', async () => {
    const args = ['create', 'Mine', '--index', '--region', 'eu-west-1', '--endpoint', engine.url]
    const first = await run(...args)
    expect(first).toEqual({
      code: 0,
      err: [],
      out: [expect.stringContaining('created table Mine'), 'index recent already exists'],
    })
    expect((await run(...args)).out[0]).toBe('table Mine already exists')
  })

  test('helps', async () => {
    const { code, out } = await run('--help')
    expect(code).toBe(0)
    expect(out.join()).toContain('trace-dynamodb create <table>')
  })

  test.each([
    [[], /expected the command create, got none/],
    [['make', 'x'], /got make/],
    [['create'], /expected one table/],
    [['create', 'a', 'b'], /expected one table/],
    [['create', 'Mine', '--indexes'], /--indexes/],
    [['create', 'a b'], /option "table"/],
  ])('%j is a mistake, with code 2', async (args, message) => {
    const { code, err } = await run(...args)
    expect(code).toBe(2)
    expect(err).toEqual([expect.stringMatching(message)])
    expect(err.join()).not.toContain('\n')
  })

  test('is a program, which ends with 1 where AWS cannot be reached', () => {
    const bin = new URL('../../dist/bin.js', import.meta.url).pathname
    const env = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', AWS_EC2_METADATA_DISABLED: 'true' }
    const { status, stderr } = spawnSync(process.execPath, [bin, 'create', 'Mine'], { encoding: 'utf8', env })
    expect(status).toBe(1)
    expect(stderr).toContain(
      'trace-dynamodb: dynamodb(Mine): cannot create the table: no AWS region is set: set AWS_REGION',
    )
  })
})
