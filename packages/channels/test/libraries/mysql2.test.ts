import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { currentSpan } from '@trace/core'
import mysql from 'mysql2'
import { traceChannels } from '../../src/index.js'
import { recorded } from '../support/recorded.js'
import { isInstalled, type Server, startServer } from '../support/servers.js'

const onServer = isInstalled('mariadbd') ? describe : describe.skip

onServer('mysql2, on MariaDB', () => {
  let server: Server
  let pool: mysql.Pool
  let stop = (): void => {}
  beforeAll(async () => {
    server = await startServer('mariadbd')
    const root = mysql.createConnection({ host: '127.0.0.1', port: server.port, user: 'root' }).promise()
    await root.query('CREATE DATABASE shop')
    await root.query('CREATE TABLE shop.users (id INT, name VARCHAR(20))')
    await root.query("INSERT INTO shop.users VALUES (1, 'ann'), (2, 'bob')")
    await root.end()
    const login = { user: 'root', password: 'hunter2', database: 'shop' }
    pool = mysql.createPool({ host: '127.0.0.1', port: server.port, ...login, connectionLimit: 2 })
  })
  afterAll(async () => {
    await pool.promise().end()
    await server.stop()
  })
  afterEach(() => stop())

  test('a query has a span, with its text but no literal, and where it went', async () => {
    const { tracer, ...then } = recorded()
    stop = traceChannels(tracer)
    const rows = await tracer.trace('work', 'outer', async () => {
      const [found] = await pool.promise().query('SELECT name FROM users WHERE id = ? AND name <> "secret"', [1])
      return found
    })
    expect(rows).toEqual([{ name: 'ann' }])
    const query = (await then.spans()).find(({ name }) => name === 'SELECT users')
    expect(query).toMatchObject({ kind: 'db' })
    expect({ ...query?.data }).toEqual({
      'db.system.name': 'mysql',
      'db.namespace': 'shop',
      'server.address': '127.0.0.1',
      'server.port': server.port,
      'db.operation.name': 'SELECT',
      'db.query.text': 'SELECT name FROM users WHERE id = ? AND name <> ?',
      'db.response.returned_rows': 1,
    })
    const all = (await then.spans()).map(({ data }) => JSON.stringify(data)).join()
    for (const secret of ['secret', 'hunter2', 'ann']) expect(all).not.toContain(secret)
  })

  test('each query is below whoever made it, although they share connections and wait for them', async () => {
    const { tracer, ...then } = recorded()
    stop = traceChannels(tracer)
    const work = async (at: number): Promise<void> => {
      await tracer.trace('work', `w${at}`, async (own) => {
        await pool.promise().execute('SELECT * FROM users WHERE id = ?', [at])
        expect(currentSpan()).toBe(own)
        await new Promise<void>((resolve, reject) => {
          pool.query('SELECT * FROM users', (error) => {
            expect(currentSpan()).toBe(own)
            if (error === null) resolve()
            else reject(error)
          })
        })
      })
    }
    await Promise.all(Array.from({ length: 8 }, (_, at) => work(at)))
    const spans = await then.spans()
    for (let at = 0; at < 8; at++) {
      const own = spans.find(({ name }) => name === `w${at}`)
      const below = spans.filter(({ traceId }) => traceId === own?.traceId)
      const queries = below.filter(({ name }) => name === 'SELECT users')
      expect(queries.map(({ parentId }) => parentId)).toEqual([own?.spanId, own?.spanId])
    }
  })

  test('queries of a transaction, a stream and one that fails have theirs, with the error', async () => {
    const { tracer, ...then } = recorded()
    stop = traceChannels(tracer)
    await tracer.trace('work', 'outer', async () => {
      const connection = await pool.promise().getConnection()
      await connection.beginTransaction()
      await connection.query("UPDATE users SET name = 'eve' WHERE id = 2")
      await connection.rollback()
      await expect(connection.query('SELECT * FROM nowhere')).rejects.toMatchObject({ code: 'ER_NO_SUCH_TABLE' })
      const callbacks = await new Promise<mysql.PoolConnection>((resolve, reject) => {
        pool.getConnection((error, found) => (error === null ? resolve(found) : reject(error)))
      })
      const streamed: unknown[] = []
      for await (const row of callbacks.query('SELECT id FROM users').stream()) streamed.push(row)
      expect(streamed).toEqual([{ id: 1 }, { id: 2 }])
      connection.release()
      callbacks.release()
    })
    const all = (await then.spans()).filter(({ name }) => /^[A-Z]+\b/.test(name))
    expect(all.map(({ name }) => name)).toEqual([
      ...['START', 'UPDATE users', 'ROLLBACK', 'SELECT nowhere', 'SELECT users'],
    ])
    const [root] = await then.spans()
    for (const span of all) expect(span.parentId).toBe(root?.spanId)
    expect(all[3]?.data).toMatchObject({
      'error.message': expect.stringContaining('nowhere'),
      'db.response.status_code': 'ER_NO_SUCH_TABLE',
    })
  })

  test.each([
    ["INSERT INTO users VALUES ('secret', 'x')", 'Incorrect integer value: ?'],
    ["SELECT * FROM users 'secret' 'secret'", /^You have an error in your SQL syntax; .* to use near \?$/],
    ["INSERT INTO names VALUES ('secret'), ('secret')", 'Duplicate entry ?'],
    ["SELECT DATE_ADD('x', INTERVAL 1 nonsense) -- secret", /near \?$/],
  ])('what an error repeats of %j is not in its span', async (query, message) => {
    const { tracer, ...then } = recorded()
    stop = traceChannels(tracer)
    await pool.promise().query('CREATE TABLE IF NOT EXISTS names (name VARCHAR(20) PRIMARY KEY)')
    await tracer.trace('work', 'outer', () => expect(pool.promise().query(query)).rejects.toThrow())
    const failed = (await then.spans()).find(({ data }) => data['error.type'] !== undefined)
    expect(failed?.data['error.message']).toEqual(
      typeof message === 'string' ? message : expect.stringMatching(message),
    )
    expect(JSON.stringify(failed?.data)).not.toContain('secret')
  })

  test('outside a trace, and when it has ended, nothing is recorded', async () => {
    const { tracer, ...then } = recorded()
    stop = traceChannels(tracer)
    await pool.promise().query('SELECT 1')
    stop()
    await tracer.trace('work', 'outer', () => pool.promise().query('SELECT 1'))
    expect(await then.tree()).toEqual(['work outer'])
  })
})
