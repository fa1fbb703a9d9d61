import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { currentSpan } from '@trace/core'
import pg from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import Cursor from 'pg-cursor'
import QueryStream from 'pg-query-stream'
import { tracePg } from '../src/pg.js'
import { recorded } from './support/recorded.js'
import { hasPostgresql, type Server, startPostgresql } from './support/servers.js'

const onServer = hasPostgresql() ? describe : describe.skip

const SECRET = 'hunter2'

onServer('pg, on PostgreSQL', () => {
  let server: Server
  const pools: pg.Pool[] = []
  const makePool = (options: pg.PoolConfig = {}): pg.Pool => {
    const login = { host: '127.0.0.1', port: server.port, user: 'postgres', password: SECRET, database: 'postgres' }
    const pool = new pg.Pool({ ...login, max: 2, ...options })
    pools.push(pool)
    return pool
  }
  beforeAll(async () => {
    server = await startPostgresql()
    await makePool().query(
      "CREATE TABLE users (id int PRIMARY KEY, name text); INSERT INTO users VALUES (1, 'ann'), (2, 'bob')",
    )
  })
  afterAll(async () => {
    await Promise.all(pools.filter(({ ending }) => !ending).map((pool) => pool.end()))
    await server.stop()
  })

  test('a query has a span, with its text but no literal, and where it went; the first connects', async () => {
    const { tracer, ...then } = recorded()
    const pool = tracePg(tracer, makePool())
    const { rows } = await tracer.trace('work', 'outer', () =>
      pool.query(`SELECT name FROM users WHERE id = $1 AND name <> '${SECRET}' -- ${SECRET}`, [1]),
    )
    expect(rows).toEqual([{ name: 'ann' }])
    expect(await then.tree()).toEqual(['work outer', '  db connect to postgresql', '  db SELECT users'])
    const where = {
      'db.system.name': 'postgresql',
      'db.namespace': 'postgres',
      'server.address': '127.0.0.1',
      'server.port': server.port,
    }
    const [, connect, query] = await then.spans()
    expect({ ...connect?.data }).toEqual(where)
    expect({ ...query?.data }).toEqual({
      ...where,
      'db.operation.name': 'SELECT',
      'db.query.text': 'SELECT name FROM users WHERE id = $1 AND name <> ?',
      'db.response.returned_rows': 1,
    })
  })

  test('each query is below whoever made it, although they share connections and wait for them', async () => {
    const { tracer, ...then } = recorded()
    const pool = tracePg(tracer, makePool())
    const work = (at: number): Promise<void> =>
      tracer.trace('work', `w${at}`, async (own) => {
        await pool.query('SELECT * FROM users WHERE id = $1', [at])
        expect(currentSpan()).toBe(own)
        await new Promise<void>((resolve, reject) => {
          pool.query('SELECT name FROM users', (error: Error | undefined) => {
            expect(currentSpan()).toBe(own)
            if (error === undefined) resolve()
            else reject(error)
          })
        })
        const client = await pool.connect()
        expect(currentSpan()).toBe(own)
        await tracer.span('work', 'inner', () => client.query({ name: 'all', text: 'SELECT * FROM users' }))
        client.release()
        await new Promise<void>((resolve) => {
          pool.connect((_error, found, release) => {
            expect(currentSpan()).toBe(own)
            found?.query('SELECT 1', () => {
              expect(currentSpan()).toBe(own)
              release()
              resolve()
            })
          })
        })
      })
    await Promise.all(Array.from({ length: 8 }, (_, at) => work(at)))
    const spans = await then.spans()
    for (let at = 0; at < 8; at++) {
      const own = spans.find(({ name }) => name === `w${at}`)
      const all = spans.filter(({ traceId }) => traceId === own?.traceId)
      const inner = all.find(({ name }) => name === 'inner')
      const queries = all.filter(({ name }) => name.startsWith('SELECT'))
      expect(queries.map(({ parentId }) => parentId)).toEqual([own?.spanId, own?.spanId, inner?.spanId, own?.spanId])
    }
    const waits = new Set(spans.map(({ name }) => name).filter((name) => !/^(?:SELECT|w\d|inner)/.test(name)))
    expect([...waits].sort()).toEqual(['connect to postgresql', 'wait for a connection of the pool'])
  })

  test('queries of a transaction, several at a time on one client, and those that fail have theirs', async () => {
    const { tracer, ...then } = recorded()
    const client = tracePg(tracer, new pg.Client({ host: '127.0.0.1', port: server.port, user: 'postgres' }))
    await tracer.trace('work', 'outer', async () => {
      await client.connect()
      await client.query('BEGIN')
      await client.query("UPDATE users SET name = 'eve' WHERE id = 2")
      await client.query('ROLLBACK')
      const failed = client.query('SELECT * FROM nowhere').catch((error: unknown) => error)
      const results = await Promise.all([failed, client.query('SELECT 2; SELECT 3'), client.query('SELECT 4')])
      expect(results[0]).toMatchObject({ code: '42P01' })
      expect(() => Reflect.apply(client.query, client, [null])).toThrow(TypeError)
    })
    await client.end()
    const [root, connect, ...queries] = await then.spans()
    expect(connect?.name).toBe('connect to postgresql')
    expect(queries.map(({ name, data }) => [name, data['db.response.returned_rows']])).toEqual([
      ['BEGIN', 0],
      ['UPDATE users', 0],
      ['ROLLBACK', 0],
      ['SELECT nowhere', undefined],
      ['SELECT', 2],
      ['SELECT', 1],
      ['query', undefined],
    ])
    for (const { parentId } of queries) expect(parentId).toBe(root?.spanId)
    expect(queries[3]?.data).toMatchObject({
      'db.response.status_code': '42P01',
      'error.message': 'relation "nowhere" does not exist',
    })
    expect(queries[6]?.data['error.type']).toBe('TypeError')
  })

  test('cursors, streams, copies and queries of the own class have spans until they end; what they call is in the caller', async () => {
    const { tracer, ...then } = recorded()
    const pool = tracePg(tracer, makePool())
    await tracer.trace('work', 'outer', async (outer) => {
      const client = await pool.connect()
      const cursor = client.query(new Cursor(`SELECT generate_series(1, $1) AS n, '${SECRET}'`, [5]))
      expect(await cursor.read(2)).toHaveLength(2)
      await new Promise<void>((resolve) =>
        cursor.read(2, () => {
          expect(currentSpan()).toBe(outer)
          resolve()
        }),
      )
      await cursor.close()
      const stream = client.query(new QueryStream('SELECT generate_series(1, 250) AS n', [], { batchSize: 100 }))
      stream.once('data', () => expect(currentSpan()).toBe(outer))
      const streamed: unknown[] = []
      for await (const row of stream) streamed.push(row)
      expect(streamed).toHaveLength(250)
      await new Promise((resolve) => {
        const query = client.query(new pg.Query('SELECT name FROM users'))
        query.on('row', () => expect(currentSpan()).toBe(outer)).on('end', resolve)
      })
      const copied = client.query(copyTo('COPY users TO STDOUT'))
      const lines: string[] = []
      for await (const chunk of copied) lines.push(String(chunk))
      expect(lines.join('')).toBe('1\tann\n2\tbob\n')
      const copying = client.query(copyFrom('COPY users FROM STDIN'))
      const done = new Promise((resolve, reject) => copying.on('finish', resolve).on('error', reject))
      copying.end('3\teve\n')
      await done
      await client.query('DELETE FROM users WHERE id = 3')
      const failing = client.query(new Cursor('SELECT * FROM nowhere'))
      await expect(failing.read(1)).rejects.toMatchObject({ code: '42P01' })
      client.release()
    })
    const [, , ...queries] = await then.spans()
    expect(queries.map(({ name, data }) => [name, data['db.response.returned_rows']])).toEqual([
      ['SELECT', 4],
      ['SELECT', 250],
      ['SELECT users', 2],
      ['COPY users', undefined],
      ['COPY users', undefined],
      ['DELETE users', 0],
      ['SELECT nowhere', undefined],
    ])
    expect(queries.at(-1)?.data['db.response.status_code']).toBe('42P01')
    expect(JSON.stringify(queries.map(({ data }) => data))).not.toContain(SECRET)
  })

  test('a connection belongs to no trace, so that what it tells later runs in none', async () => {
    const { tracer } = recorded()
    const pool = tracePg(tracer, makePool({ max: 1 }))
    const client = await tracer.trace('work', 'first', () => pool.connect())
    const told = new Promise((resolve) => client.on('notification', () => resolve(currentSpan())))
    await client.query('LISTEN news')
    await client.query('NOTIFY news')
    expect(await told).toBeUndefined()
    await new Promise<void>((resolve) =>
      client.query('SELECT 1', () => {
        expect(currentSpan()).toBeUndefined()
        resolve()
      }),
    )
    client.release()
  })

  test('outside a trace, and in one that is not sampled, nothing is recorded; callbacks are in the caller all the same', async () => {
    const { tracer, ...then } = recorded({ sample: () => false })
    const pool = tracePg(tracer, makePool())
    await pool.query('SELECT 1')
    await tracer.trace('work', 'outer', async (outer) => {
      await pool.query('SELECT 1')
      await new Promise<void>((resolve) =>
        pool.query('SELECT 1', () => {
          expect(currentSpan()).toBe(outer)
          resolve()
        }),
      )
    })
    expect(await then.tree()).toEqual([])
  })

  test('a connection that fails, and one that is waited for in vain, have a span that says so', async () => {
    const { tracer, ...then } = recorded()
    const nobody = tracePg(tracer, makePool({ port: 1 }))
    const small = tracePg(tracer, makePool({ max: 1 }))
    await tracer.trace('work', 'outer', async () => {
      await expect(nobody.query('SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
      const client = await small.connect()
      small.options.connectionTimeoutMillis = 50
      await expect(small.connect()).rejects.toThrow('timeout exceeded')
      client.release()
    })
    const [, refused, connected, waited] = await then.spans()
    expect(refused?.data).toMatchObject({ 'error.message': expect.stringContaining('ECONNREFUSED'), 'server.port': 1 })
    expect(refused?.data).not.toHaveProperty(['db.response.status_code'])
    expect([connected?.name, waited?.name]).toEqual(['connect to postgresql', 'wait for a connection of the pool'])
    expect(waited?.data['error.message']).toContain('timeout exceeded')
  })

  test('where a connection was to go is known of a connection string, too', async () => {
    const { tracer, ...then } = recorded()
    const to = (port: number): string => `postgres://postgres:${SECRET}@127.0.0.1:${port}/postgres`
    const bare = { host: undefined, port: undefined, user: undefined, password: undefined, database: undefined }
    const nobody = tracePg(tracer, makePool({ ...bare, connectionString: to(1) }))
    const small = tracePg(tracer, makePool({ ...bare, connectionString: to(server.port), max: 1 }))
    const client = tracePg(tracer, new pg.Client(to(1)))
    await tracer.trace('work', 'outer', async () => {
      await expect(nobody.query('SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
      await expect(client.connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
      const held = await small.connect()
      small.options.connectionTimeoutMillis = 50
      await expect(small.connect()).rejects.toThrow('timeout exceeded')
      held.release()
    })
    const [, ...all] = await then.spans()
    const places = all.map(({ data }) => [data['server.address'], data['server.port'], data['db.namespace']])
    expect(places).toEqual([1, 1, server.port, server.port].map((port) => ['127.0.0.1', port, 'postgres']))
    expect(JSON.stringify(all.map(({ data }) => data))).not.toContain(SECRET)
  })

  test.each([
    ['a password', () => ({})],
    ['a wrong database', () => ({ database: 'nowhere' })],
    ['a connection string', () => ({ connectionString: `postgres://ann:${SECRET}@127.0.0.1:${server.port}/nowhere` })],
    ['a connection string of nobody', () => ({ connectionString: `postgres://ann:${SECRET}@127.0.0.1:1/nowhere` })],
    ['a password by a function', () => ({ password: async () => SECRET, application_name: 'users' })],
  ])('%s is in no span', async (_what, options) => {
    const { tracer, ...then } = recorded()
    const pool = tracePg(tracer, makePool(options()))
    const query = { name: 'find', text: `SELECT $1::text, '${SECRET}', $$${SECRET}$$, E'\\'${SECRET}' /* ${SECRET} */` }
    await tracer.trace('work', 'outer', () => pool.query({ ...query, values: [SECRET] }).catch(() => {}))
    const spans = await then.spans()
    expect(spans.length).toBeGreaterThan(1)
    expect(JSON.stringify(spans.map(({ name, data }) => [name, data]))).not.toContain(SECRET)
  })

  test.each([
    [`SELECT '${SECRET}'::int`, 'invalid input syntax for type integer ?'],
    [`SELECT $$${SECRET}$$::date`, 'invalid input syntax for type date ?'],
    [`SELECT 1 '${SECRET}' '${SECRET}'`, 'syntax error at or near ?'],
    [`SELECT '{"${SECRET}'::json`, 'invalid input syntax for type json'],
    [`SELECT '99999999999999${SECRET}'::inet`, 'invalid input syntax for type inet ?'],
  ])('what an error repeats of %j is not in its span', async (query, message) => {
    const { tracer, ...then } = recorded()
    const pool = tracePg(tracer, makePool())
    let thrown: unknown
    await tracer.trace('work', 'outer', () =>
      pool.query(query).catch((error: unknown) => {
        thrown = error
      }),
    )
    expect(thrown).toBeInstanceOf(pg.DatabaseError)
    const failed = (await then.spans()).at(-1)
    expect([failed?.data['error.type'], failed?.data['error.message']]).toEqual(['error', message])
    expect(failed?.data['error.stack']).toContain(`${message}\n    at `)
    expect(JSON.stringify(failed?.data)).not.toContain(SECRET)
  })

  describe('beside a bare pool', () => {
    type Scenario = (pool: pg.Pool, say: (...what: unknown[]) => void) => Promise<void>
    /** Runs the same with a pool, and tells all that can be seen of it. */
    const observed = async (pool: pg.Pool, run: Scenario): Promise<unknown[]> => {
      const said: unknown[] = []
      const say = (...what: unknown[]): void => void said.push(what)
      for (const event of ['connect', 'acquire', 'release', 'error'] as const) pool.on(event, () => say(event))
      let open = 0
      pool.on('connect', () => open++)
      const removed = new Promise<void>((resolve) => pool.on('remove', () => --open === 0 && resolve()))
      const counts = (emitter: NodeJS.EventEmitter): unknown =>
        emitter.eventNames().map((name) => [String(name), emitter.listenerCount(name)])
      pool.on('connect', (client) =>
        say('client', client instanceof pg.Client, Object.keys(client).sort(), counts(client)),
      )
      await run(pool, say)
      say('pool', counts(pool), Object.keys(pool).sort(), pool.totalCount, pool.idleCount, pool.waitingCount)
      await pool.end()
      // When each connection has ended is up to the system, but they all do.
      await removed
      return said
    }
    const plain = (error: unknown): unknown =>
      error instanceof Error
        ? [
            error.name,
            error.message,
            error.constructor.name,
            Reflect.get(error, 'code'),
            /at .*pg\.test\.ts/.test(error.stack ?? ''),
          ]
        : error
    const settled = (promise: Promise<unknown>): Promise<unknown> => promise.then(plainResult, plain)
    const plainResult = (result: unknown): unknown =>
      result === undefined ? undefined : JSON.parse(JSON.stringify(result))

    const scenarios: Record<string, Scenario> = {
      'all forms of a query': async (pool, say) => {
        const client = await pool.connect()
        const config = { text: 'SELECT $1::int AS a', values: [1] }
        const array = { ...config, rowMode: 'array' as const }
        for (const target of [pool, client]) {
          const forms: unknown[][] = [
            ['SELECT 1 AS a'],
            ['SELECT $1::int AS a', [2]],
            [config],
            [array],
            [{ text: config.text }, [3]],
            [{ ...config, name: 'named' }],
            ['SELECT 1; SELECT 2'],
            [''],
          ]
          for (const form of forms) {
            say(await settled(Reflect.apply(target.query, target, form)))
            say(
              await new Promise((resolve) => {
                const returned: unknown = Reflect.apply(target.query, target, [
                  ...form,
                  (...got: unknown[]) => resolve(got.map(plainResult)),
                ])
                say(returned)
              }),
            )
          }
        }
        const withCallback = { text: 'SELECT 5 AS a', callback: (...got: unknown[]) => say('its own', got.length) }
        say(client.query(withCallback), withCallback.callback.name)
        await client.query('SELECT 1')
        say(client.query(withCallback))
        await client.query('SELECT 1')
        client.release()
        expect(() => client.release()).toThrow('already been released')
      },
      'all that can go wrong': async (pool, say) => {
        const client = await pool.connect()
        for (const target of [pool, client]) {
          for (const form of [
            ['SELEC'],
            ['SELECT $1::int', ['x']],
            [{}],
            ['SELECT 1', 5],
            ['SELECT $1', []],
            [{ name: 'n' }],
          ]) {
            say(await settled(Promise.resolve().then(() => Reflect.apply(target.query, target, form))))
          }
        }
        for (const form of [[null], [], ['SELECT 1', [], 'no function']]) {
          say(await settled(Promise.resolve().then(() => Reflect.apply(client.query, client, form))))
        }
        say(
          await new Promise((resolve) => Reflect.apply(pool.query, pool, [(error: unknown) => resolve(plain(error))])),
        )
        client.release(true)
        say(await settled(client.query('SELECT 1')))
      },
      'the order of callbacks and events': async (pool, say) => {
        const client = await pool.connect()
        client.on('drain', () => say('drain'))
        const all = [1, 2, 3].flatMap((n) => [
          client.query(`SELECT ${n} AS n`).then(() => say('promise', n)),
          new Promise<void>((resolve) =>
            client.query(`SELECT ${n}`, () => {
              say('callback', n)
              resolve()
            }),
          ),
        ])
        say('sent')
        await Promise.all(all)
        const query = client.query(new pg.Query('SELECT 1 AS n UNION SELECT 2'))
        say(query instanceof pg.Query, query.eventNames(), Object.keys(query).sort())
        query.on('row', (row) => say('row', row))
        query.on('error', (error) => say('error', error))
        await new Promise<void>((resolve) =>
          query.on('end', (result) => {
            say('end', result?.rowCount)
            resolve()
          }),
        )
        const cursor = client.query(new Cursor('SELECT generate_series(1, 3) AS n'))
        say(await cursor.read(2), await cursor.read(2), await cursor.read(2), cursor.eventNames())
        await cursor.close()
        const broken = client.query(new Cursor('SELECT 1/0'))
        say(await settled(broken.read(1)), broken.eventNames())
        const stream = client.query(new QueryStream('SELECT 1/(3 - generate_series(1, 3)) AS n'))
        say(await settled(stream.toArray()), Object.keys(stream).sort())
        client.release()
        say(await settled(Reflect.apply(pool.query, pool, [new pg.Query('SELECT 7 AS n')])))
      },
      'a connection that breaks': async (pool, say) => {
        const client = await pool.connect()
        const errors: unknown[] = []
        // Without stacks: who waits by then is up to the server.
        const named = ({ name, message }: Error): unknown => [name, message]
        // Whether the end of the connection also comes as a reset is up to the system.
        client.on('error', (error) => Reflect.get(error, 'code') !== 'ECONNRESET' && errors.push(named(error)))
        const ended = new Promise<void>((resolve) => client.once('end', resolve))
        const other = await pool.connect()
        const { rows } = await client.query('SELECT pg_backend_pid() AS pid')
        const running = client.query('SELECT pg_sleep(60)').catch(named)
        await other.query('SELECT pg_terminate_backend($1)', [rows[0].pid])
        const failed = await running
        await ended
        say(failed, errors)
        say(await client.query('SELECT 1').catch(named))
        client.release(new Error('broken'))
        other.release()
      },
      'a query that takes too long, and one that is canceled': async (pool, say) => {
        const client = await pool.connect()
        const slow = { text: 'SELECT pg_sleep(60)', query_timeout: 20 }
        say(await settled(client.query(slow)))
        client.release(true)
        const next = await pool.connect()
        await next.query("SET statement_timeout = '20ms'")
        say(await settled(next.query('SELECT pg_sleep(60)')))
        next.release(true)
        await sleep(0)
      },
    }

    test.each(Object.keys(scenarios))('%s: all is the same', async (name) => {
      const run = scenarios[name] ?? (async () => {})
      const bare = await observed(makePool(), run)
      const { tracer, warnings } = recorded()
      const traced = await tracer.trace('work', 'outer', () => observed(tracePg(tracer, makePool()), run))
      expect(traced).toEqual(bare)
      expect(warnings).toEqual([])
    })

    test('a promise that nobody handles is as unhandled', () => {
      const program = `
        import pg from 'pg'
        import { createTracer, memoryRecorder } from '@trace/core'
        import { tracePg } from '@trace/channels/pg'
        const tracer = createTracer({ recorder: memoryRecorder(), service: 'test' })
        const pool = tracePg(tracer, new pg.Pool())
        process.once('unhandledRejection', (error) => {
          console.log(error instanceof pg.DatabaseError)
          process.exit()
        })
        tracer.trace('work', 'outer', () => { pool.query('SELEC') })`
      const env = { ...process.env, PGHOST: '127.0.0.1', PGPORT: `${server.port}`, PGUSER: 'postgres' }
      const args = ['--input-type=module', '-e', program]
      expect(execFileSync(process.execPath, args, { env, encoding: 'utf8' })).toBe('true\n')
    })
  })
})

test('what is no pool or client is refused, a second time warned of, and a frozen one left as it is', async () => {
  const { tracer, warnings } = recorded()
  for (const wrong of [undefined, null, {}, 'postgres://', { query: 1 }]) {
    expect(() => Reflect.apply(tracePg, undefined, [tracer, wrong])).toThrow(
      /^tracePg: expected a Pool or a Client of pg, got /,
    )
  }
  const pool = new pg.Pool()
  expect(tracePg(tracer, pool)).toBe(pool)
  const { connect } = pool
  expect(tracePg(tracer, pool).connect).toBe(connect)
  tracePg(tracer, Object.freeze(new pg.Client()))
  expect(warnings).toEqual([
    expect.stringContaining('traced already: call tracePg once'),
    expect.stringContaining('"query" of a pool or client of pg cannot be traced'),
  ])
})
