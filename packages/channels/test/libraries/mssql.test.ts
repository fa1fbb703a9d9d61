import { tracingChannel } from 'node:diagnostics_channel'
import { expect, test } from '@jest/globals'
import { traceChannels } from '../../src/index.js'
import { recorded } from '../support/recorded.js'

const SECRET = 'hunter2'

// SQL Server cannot be installed here: this publishes what lib/base of mssql 12.7 does.
test('what mssql publishes has spans', async () => {
  const { tracer, ...then } = recorded()
  const stop = traceChannels(tracer)
  const publish = (channel: string, message: object, result?: unknown): Promise<unknown> =>
    tracingChannel(`mssql:${channel}`).tracePromise(async () => result, message)
  const fail = (number: number, message: string): Promise<unknown> =>
    tracingChannel('mssql:query')
      .tracePromise(() => Promise.reject(Object.assign(new Error(message), { name: 'RequestError', number })), {
        command: 'SELECT 1',
      })
      .catch(() => {})
  await tracer.trace('work', 'outer', async () => {
    await publish('connect', { server: 'db', port: 1433, database: 'shop', poolId: 1, poolConfig: {} })
    await publish('query', { command: `SELECT a FROM [users] WHERE b = N'${SECRET}'` }, { recordsets: [[1, 2], [3]] })
    await publish('batch', { command: 'CREATE TABLE #t (a int)' }, { recordsets: [] })
    await publish('execute', { procedure: 'dbo.find' }, { recordsets: [[1]] })
    await publish('bulk', { table: 'users', rowCount: 2 })
    await publish('prepared-statement:prepare', { statement: 'SELECT @a' })
    await publish('prepared-statement:execute', { statement: 'SELECT @a' }, { recordsets: [[1]] })
    await publish('pool:acquire', { poolId: 1 })
    await fail(208, "Invalid object name 'nowhere'.")
    await fail(245, `Conversion failed when converting the varchar value '${SECRET}' to data type int.`)
    await fail(2627, `Violation of PRIMARY KEY. The duplicate key value is (${SECRET}).`)
  })
  stop()
  const [, connect, query, ...others] = await then.spans()
  expect({ ...connect?.data }).toEqual({
    'db.system.name': 'microsoft.sql_server',
    'db.namespace': 'shop',
    'server.address': 'db',
    'server.port': 1433,
  })
  expect({ name: query?.name, ...query?.data }).toEqual({
    name: 'SELECT users',
    'db.system.name': 'microsoft.sql_server',
    'db.operation.name': 'SELECT',
    'db.query.text': 'SELECT a FROM [users] WHERE b = ?',
    'db.response.returned_rows': 3,
  })
  expect(others.map(({ name, data }) => [name, data['db.response.returned_rows'], data['error.message']])).toEqual([
    ['CREATE', 0, undefined],
    ['EXECUTE dbo.find', 1, undefined],
    ['bulk insert', undefined, undefined],
    ['prepare', undefined, undefined],
    ['SELECT', 1, undefined],
    ['wait for a connection of the pool', undefined, undefined],
    ['SELECT', undefined, "Invalid object name 'nowhere'."],
    ['SELECT', undefined, 'Conversion failed when converting the varchar value ?'],
    ['SELECT', undefined, 'Violation of PRIMARY KEY. The duplicate key value is ?'],
  ])
  expect(others.at(-1)?.data['db.response.status_code']).toBe('2627')
  expect(JSON.stringify(others.map(({ data }) => data))).not.toContain(SECRET)
})
