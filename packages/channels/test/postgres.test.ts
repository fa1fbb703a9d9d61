import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { currentSpan } from '@trace/core'
import postgres from 'postgres'
import { tracePostgres } from '../src/postgres.js'
import { type Recorded, recorded } from './support/recorded.js'
import { hasPostgresql, type Server, startPostgresql } from './support/servers.js'

const onServer = hasPostgresql() ? describe : describe.skip

const SECRET = 'hunter2'

onServer('postgres, on PostgreSQL', () => {
  let server: Server
  let bare: postgres.Sql
  const folder = mkdtempSync(join(tmpdir(), 'postgres-js-'))
  beforeAll(async () => {
    server = await startPostgresql()
    bare = postgres(`postgres://postgres:${SECRET}@127.0.0.1:${server.port}/postgres`, { max: 2, onnotice: () => {} })
    await bare`CREATE TABLE users (id int PRIMARY KEY, name text)`
    await bare`INSERT INTO users VALUES (1, 'ann'), (2, 'bob')`
    writeFileSync(join(folder, 'find.sql'), `SELECT name FROM users WHERE name <> '${SECRET}'`)
  })
  afterAll(async () => {
    rmSync(folder, { recursive: true })
    await bare.end()
    await server.stop()
  })

  const traced = (): Recorded & { sql: postgres.Sql } => {
    const all = recorded()
    return { ...all, sql: tracePostgres(all.tracer, bare) }
  }

  test('a query has a span, with its text but no literal, and where it went', async () => {
    const { tracer, sql, ...then } = traced()
    const table = sql('users')
    const found = await tracer.trace('work', 'outer', async (outer) => {
      const rows = await sql`SELECT name FROM ${table} WHERE id = ${1} AND name <> 'hunter2' ${sql`AND id < ${5}`}`
      expect(currentSpan()).toBe(outer)
      return rows
    })
    expect([...found]).toEqual([{ name: 'ann' }])
    expect(await then.tree()).toEqual(['work outer', '  db SELECT users'])
    const [, query] = await then.spans()
    expect({ ...query?.data }).toEqual({
      'db.system.name': 'postgresql',
      'db.namespace': 'postgres',
      'server.address': '127.0.0.1',
      'server.port': server.port,
      'db.operation.name': 'SELECT',
      'db.query.text': 'SELECT name FROM "users" WHERE id = $1 AND name <> ? AND id < $2',
      'db.response.returned_rows': 1,
    })
  })

  test('every form of a query has one, below whoever awaits it; what it calls is in the caller', async () => {
    const { tracer, sql, ...then } = traced()
    const inCaller: unknown[] = []
    const see = (): void => void inCaller.push(currentSpan()?.name)
    await tracer.trace('work', 'outer', async () => {
      await sql.unsafe(`SELECT '${SECRET}' FROM users WHERE id = $1`, [1])
      await sql.file(join(folder, 'find.sql'))
      await sql`SELECT id FROM users`.forEach(see)
      await sql`SELECT generate_series(1, 5)`.cursor(2, see)
      for await (const rows of sql`SELECT generate_series(1, 7)`.cursor(3)) if (rows.length < 3) see()
      for await (const _ of sql`SELECT generate_series(1, 7)`.cursor(3)) break
      await sql`SELECT id FROM users`.values()
      await sql`SELECT id FROM users`.raw()
      await sql`SELECT id FROM users`.describe()
      await sql`SELECT id FROM users`.simple()
      const executed = sql`SELECT id FROM users`.execute()
      await executed
      await sql`SELECT id FROM users`.then(see)
      await sql`SELECT id FROM users`.finally(see)
      expect(await text(await sql`COPY users TO STDOUT`.readable())).toBe('1\tann\n2\tbob\n')
      await Promise.all([sql`SELECT id FROM users`, sql`SELECT id FROM users`])
      sql`SELECT id FROM nobody`
      await sql`INSERT INTO users ${sql({ id: 3, name: SECRET })}`
      await sql`DELETE FROM users WHERE id = 3`
    })
    expect(inCaller).toEqual(Array.from({ length: 8 }, () => 'outer'))
    const [root, ...queries] = await then.spans()
    expect(queries.map(({ name, data }) => [name, data['db.response.returned_rows']])).toEqual([
      ['SELECT users', 1],
      ['SELECT users', 2],
      ['SELECT users', 2],
      ['SELECT', 5],
      ['SELECT', 7],
      ['SELECT', 3],
      ['SELECT users', 2],
      ['SELECT users', 2],
      ['SELECT users', undefined],
      ['SELECT users', 2],
      ['SELECT users', 2],
      ['SELECT users', 2],
      ['SELECT users', 2],
      ['COPY users', undefined],
      ['SELECT users', 2],
      ['SELECT users', 2],
      ['INSERT users', 0],
      ['DELETE users', 0],
    ])
    for (const { parentId } of queries) expect(parentId).toBe(root?.spanId)
    expect(JSON.stringify(queries.map(({ data }) => data))).not.toContain(SECRET)
  })

  test('transactions, savepoints and reserved connections have theirs, and each query is below its own', async () => {
    const { tracer, sql, ...then } = traced()
    const work = (at: number): Promise<void> =>
      tracer.trace('work', `w${at}`, async (own) => {
        const done = await sql.begin(async (inner) => {
          await inner`SELECT id FROM users`
          const failed = inner.savepoint(async (innermost) => {
            await innermost`SELECT 1/0`
          })
          await expect(failed).rejects.toMatchObject({ code: '22012' })
          return Promise.all([inner`SELECT 1 AS a`, inner`SELECT 2 AS a`])
        })
        expect(done).toMatchObject([[{ a: 1 }], [{ a: 2 }]])
        const reserved = await sql.reserve()
        await reserved`SELECT id FROM users`
        reserved.release()
        expect(currentSpan()).toBe(own)
      })
    await Promise.all([1, 2, 3].map(work))
    const one = [
      '  db transaction',
      '    db SELECT users',
      '    db savepoint',
      '      db SELECT',
      '    db SELECT',
      '    db SELECT',
      '  db SELECT users',
    ]
    const trees = (await then.tree())
      .join('\n')
      .split(/\n(?=work)/)
      .sort()
    expect(trees).toEqual([1, 2, 3].map((at) => [`work w${at}`, ...one].join('\n')))
    const failed = (await then.spans()).filter(({ data }) => data['error.type'] !== undefined)
    expect(new Set(failed.map(({ name, data }) => [name, data['db.response.status_code']].join()))).toEqual(
      new Set(['savepoint,', 'SELECT,22012']),
    )
  })

  test.each([
    [`SELECT '${SECRET}'::int`, '22P02', 'invalid input syntax for type integer ?'],
    [`SELECT 1 '${SECRET}' '${SECRET}'`, '42601', 'syntax error at or near ?'],
    ['SELECT * FROM nowhere', '42P01', 'relation "nowhere" does not exist'],
  ])('a failed query says so, but not what its error repeats: %j', async (query, state, message) => {
    const { tracer, sql, ...then } = traced()
    const error = await tracer.trace('work', 'outer', () => sql.unsafe(query).catch((thrown: unknown) => thrown))
    expect(error).toBeInstanceOf(bare.PostgresError)
    const [, failed] = await then.spans()
    expect(failed?.data).toMatchObject({
      'db.response.status_code': state,
      'error.type': 'PostgresError',
      'error.message': message,
    })
    expect(JSON.stringify(failed?.data)).not.toContain(SECRET)
  })

  test('a canceled query, one that cannot be sent and a server that is not there fail their spans', async () => {
    const { tracer, sql, ...then } = traced()
    const nobody = tracePostgres(tracer, postgres({ host: '127.0.0.1', port: 1 }))
    await tracer.trace('work', 'outer', async () => {
      const slow = sql`SELECT pg_sleep(60)`
      const failed = slow.catch((error: unknown) => error)
      const running = `SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query = 'SELECT pg_sleep(60)'`
      while ((await bare.unsafe(running)).length === 0) await sleep(10)
      slow.cancel()
      expect(await failed).toMatchObject({ code: '57014' })
      await expect(sql`SELECT ${undefined as never}::int`).rejects.toThrow()
      await expect(nobody`SELECT 1`).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    })
    await nobody.end()
    const failed = (await then.spans()).filter(({ data }) => data['error.type'] !== undefined)
    expect(failed).toHaveLength(3)
  })

  test('outside a trace, and in one that is not sampled, nothing is recorded', async () => {
    const { tracer, ...then } = recorded({ sample: () => false })
    const sql = tracePostgres(tracer, bare)
    await sql`SELECT 1`
    await tracer.trace('work', 'outer', () => sql.begin((inner) => inner`SELECT 1`))
    for await (const _ of sql`SELECT 1`.cursor(1)) expect(currentSpan()).toBeUndefined()
    expect(await then.tree()).toEqual([])
  })

  test('all else is the same: results, errors, helpers, options and notifications', async () => {
    const observe = async (sql: postgres.Sql): Promise<unknown[]> => {
      const said: unknown[] = []
      const settled = (promise: PromiseLike<unknown>): PromiseLike<unknown> =>
        promise.then(
          (value) => [value, JSON.stringify(value), Object.getOwnPropertyNames(value ?? {}).length],
          (error) => [error.constructor.name, error.message, error.code, Object.keys(error).sort()],
        )
      const query = sql`SELECT ${1}::int AS a`
      said.push(query instanceof Promise, query.constructor.name, Object.keys(query).sort().join())
      said.push(query.simple === Object.getPrototypeOf(query).simple, await settled(query), await settled(query))
      for (const each of ['SELECT 1 AS a; SELECT 2 AS a', '', 'SELEC', 'SELECT 1/0'])
        said.push(await settled(sql.unsafe(each)))
      said.push(await settled(sql`SELECT * FROM users WHERE id IN ${sql([1, 2])} ORDER BY ${sql('name')}`))
      said.push(
        await settled(
          sql.file(join(folder, 'nothing.sql')).catch((error) => Promise.reject(Object.assign(error, { path: '' }))),
        ),
      )
      said.push(await settled(sql.begin(async () => Promise.reject(new RangeError('mine')))))
      said.push(await settled(sql.begin('read only', (inner) => inner`INSERT INTO users VALUES (9, 'x')`)))
      said.push(
        sql.options === bare.options,
        [sql.unsafe].includes(sql.unsafe),
        sql.json({ a: 1 }),
        Object.keys(sql).sort(),
      )
      const told = new Promise((resolve) => {
        sql.listen('news', (payload) => resolve([payload, currentSpan()])).then(() => sql.notify('news', 'hello'))
      })
      said.push(await told)
      // On one connection, since which of two answers first is up to the server.
      const one = await sql.reserve()
      const order: unknown[] = []
      await Promise.all([1, 2, 3].map((n) => one`SELECT ${n}::int AS n`.then(([row]) => order.push(row?.['n']))))
      one.release()
      said.push(order)
      return said
    }
    const { tracer, sql, warnings } = traced()
    expect(await tracer.trace('work', 'outer', () => observe(sql))).toEqual(await observe(bare))
    expect(warnings).toEqual([])
  })
})

test('what is no function of postgres is refused, and a second time warned of', async () => {
  const { tracer, warnings } = recorded()
  for (const wrong of [undefined, null, {}, 'postgres://', () => 1]) {
    expect(() => Reflect.apply(tracePostgres, undefined, [tracer, wrong])).toThrow(
      /^tracePostgres: expected what postgres\(…\) returned, got /,
    )
  }
  const sql = tracePostgres(tracer, postgres({ host: 'a:1,b:2' }))
  expect(tracePostgres(tracer, sql)).toBe(sql)
  expect(warnings).toEqual([expect.stringContaining('traced already: call tracePostgres once')])
  await sql.end()
})
