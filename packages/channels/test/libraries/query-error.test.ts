import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import type { Span, Tracer } from '@trace/core'
import mysql from 'mysql2'
import pg from 'pg'
import postgres from 'postgres'
import { traceChannels } from '../../src/index.js'
import { withoutValues } from '../../src/libraries/query-error.js'
import { tracePg } from '../../src/pg.js'
import { tracePostgres } from '../../src/postgres.js'
import { recorded } from '../support/recorded.js'
import { hasPostgresql, isInstalled, type Server, startPostgresql, startServer } from '../support/servers.js'

const SECRET = 'hunter2'
const onPostgresql = hasPostgresql() ? describe : describe.skip
const onMariadb = isInstalled('mariadbd') ? describe : describe.skip

/** Does queries that fail, each in a trace. @returns the spans that failed */
async function failing(
  queries: readonly string[],
  run: (tracer: Tracer) => (query: string) => PromiseLike<unknown>,
): Promise<Span[]> {
  const { tracer, ...then } = recorded()
  const query = run(tracer)
  for (const text of queries) {
    await tracer.trace('work', 'outer', async () => {
      await expect(Promise.resolve(query(text))).rejects.toThrow()
    })
  }
  return (await then.spans()).filter(({ data }) => data['error.type'] !== undefined)
}

function expectNoSecret(spans: readonly Span[]): void {
  for (const { name, data } of spans) expect(JSON.stringify([name, data])).not.toMatch(/hunter|424242/i)
}

const messages = (spans: readonly Span[]): unknown[] => spans.map(({ data }) => data['error.message'])

const ON_POSTGRESQL: readonly [string, string][] = [
  ["SELECT 'hunter2'::regclass", 'relation ?'],
  ["SELECT 'Hunter2'::regclass", 'relation ?'],
  ["SELECT nextval('hunter2')", 'relation ?'],
  ["SELECT set_config('hunter2', 'x', false)", 'unrecognized configuration parameter ?'],
  ["SELECT pg_read_file('/hunter2')", 'could not open file ?'],
  ["COPY users FROM '/hunter2'", 'could not open file ?'],
  ["SELECT lo_import('/hunter2')", 'could not open server file ?'],
  ["DO $$ BEGIN RAISE EXCEPTION 'hunter2 % x', 'hunter3'; END $$", '?'],
  ["DO $$ BEGIN RAISE unique_violation USING message = 'hunter2'; END $$", '?'],
  ["DO $$ BEGIN EXECUTE 'DROP TABLE hunter2'; END $$", '?'],
  ["DO $$ BEGIN EXECUTE 'SELECT t.hunter2 FROM users t'; END $$", '?'],
  ["SELECT 1; DO $$ BEGIN EXECUTE 'SELECT t.hunter2 FROM users t'; END $$", '?'],
  ["SELECT fail('hunter2')", '?'],
  ["SELECT has_table_privilege('hunter2', 'users', 'select')", 'role ?'],
  ["SELECT 'hunter2.users'::regclass", 'schema ?'],
  ["SELECT nothing('hunter2')", 'function nothing(unknown) does not exist'],
  ["INSERT INTO users VALUES (1, 'hunter2')", 'duplicate key value violates unique constraint "users_pkey"'],
  ["SELECT * FROM nowhere WHERE a = 'hunter2'", 'relation "nowhere" does not exist'],
  ["SELECT * FROM public.nowhere WHERE a = 'hunter2'", 'relation "public.nowhere" does not exist'],
  ["SELECT a, 'hunter2' FROM users", 'column "a" does not exist'],
  ["SELECT u.a, 'hunter2' FROM users u", 'column u.a does not exist'],
]

onPostgresql('on PostgreSQL', () => {
  let server: Server
  let pool: pg.Pool
  const login = (): pg.PoolConfig => ({ host: '127.0.0.1', port: server.port, user: 'postgres', max: 1 })
  beforeAll(async () => {
    server = await startPostgresql()
    pool = new pg.Pool(login())
    await pool.query(`CREATE TABLE users (id int PRIMARY KEY, name text); INSERT INTO users VALUES (1, 'ann');
      CREATE FUNCTION fail(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '% is wrong', $1; END $$`)
  })
  afterAll(async () => {
    await pool.end()
    await server.stop()
  })

  const queries = ON_POSTGRESQL.map(([query]) => query)
  const expected = ON_POSTGRESQL.map(([, message]) => message)

  test('no text of a query is in the message, and names stay', async () => {
    const own = new pg.Pool(login())
    const ofPg = await failing(queries, (tracer) => {
      const traced = tracePg(tracer, own)
      return (query) => traced.query(query)
    })
    await own.end()
    expect(messages(ofPg)).toEqual(expected)
    const sql = postgres({ host: '127.0.0.1', port: server.port, user: 'postgres', max: 1, onnotice: () => {} })
    const ofPostgres = await failing(queries, (tracer) => {
      const traced = tracePostgres(tracer, sql)
      return (query) => traced.unsafe(query)
    })
    await sql.end()
    expect(messages(ofPostgres)).toEqual(expected)
    expectNoSecret([...ofPg, ...ofPostgres])
  })

  test('nor is a value', async () => {
    const values = [
      'SELECT $1::text::regclass',
      'SELECT nextval($1)',
      "SELECT set_config($1, 'x', false)",
      'SELECT fail($1)',
    ]
    const own = new pg.Pool(login())
    const spans = await failing(values, (tracer) => {
      const traced = tracePg(tracer, own)
      return (query) => traced.query(query, [SECRET])
    })
    await own.end()
    expect(spans).toHaveLength(values.length)
    expectNoSecret(spans)
  })

  test('nor the user who cannot connect', async () => {
    const [span] = await failing(['SELECT 1'], (tracer) => {
      const client = tracePg(tracer, new pg.Client({ ...login(), user: SECRET, database: 'postgres' }))
      return () => client.connect()
    })
    expect([span?.data['error.message'], span?.data['db.response.status_code']]).toEqual(['role ?', '28000'])
    expectNoSecret(span === undefined ? [] : [span])
  })
})

const ON_MARIADB: readonly [string, string | RegExp][] = [
  ["SET time_zone = 'hunter2'", 'Unknown or incorrect time zone: ?'],
  ['KILL 424242', 'Unknown thread id: ?'],
  ["LOAD DATA INFILE '/hunter2' INTO TABLE users", "Can't get stat of ?"],
  ["SIGNAL SQLSTATE '45000' SET message_text = 'custom hunter2'", '?'],
  ["SIGNAL SQLSTATE '42S02' SET message_text = 'custom hunter2', mysql_errno = 1146", '?'],
  ['INSERT INTO users VALUES (9)', "Column count doesn't match value count at row 1"],
  ["INSERT INTO users VALUES (7, 'hunter2')", 'Duplicate entry ?'],
  ["INSERT INTO users VALUES ('hunter2', 'x')", 'Incorrect integer value: ?'],
  ["INSERT INTO users VALUES (424242424242, 'x')", "Out of range value for column 'id' at row 1"],
  ["SELEC 'hunter2' 'hunter2'", /right syntax to use near \?$/],
  ["SELECT * FROM nowhere WHERE a = 'hunter2'", "Table 'shop.nowhere' doesn't exist"],
  ["SELECT a FROM users WHERE id = 'hunter2'", "Unknown column 'a' in 'SELECT'"],
  ["EXECUTE IMMEDIATE 'DROP TABLE hunter2'", '?'],
]

onMariadb('on MariaDB', () => {
  let server: Server
  let pool: mysql.Pool
  let stop = (): void => {}
  beforeAll(async () => {
    server = await startServer('mariadbd')
    const root = mysql.createConnection({ host: '127.0.0.1', port: server.port, user: 'root' }).promise()
    await root.query('CREATE DATABASE shop')
    await root.query('CREATE TABLE shop.users (id INT PRIMARY KEY, name VARCHAR(20))')
    await root.query("INSERT INTO shop.users VALUES (7, 'ann')")
    await root.end()
    pool = mysql.createPool({ host: '127.0.0.1', port: server.port, user: 'root', database: 'shop' })
  })
  afterAll(async () => {
    await pool.promise().end()
    await server.stop()
  })
  afterEach(() => stop())

  test('no text of a query is in the message, and names stay', async () => {
    const spans = await failing(
      ON_MARIADB.map(([query]) => query),
      (tracer) => {
        stop = traceChannels(tracer)
        return (query: string) => pool.promise().query(query)
      },
    )
    const expected = ON_MARIADB.map(([, message]) =>
      typeof message === 'string' ? message : expect.stringMatching(message),
    )
    expect(messages(spans)).toEqual(expected)
    expectNoSecret(spans)
  })

  test('nor is a value', async () => {
    const values: [string, string | number][] = [
      ['INSERT INTO users VALUES (?, 1)', SECRET],
      ['SET time_zone = ?', SECRET],
      ['KILL ?', 424242],
      ["SELECT * FROM users WHERE name = ? + 'hunter2' AND nowhere", SECRET],
    ]
    const { tracer, ...then } = recorded()
    stop = traceChannels(tracer)
    await tracer.trace('work', 'outer', async () => {
      for (const [query, value] of values) {
        await pool
          .promise()
          .query(query, [value])
          .catch(() => {})
        await pool
          .promise()
          .execute(query, [value])
          .catch(() => {})
      }
    })
    const failed = (await then.spans()).filter(({ data }) => data['error.type'] !== undefined)
    expect(failed).toHaveLength(2 * values.length)
    expectNoSecret(failed)
  })
})

test.each([
  [
    'the connector of MariaDB, which adds the query',
    {
      message: `(conn:4, no: 1146, SQLState: 42S02) Table 'shop.nowhere' doesn't exist\nsql: select a - parameters:['${SECRET}']`,
      code: 'ER_NO_SUCH_TABLE',
      errno: 1146,
      sqlState: '42S02',
    },
    "(conn:4, no: 1146, SQLState: 42S02) Table 'shop.nowhere' doesn't exist ?",
  ],
  [
    'PlanetScale',
    {
      message: `target: shop.-.primary: vttablet: rpc error: code = AlreadyExists desc = Duplicate entry '${SECRET}' for key 'a' (errno 1062)`,
      body: { code: 'ALREADY_EXISTS' },
    },
    'target: shop.-.primary: vttablet: rpc error: code = AlreadyExists desc = Duplicate entry ?',
  ],
  ['D1', { message: `D1_ERROR: near "${SECRET}": syntax error at offset 7: SQLITE_ERROR` }, 'D1_ERROR: near ?'],
  ['libSQL, of a trigger', { code: 'SQLITE_CONSTRAINT', message: `SQLITE_CONSTRAINT: ${SECRET} is wrong` }, '?'],
  [
    'libSQL, of a constraint',
    {
      code: 'SQLITE_CONSTRAINT_PRIMARYKEY',
      message: 'SQLITE_CONSTRAINT_PRIMARYKEY: UNIQUE constraint failed: users.id',
    },
    'SQLITE_CONSTRAINT_PRIMARYKEY: UNIQUE constraint failed: users.id',
  ],
  [
    "Node's SQLite, of a text that is searched for",
    { code: 'ERR_SQLITE_ERROR', errcode: 1, message: `no such column: ${SECRET}` },
    'no such column: ?',
  ],
  [
    'SQL Server',
    { number: 2627, message: `Cannot insert. The duplicate key value is (${SECRET}).` },
    'Cannot insert. The duplicate key value is ?',
  ],
  ['SQL Server, of a program', { number: 50_001, message: SECRET }, '?'],
  ['an unknown driver', { message: `wrong value (${SECRET})` }, 'wrong value ?'],
  [
    'the system',
    { syscall: 'connect', message: 'connect ECONNREFUSED 127.0.0.1:1' },
    'connect ECONNREFUSED 127.0.0.1:1',
  ],
])('an error of %s has no value', (_of, { message, ...fields }, expected) => {
  const error = Object.assign(new Error(message), fields)
  const masked = Object(withoutValues(error, { text: 'select a from t where b = ?', dialect: 'any' }))
  expect(masked.message).toBe(expected)
  if (message.includes(SECRET)) expect(masked.stack).not.toContain(SECRET)
})

test('nor has an error that caused it, or that it holds', () => {
  const inner = Object.assign(new Error(`The duplicate key value is (${SECRET}).`), { number: 2627 })
  const masked = Object(
    withoutValues(new AggregateError([inner], '', { cause: inner }), { text: '', dialect: 'standard' }),
  )
  expect([masked.errors[0].message, masked.cause.message]).toEqual(Array(2).fill('The duplicate key value is ?'))
  const circular = new Error('a')
  circular.cause = circular
  expect(withoutValues(circular, { text: '', dialect: 'standard' })).toHaveProperty('message', 'a')
})
