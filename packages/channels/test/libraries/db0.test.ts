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

test.each([
  ['postgresql', { code: '42P01', severity: 'ERROR' }, 'SELECT "a", ?s ?', '42P01'],
  ['mysql', { code: 'ER_BAD_DB_ERROR', errno: 1049, sqlState: '42000' }, 'SELECT ?, ?', 'ER_BAD_DB_ERROR'],
  ['sqlite', { code: 'SQLITE_ERROR' }, 'SELECT "a", ?s ?', 'SQLITE_ERROR'],
  ['another', {}, 'SELECT ?, ?', undefined],
])('a failed query of db0 on %s has the code, and no value', async (dialect, fields, text, status) => {
  const { tracer, ...then } = recorded()
  const stop = traceChannels(tracer)
  const all = (): Promise<unknown[]> => Promise.reject(Object.assign(new Error("there is no 'hunter2'"), fields))
  const connector = {
    ...{ name: 'fake', dialect, getInstance: () => null, exec: () => null },
    prepare: () => ({ all, run: all, get: all, bind: () => ({ all, run: all, get: all }) }),
  }
  const db = withTracing(createDatabase(connector))
  await tracer.trace('work', 'outer', () =>
    expect(db.prepare(String.raw`SELECT "a", 'it\'s hunter2'`).all()).rejects.toThrow('hunter2'),
  )
  stop()
  const { data } = (await then.spans()).at(-1) ?? {}
  expect([data?.['db.query.text'], data?.['error.message'], data?.['db.response.status_code']]).toEqual([
    text,
    'there is no ?',
    status,
  ])
  expect(JSON.stringify(data)).not.toContain('hunter2')
})
