import { tracingChannel } from 'node:diagnostics_channel'
import { expect, test } from '@jest/globals'
import { traceChannels } from '../../src/index.js'
import { recorded } from '../support/recorded.js'

// No release of pg publishes these yet: this publishes what its proposal (https://github.com/brianc/node-postgres/pull/3650) does.
test('the channels of a coming pg are known', async () => {
  const { tracer, ...then } = recorded()
  const stop = traceChannels(tracer)
  const client = { database: 'shop', host: 'db', port: 5432, user: 'ann', password: 'hunter2' }
  const failure = Object.assign(new Error('relation "t" does not exist'), { severity: 'ERROR', code: '42P01' })
  await tracer.trace('work', 'outer', async () => {
    await tracingChannel('pg-pool:connect').tracePromise(async () => {}, { client })
    await tracingChannel('pg:connection').tracePromise(async () => {}, { connection: client })
    const message = (): object => ({ query: { text: "SELECT a FROM t WHERE b = 'hunter2'" }, client })
    await tracingChannel('pg:query').tracePromise(async () => {}, message())
    const repeating = Object.assign(new Error('invalid input: "hunter2"'), { severity: 'ERROR', code: '22P02' })
    for (const error of [failure, repeating]) {
      const rejected = tracingChannel('pg:query').tracePromise(() => Promise.reject(error), message())
      await expect(rejected).rejects.toBe(error)
    }
  })
  stop()
  expect(await then.tree()).toEqual([
    'work outer',
    '  db wait for a connection of the pool',
    '  db connect to postgresql',
    '  db SELECT t',
    '  db SELECT t',
    '  db SELECT t',
  ])
  const [, , connect, query, failed, repeating] = await then.spans()
  const where = {
    'db.system.name': 'postgresql',
    'db.namespace': 'shop',
    'server.address': 'db',
    'server.port': 5432,
  }
  expect({ ...connect?.data }).toEqual(where)
  expect({ ...query?.data }).toEqual({
    ...where,
    'db.operation.name': 'SELECT',
    'db.query.text': 'SELECT a FROM t WHERE b = ?',
  })
  expect(failed?.data).toMatchObject({ 'db.response.status_code': '42P01', 'error.message': failure.message })
  expect(repeating?.data['error.message']).toBe('invalid input ?')
})
