import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { currentSpan } from '@trace/core'
import { CompiledQuery, Kysely, MysqlDialect, PostgresDialect, SqliteDialect, sql } from 'kysely'
import pg from 'pg'
import Cursor from 'pg-cursor'
import { traceKysely } from '../src/kysely.js'
import { type Recorded, recorded } from './support/recorded.js'
import { hasPostgresql, type Server, startPostgresql } from './support/servers.js'

const onServer = hasPostgresql() ? describe : describe.skip

const SECRET = 'hunter2'

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
