import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { PrismaPg } from '@prisma/adapter-pg'
import { currentSpan } from '@trace/core'
import pg from 'pg'
import { tracePg } from '../src/pg.js'
import { type PrismaExtension, tracePrisma } from '../src/prisma.js'
import { type Recorded, recorded } from './support/recorded.js'
import { hasPostgresql, type Server, startPostgresql } from './support/servers.js'

const onServer = hasPostgresql() ? describe : describe.skip

const SECRET = 'hunter2'

/** As much of a generated client as is used here. */
interface Client {
  readonly user: Readonly<
    Record<'findMany' | 'findUnique' | 'create' | 'count' | 'deleteMany', (args?: object) => Promise<unknown>>
  >
  $extends(extension: PrismaExtension): Client
  $queryRaw(template: TemplateStringsArray, ...values: unknown[]): Promise<unknown>
  $queryRawUnsafe(query: string, ...values: unknown[]): Promise<unknown>
  $executeRaw(template: TemplateStringsArray, ...values: unknown[]): Promise<number>
  $transaction<T>(work: Promise<T>[]): Promise<T[]>
  $transaction<T>(work: (inner: Client) => Promise<T>): Promise<T>
  $disconnect(): Promise<void>
}
const { PrismaClient }: { PrismaClient: new (options: object) => Client } = await import(
  String('./support/prisma-client.js')
)

onServer('Prisma, on PostgreSQL', () => {
  let server: Server
  let pool: pg.Pool
  let bare: Client
  beforeAll(async () => {
    server = await startPostgresql()
    pool = new pg.Pool({ host: '127.0.0.1', port: server.port, user: 'postgres', password: SECRET })
    await pool.query(
      "CREATE TABLE users (id int PRIMARY KEY, name text); INSERT INTO users VALUES (1, 'ann'), (2, 'bob')",
    )
    bare = new PrismaClient({ adapter: new PrismaPg(pool) })
  })
  afterAll(async () => {
    await bare.$disconnect()
    await pool.end()
    await server.stop()
  })

  const traced = (): Recorded & { prisma: Client } => {
    const all = recorded()
    return { ...all, prisma: bare.$extends(tracePrisma(all.tracer, { 'db.system.name': 'postgresql' })) }
  }

  test('an operation has a span, without what it is given', async () => {
    const { tracer, prisma, ...then } = traced()
    await tracer.trace('work', 'outer', async (outer) => {
      expect(await prisma.user.findMany({ where: { name: SECRET } })).toEqual([])
      expect(currentSpan()).toBe(outer)
      expect(await prisma.$queryRaw`SELECT name FROM users WHERE id = ${1} AND name <> 'hunter2'`).toEqual([
        { name: 'ann' },
      ])
      await prisma.$queryRawUnsafe(`SELECT '${SECRET}' FROM users WHERE name = $1`, SECRET)
      await prisma.$executeRaw`DELETE FROM users WHERE name = ${SECRET}`
    })
    const [, ...operations] = await then.spans()
    expect(operations.map(({ name, data }) => ({ name, ...data }))).toEqual([
      {
        name: 'findMany User',
        'db.system.name': 'postgresql',
        'db.operation.name': 'findMany',
        'db.collection.name': 'User',
      },
      {
        name: '$queryRaw',
        'db.system.name': 'postgresql',
        'db.operation.name': '$queryRaw',
        'db.query.text': expect.stringMatching(/^SELECT name FROM users WHERE id = (?:\$1|\?) AND name <> \?$/),
      },
      {
        name: '$queryRawUnsafe',
        'db.system.name': 'postgresql',
        'db.operation.name': '$queryRawUnsafe',
        'db.query.text': 'SELECT ? FROM users WHERE name = $1',
      },
      {
        name: '$executeRaw',
        'db.system.name': 'postgresql',
        'db.operation.name': '$executeRaw',
        'db.query.text': expect.stringMatching(/^DELETE FROM users WHERE name = (?:\$1|\?)$/),
      },
    ])
  })

  test('operations of transactions, of both kinds, and at the same time are below whoever made them; with a traced pool, queries below', async () => {
    const { tracer, ...then } = recorded()
    const own = tracePg(tracer, new pg.Pool({ host: '127.0.0.1', port: server.port, user: 'postgres', max: 2 }))
    const client = new PrismaClient({ adapter: new PrismaPg(own) })
    const prisma = client.$extends(tracePrisma(tracer))
    const work = (at: number): Promise<void> =>
      tracer.trace('work', `w${at}`, async () => {
        await prisma.user.findMany({ where: { id: at } })
        expect(await prisma.$transaction([prisma.user.count(), prisma.user.count()])).toEqual([2, 2])
        await prisma.$transaction(async (inner) => {
          await inner.user.count()
        })
      })
    await Promise.all([1, 2, 3].map(work))
    await client.$disconnect()
    await own.end()
    const spans = await then.spans()
    for (const at of [1, 2, 3]) {
      const root = spans.find(({ name }) => name === `w${at}`)
      const all = spans.filter(({ traceId }) => traceId === root?.traceId)
      const operations = all.filter(
        ({ parentId, data }) => parentId === root?.spanId && data['db.collection.name'] === 'User',
      )
      expect(operations.map(({ name }) => name)).toEqual(['findMany User', 'count User', 'count User', 'count User'])
      // Prisma does a list of operations in one go, in the span of the first.
      const below = operations.map(
        ({ spanId }) => all.filter(({ name, parentId }) => parentId === spanId && name.startsWith('SELECT')).length,
      )
      expect(below).toEqual([1, 2, 0, 1])
    }
  })

  test('failed operations say so, with the code, but not with what they were given', async () => {
    const { tracer, prisma, ...then } = traced()
    const failing = [
      () => prisma.user.create({ data: { id: 1, name: SECRET } }),
      () => prisma.user.create({ data: { id: SECRET, name: SECRET } }),
      () => prisma.user.findMany({ where: { [SECRET]: 1 } }),
      () => prisma.$queryRawUnsafe(`SELECT '${SECRET}'::int`),
      () => prisma.$queryRawUnsafe('SELECT $1::int', SECRET),
    ]
    await tracer.trace('work', 'outer', async () => {
      for (const fail of failing) {
        const error: unknown = await fail().catch((thrown: unknown) => thrown)
        expect(error).toBeInstanceOf(Error)
        const plain = async (): Promise<unknown> => {
          throw error
        }
        await expect(plain()).rejects.toBe(error)
      }
    })
    const [, ...failed] = await then.spans()
    expect(failed.map(({ data }) => data['db.response.status_code'])).toEqual([
      'P2002',
      undefined,
      undefined,
      'P2010',
      'P2010',
    ])
    for (const { data } of failed) {
      expect(String(data['error.type'])).toMatch(/^PrismaClient/)
      expect(data['error.message']).not.toBe('')
    }
    expect(failed[0]?.data['error.message']).toMatch(/^Unique constraint failed/)
    expect(JSON.stringify(failed.map(({ data }) => data))).not.toContain(SECRET)
  })

  test('a server that cannot be reached is named: an apostrophe in a word is no quote', async () => {
    const { tracer, ...then } = recorded()
    const connectionString = `postgres://postgres:${SECRET}@127.0.0.1:1/nowhere`
    const nobody = new PrismaClient({ adapter: new PrismaPg({ connectionString }) }).$extends(tracePrisma(tracer))
    await tracer.trace('work', 'outer', () => expect(nobody.user.count()).rejects.toThrow('reach'))
    await nobody.$disconnect()
    const failed = (await then.spans()).at(-1)
    expect(failed?.data['error.message']).toBe("Can't reach database server at 127.0.0.1:1")
    expect(JSON.stringify(failed?.data)).not.toContain(SECRET)
  })

  test('where the database is not said, what may be a text in any is masked', async () => {
    const { tracer, ...then } = recorded()
    const prisma = bare.$extends(tracePrisma(tracer))
    await tracer.trace('work', 'outer', () => prisma.$queryRawUnsafe(`SELECT 1 AS "${SECRET}"`))
    const [, query] = await then.spans()
    expect(query?.data['db.query.text']).toBe('SELECT ? AS ?')
  })

  test('results are the same, and outside a trace nothing is recorded', async () => {
    const { prisma, ...then } = traced()
    for (const client of [bare, prisma]) {
      expect(await client.user.findUnique({ where: { id: 1 } })).toEqual({ id: 1, name: 'ann' })
      expect(await client.$transaction([client.user.count(), client.user.count()])).toEqual([2, 2])
      await expect(client.$transaction(() => Promise.reject(new RangeError('mine')))).rejects.toThrow(RangeError)
    }
    expect(await then.tree()).toEqual([])
  })
})
