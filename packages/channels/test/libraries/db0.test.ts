import { expect, test } from '@jest/globals'
import { traceChannels } from '../../src/index.js'
import { recorded } from '../support/recorded.js'

interface Database {
  prepare(query: string): { all(): Promise<unknown[]> }
  sql(strings: TemplateStringsArray, ...values: unknown[]): Promise<unknown>
}

interface Db0 {
  createDatabase(connector: object): Database
  withTracing(database: Database): Database
}

// Its declarations import those of every database that it knows, which are not installed here.
const { createDatabase }: Pick<Db0, 'createDatabase'> = await import(String('db0'))
const { withTracing }: Pick<Db0, 'withTracing'> = await import(String('db0/tracing'))

test('queries of db0 have spans', async () => {
  const { tracer, ...then } = recorded()
  const stop = traceChannels(tracer)
  // A connector that needs no database: db0 publishes the same for each.
  const statement = {
    all: async () => [{ a: 1 }],
    run: async () => ({ success: true }),
    get: async () => ({ a: 1 }),
    bind: () => statement,
  }
  const connector = {
    name: 'fake',
    dialect: 'postgresql',
    getInstance: () => null,
    exec: () => null,
    prepare: () => statement,
  } as const
  const db = withTracing(createDatabase(connector))
  await tracer.trace('work', 'outer', async () => {
    expect(await db.prepare("SELECT a FROM t WHERE b = 'secret'").all()).toEqual([{ a: 1 }])
    await db.sql`SELECT a FROM t WHERE b = ${'secret'}`
  })
  stop()
  expect(await then.tree()).toEqual(['work outer', '  db SELECT t', '  db SELECT t'])
  const [, query, templated] = await then.spans()
  expect({ ...query?.data }).toEqual({
    'db.system.name': 'postgresql',
    'db.operation.name': 'SELECT',
    'db.query.text': 'SELECT a FROM t WHERE b = ?',
  })
  expect(templated?.data['db.query.text']).not.toContain('secret')
})
