import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { currentSpan } from '@trace/core'
import {
  CompiledQuery,
  type Dialect,
  type DialectAdapter,
  Kysely,
  MssqlDialect,
  MysqlAdapter,
  MysqlDialect,
  PostgresAdapter,
  PostgresDialect,
  SqliteDialect,
  sql,
} from 'kysely'
import Sqlite from 'libsql'
import mysql from 'mysql2'
import pg from 'pg'
import Cursor from 'pg-cursor'
import { traceKysely } from '../src/kysely.js'
import { type Recorded, recorded } from './support/recorded.js'
import { hasPostgresql, isInstalled, type Server, startPostgresql, startServer } from './support/servers.js'

const onServer = hasPostgresql() ? describe : describe.skip

const onMariadb = isInstalled('mariadbd') ? describe : describe.skip

const SECRET = 'hunter2'
/** Made in full, but never asked for a connection. */
const mssql = new MssqlDialect(Object({ tarn: { Pool: class {}, options: {} }, tedious: {} }))

interface Tables {
  readonly users: { id: number; name: string }
}

onServer('Kysely, on PostgreSQL', () => {
  let server: Server
  let pool: pg.Pool
  const dialect = (): PostgresDialect => new PostgresDialect({ pool, cursor: Cursor })
  beforeAll(async () => {
    server = await startPostgresql()
    pool = new pg.Pool({ host: '127.0.0.1', port: server.port, user: 'postgres', password: SECRET, max: 3 })
    await pool.query(
      "CREATE TABLE users (id int PRIMARY KEY, name text); INSERT INTO users VALUES (1, 'ann'), (2, 'bob')",
    )
  })
  afterAll(async () => {
    await pool.end()
    await server.stop()
  })

  const traced = (data?: Record<string, unknown>): Recorded & { db: Kysely<Tables> } => {
    const all = recorded()
    return { ...all, db: new Kysely<Tables>({ dialect: traceKysely(all.tracer, dialect(), data) }) }
  }

  test('a query has a span, with its text but no literal, and what the program says of all', async () => {
    const { tracer, db, ...then } = traced({ 'db.namespace': 'postgres' })
    const find = db.selectFrom('users').select('name').where('id', '=', 1).where(sql<boolean>`name <> 'hunter2'`)
    const rows = await tracer.trace('work', 'outer', async (outer) => {
      const found = await find.execute()
      expect(currentSpan()).toBe(outer)
      return found
    })
    expect(rows).toEqual([{ name: 'ann' }])
    expect(await then.tree()).toEqual(['work outer', '  db SELECT users'])
    const [, query] = await then.spans()
    expect({ ...query?.data }).toEqual({
      'db.system.name': 'postgresql',
      'db.namespace': 'postgres',
      'db.operation.name': 'SELECT',
      'db.query.text': 'select "name" from "users" where "id" = $1 and name <> ?',
      'db.response.returned_rows': 1,
    })
  })

  test('transactions, streams, raw queries and failed ones have theirs, each below whoever made it', async () => {
    const { tracer, db, ...then } = traced()
    const work = (at: number): Promise<void> =>
      tracer.trace('work', `w${at}`, async () => {
        const mine = db.transaction().execute(async (trx) => {
          await trx.updateTable('users').set({ name: SECRET }).where('id', '=', 2).execute()
          throw new RangeError('mine')
        })
        await expect(mine).rejects.toThrow(RangeError)
        const ids: number[] = []
        for await (const { id } of db.selectFrom('users').select('id').orderBy('id').stream(1)) ids.push(id)
        expect(ids).toEqual([1, 2])
        for await (const _ of db.selectFrom('users').select('id').stream(1)) break
        await sql`SELECT ${SECRET}`.execute(db)
        await expect(sql`SELECT ${SECRET}::int`.execute(db)).rejects.toMatchObject({ code: '22P02' })
        await expect(db.executeQuery(CompiledQuery.raw('SELECT * FROM nowhere'))).rejects.toMatchObject({
          code: '42P01',
        })
      })
    await Promise.all([1, 2, 3].map(work))
    const trees = (await then.tree())
      .join('\n')
      .split(/\n(?=work)/)
      .sort()
    const names = [
      'BEGIN',
      'UPDATE users',
      'ROLLBACK',
      'SELECT users',
      'SELECT users',
      'SELECT',
      'SELECT',
      'SELECT nowhere',
    ]
    expect(trees).toEqual([1, 2, 3].map((at) => [`work w${at}`, ...names.map((name) => `  db ${name}`)].join('\n')))
    const spans = await then.spans()
    const streams = spans
      .filter(({ name }) => name === 'SELECT users')
      .map(({ data }) => data['db.response.returned_rows'])
    expect(streams.sort()).toEqual([1, 1, 1, 2, 2, 2])
    const ends = spans.filter(({ name }) => /^(?:BEGIN|ROLLBACK)$/.test(name))
    for (const { data } of ends) expect(data).not.toHaveProperty(['db.response.returned_rows'])
    const failed = spans.filter(({ data }) => data['error.type'] !== undefined)
    expect(new Set(failed.map(({ data }) => data['error.message']))).toEqual(
      new Set(['invalid input syntax for type integer ?', 'relation "nowhere" does not exist']),
    )
    expect(JSON.stringify(spans.map(({ data }) => data))).not.toContain(SECRET)
  })

  test('all is the same as without it, with a log, too', async () => {
    const observe = async (with_: (own: PostgresDialect) => PostgresDialect): Promise<unknown[]> => {
      const said: unknown[] = []
      const db = new Kysely<Tables>({
        dialect: with_(dialect()),
        log: ({ level, query }) => void said.push([level, query.sql, query.parameters]),
      })
      const settled = (promise: Promise<unknown>): Promise<unknown> =>
        promise.catch((error: Error) => [error.constructor.name, error.message])
      said.push(await settled(db.selectFrom('users').selectAll().orderBy('id').execute()))
      said.push(await settled(db.insertInto('users').values({ id: 1, name: 'x' }).execute()))
      said.push(await settled(db.updateTable('users').set({ name: 'ann' }).where('id', '=', 1).executeTakeFirst()))
      said.push(await settled(db.transaction().execute(() => Promise.reject(new RangeError('mine')))))
      said.push(await settled(db.connection().execute((one) => sql`SELECT 1 AS a`.execute(one))))
      for await (const row of db.selectFrom('users').selectAll().orderBy('id').stream()) said.push(row)
      return said
    }
    const { tracer } = recorded()
    const own = await tracer.trace('work', 'outer', () => observe((each) => traceKysely(tracer, each)))
    expect(own).toEqual(await observe((each) => each))
  })

  test('outside a trace, and in one that is not sampled, nothing is recorded', async () => {
    const { tracer, ...then } = recorded({ sample: () => false })
    const db = new Kysely<Tables>({ dialect: traceKysely(tracer, dialect()) })
    await db.selectFrom('users').selectAll().execute()
    await tracer.trace('work', 'outer', () => db.selectFrom('users').selectAll().execute())
    for await (const _ of db.selectFrom('users').selectAll().stream()) break
    expect(await then.tree()).toEqual([])
  })
})

/** What failed in a trace with two spans, which has no secret. */
async function failed(then: Recorded, work: () => Promise<unknown>): Promise<unknown[]> {
  await then.tracer.trace('work', 'outer', () => expect(work()).rejects.toThrow())
  const span = (await then.spans()).at(-1)
  expect(JSON.stringify([span?.name, span?.data])).not.toContain(SECRET)
  return [span?.data['error.message'], span?.data['db.response.status_code']]
}

onMariadb('Kysely, on MariaDB', () => {
  let server: Server
  beforeAll(async () => {
    server = await startServer('mariadbd')
    const root = mysql.createConnection({ host: '127.0.0.1', port: server.port, user: 'root' }).promise()
    await root.query('CREATE DATABASE shop')
    await root.query('CREATE TABLE shop.users (name VARCHAR(20) PRIMARY KEY, id INT)')
    await root.query('INSERT INTO shop.users VALUES (?, 1)', [SECRET])
    await root.end()
  })
  afterAll(() => server.stop())

  /** As in a bundle whose names were made short: one is that of a database's adapter. */
  class D1 extends MysqlAdapter {}
  class Shortened extends MysqlDialect {
    override createAdapter(): MysqlAdapter {
      return new D1()
    }
  }

  test.each([
    ['as it is', MysqlDialect],
    ['in a bundle with short names', Shortened],
  ])('queries are masked by the rules of MySQL, and errors, too: %s', async (_how, DialectClass) => {
    const all = recorded()
    const pool = mysql.createPool({ host: '127.0.0.1', port: server.port, user: 'root', database: 'shop' })
    const db = new Kysely<Tables>({ dialect: traceKysely(all.tracer, new DialectClass({ pool })) })
    const insert = (id: number): Promise<unknown> => db.insertInto('users').values({ name: SECRET, id }).execute()
    expect(await failed(all, () => insert(1))).toEqual(['Duplicate entry ?', 'ER_DUP_ENTRY'])
    expect(await failed(all, () => sql`insert into users values ('x', ${SECRET})`.execute(db))).toEqual([
      'Incorrect integer value: ?',
      'ER_TRUNCATED_WRONG_VALUE_FOR_FIELD',
    ])
    expect(await failed(all, () => sql`selec * from users where name = ${sql.lit(SECRET)}`.execute(db))).toEqual([
      expect.stringMatching(/right syntax to use near \?$/),
      'ER_PARSE_ERROR',
    ])
    expect(await failed(all, () => sql`select * from nowhere where name = 'hunter2'`.execute(db))).toEqual([
      "Table 'shop.nowhere' doesn't exist",
      'ER_NO_SUCH_TABLE',
    ])
    const raw = CompiledQuery.raw(`select "hunter2" as a, 'it\\'s hunter2' as b, id from users`)
    await all.tracer.trace('work', 'outer', () => db.executeQuery(raw))
    await db.destroy()
    const { data } = (await all.spans()).at(-1) ?? {}
    expect([data?.['db.system.name'], data?.['db.query.text'], data?.['db.response.returned_rows']]).toEqual([
      'mysql',
      'select ? as a, ? as b, id from users',
      1,
    ])
  })
})

test('errors of SQLite have no value', async () => {
  const all = recorded()
  const database = new Sqlite(':memory:')
  database.exec(`create table users (id int, name text primary key); insert into users values (1, '${SECRET}');
    create trigger t before insert on users when new.name = 'x' begin select raise(abort, '${SECRET} is wrong'); end`)
  const db = new Kysely<Tables>({
    dialect: traceKysely(all.tracer, new SqliteDialect({ database: async () => Object(database) })),
  })
  expect(await failed(all, () => db.insertInto('users').values({ id: 2, name: SECRET }).execute())).toEqual([
    'UNIQUE constraint failed: users.name',
    'SQLITE_CONSTRAINT_PRIMARYKEY',
  ])
  expect(await failed(all, () => sql`select 1 where 'hunter2' 'hunter2'`.execute(db))).toEqual([
    'near ?',
    'SQLITE_ERROR',
  ])
  expect(await failed(all, () => db.insertInto('users').values({ id: 2, name: 'x' }).execute())).toEqual([
    '?',
    'SQLITE_CONSTRAINT_TRIGGER',
  ])
  expect(await failed(all, () => sql`select a, 'hunter2' from users`.execute(db))).toEqual([
    'no such column: a',
    'SQLITE_ERROR',
  ])
  await db.destroy()
})

/** A dialect whose connection needs no database: Kysely gives it the same as any other. */
const pretended = (of: Dialect, adapter: DialectAdapter, executeQuery: () => Promise<object>): object => ({
  createDriver: () => ({ acquireConnection: async () => ({ executeQuery }) }),
  createAdapter: () => adapter,
  createQueryCompiler: () => of.createQueryCompiler(),
})

/** What is recorded of a query on a dialect that pretends. */
async function recordedOf(dialect: object, query: string): Promise<Record<string, unknown>> {
  const { tracer, ...then } = recorded()
  const driver: unknown = Reflect.get(traceKysely(tracer, dialect), 'createDriver')()
  const connection: unknown = await Object(driver).acquireConnection()
  await tracer.trace('work', 'outer', () =>
    Object(connection)
      .executeQuery(CompiledQuery.raw(query))
      .catch(() => {}),
  )
  return { ...(await then.spans()).at(-1)?.data }
}

test('errors of SQL Server have no value', async () => {
  const message = `Violation of PRIMARY KEY constraint. The duplicate key value is (${SECRET}).`
  const fail = (): Promise<object> => Promise.reject(Object.assign(new Error(message), { number: 2627 }))
  const data = await recordedOf(pretended(mssql, mssql.createAdapter(), fail), 'insert into "a" values (1)')
  expect(data).toMatchObject({
    'db.system.name': 'microsoft.sql_server',
    'db.query.text': 'insert into "a" values (?)',
    'db.response.status_code': '2627',
    'error.message': 'Violation of PRIMARY KEY constraint. The duplicate key value is ?',
  })
  expect(JSON.stringify(data)).not.toContain(SECRET)
})

class DuckDbAdapter extends PostgresAdapter {}
class r extends PostgresAdapter {}
const QUERY = String.raw`select "a" as b, 'it\'s hunter2' as c`

test.each([
  [new PostgresDialect({ pool: new pg.Pool() }), 'postgresql', 'select "a" as b, ?s ?'],
  [new SqliteDialect({ database: () => Promise.reject(new Error('none')) }), 'sqlite', 'select "a" as b, ?s ?'],
  [mssql, 'microsoft.sql_server', 'select "a" as b, ?s ?'],
  [new MysqlDialect({ pool: () => Promise.reject(new Error('none')) }), 'mysql', 'select ? as b, ? as c'],
])('a dialect is known by what it writes where its adapter has a short name: %#', async (dialect, system, text) => {
  const data = await recordedOf(
    pretended(dialect, new r(), async () => ({ rows: [] })),
    QUERY,
  )
  expect([data['db.system.name'], data['db.query.text']]).toEqual([system, text])
})

test.each([
  ['another database', new PostgresDialect({ pool: new pg.Pool() }), new DuckDbAdapter()],
  ['one that cannot be asked', { createQueryCompiler: () => Object({}) } as PostgresDialect, new r()],
])('of %s no more is recorded than is no text anywhere', async (_of, dialect, adapter) => {
  const data = await recordedOf(
    pretended(dialect, adapter, async () => ({ rows: [] })),
    QUERY,
  )
  expect([data['db.system.name'], data['db.query.text']]).toEqual(['other_sql', 'select ? as b, ?'])
})

test.each([
  [new MysqlDialect({ pool: () => Promise.reject(new Error('none')) }), 'mysql', 'select ?'],
  [new SqliteDialect({ database: () => Promise.reject(new Error('none')) }), 'sqlite', 'select "a"'],
])(
  'the names of other databases are known, and their texts masked by their rules: %#',
  async (dialect, system, text) => {
    const { tracer, ...then } = recorded()
    traceKysely(tracer, dialect)
    // A connection that needs no database: Kysely gives it the same as any other.
    const connection = { executeQuery: async () => ({ rows: [] }), streamQuery: () => undefined }
    const driver = dialect.createDriver()
    const other = traceKysely(tracer, {
      createDriver: () => ({ acquireConnection: async () => connection }),
      createAdapter: () => dialect.createAdapter(),
    })
    expect(driver).toHaveProperty('acquireConnection')
    const acquired = await other.createDriver().acquireConnection()
    await tracer.trace('work', 'outer', () =>
      Reflect.apply(acquired.executeQuery, acquired, [CompiledQuery.raw('select "a"')]),
    )
    const [, query] = await then.spans()
    expect([query?.data['db.system.name'], query?.data['db.query.text']]).toEqual([system, text])
  },
)

test('what is no dialect is refused, and a second time warned of', () => {
  const { tracer, warnings } = recorded()
  for (const wrong of [undefined, null, {}, new pg.Pool()]) {
    expect(() => Reflect.apply(traceKysely, undefined, [tracer, wrong])).toThrow(
      /^traceKysely: expected a dialect of Kysely, got /,
    )
  }
  const dialect = traceKysely(tracer, new PostgresDialect({ pool: new pg.Pool() }))
  expect(traceKysely(tracer, dialect)).toBe(dialect)
  expect(warnings).toEqual([expect.stringContaining('traced already: call traceKysely once')])
})
