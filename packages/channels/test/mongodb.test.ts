import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { currentSpan } from '@trace/core'
import { MongoClient, type MongoClientOptions, ObjectId } from 'mongodb'
import { traceMongo } from '../src/mongodb.js'
import { type MongoServer, startMongo } from './support/mongo-server.js'
import { programs, run } from './support/programs.js'
import { type Recorded, recorded } from './support/recorded.js'

const SECRET = 'hunter2'
interface User {
  _id: string
  name?: string
}

let server: MongoServer
let clients: MongoClient[] = []
beforeAll(async () => {
  server = await startMongo()
})
afterEach(async () => {
  await Promise.all(clients.map((client) => client.close()))
  clients = []
})
afterAll(() => server.stop())

function traced(recording: Recorded, options: MongoClientOptions = {}): MongoClient {
  const client = new MongoClient(`mongodb://127.0.0.1:${server.port}/`, { monitorCommands: true, ...options })
  clients.push(client)
  traceMongo(recording.tracer, client)
  return client
}

/** A collection of a name of its own, with as many documents. */
async function filled(client: MongoClient, count: number, name: string = `c${new ObjectId()}`) {
  const collection = client.db('app').collection<User>(name)
  if (count > 0)
    await collection.insertMany(Array.from({ length: count }, (_, at) => ({ _id: `${at}`, name: `n${at}` })))
  return collection
}

test('commands have spans, with their shape and where they went, and failed ones the code', async () => {
  const recording = recorded()
  const client = traced(recording)
  await recording.tracer.trace('work', 'outer', async (outer) => {
    const users = client.db('app').collection<User>('users')
    await users.insertMany([{ _id: 'ann' }, { _id: 'bob' }])
    expect(await users.findOne({ _id: 'ann', name: { $ne: SECRET } })).toEqual({ _id: 'ann' })
    await users.updateOne({ _id: 'ann' }, { $set: { name: SECRET } })
    await users.deleteMany({ $or: [{ _id: 'ann' }, { name: SECRET }] })
    await expect(users.insertOne({ _id: 'ann' })).rejects.toThrow('E11000')
    await expect(client.db('app').command({ refuse: SECRET })).rejects.toThrow('unknown operator')
    expect(currentSpan()).toBe(outer)
  })
  expect(await recording.tree()).toEqual([
    'work outer',
    ...[
      '  db insert users',
      '  db find users',
      '  db update users',
      '  db delete users',
      '  db insert users',
      '  db refuse',
    ],
  ])
  const spans = await recording.spans()
  const where = {
    ...{ 'db.system.name': 'mongodb', 'db.namespace': 'app', 'db.collection.name': 'users' },
    ...{ 'server.address': '127.0.0.1', 'server.port': server.port },
  }
  const [insert, find, update, del, twice, refused] = spans.slice(1).map(({ data }) => ({ ...data }))
  expect(insert).toEqual({
    ...where,
    'db.operation.name': 'insert',
    'db.operation.batch.size': 2,
    'db.query.text': '{"insert":"users"}',
  })
  expect(find).toEqual({
    ...where,
    'db.operation.name': 'find',
    'db.query.text': '{"find":"users","filter":{"_id":"?","name":{"$ne":"?"}}}',
    'db.response.returned_rows': 1,
  })
  expect(update?.['db.query.text']).toBe('{"update":"users","updates":[{"q":{"_id":"?"},"u":{"$set":{"name":"?"}}}]}')
  expect(del?.['db.query.text']).toBe(
    '{"delete":"users","deletes":[{"q":{"$or":[{"_id":"?"},{"name":"?"}]},"limit":"?"}]}',
  )
  expect(twice).toMatchObject({
    'db.response.status_code': '11000',
    'error.type': 'MongoServerError',
    'error.message': 'E11000 duplicate key error collection: app.users index: _id_ dup key: ?',
  })
  expect(refused).toMatchObject({
    'db.response.status_code': '2',
    'error.message': 'unknown operator: ?',
    'error.stack': expect.any(String),
  })
})

test('each command is below whoever sent it: through a pool of one connection, cursors, streams and batches', async () => {
  const recording = recorded()
  const { tracer } = recording
  const client = traced(recording, { maxPoolSize: 1 })
  const users = await filled(client, 7)
  const name = users.collectionName
  const work = async (at: number): Promise<void> => {
    await tracer.trace('work', `w${at}`, async (own) => {
      await users.findOne({ _id: `${at}` })
      const cursor = users.find({}, { batchSize: 3 })
      if (at % 2 === 0) for await (const _ of cursor) expect(currentSpan()).toBe(own)
      else expect(await cursor.stream().toArray()).toHaveLength(7)
    })
  }
  await Promise.all(Array.from({ length: 6 }, (_, at) => work(at)))
  const spans = await recording.spans()
  for (let at = 0; at < 6; at++) {
    const own = spans.find((span) => span.name === `w${at}`)
    const below = spans.filter(({ parentId }) => parentId === own?.spanId)
    expect(below.map((span) => [span.name, span.data['db.response.returned_rows']])).toEqual([
      ...[
        [`find ${name}`, 1],
        [`find ${name}`, 3],
      ],
      ...[
        [`getMore ${name}`, 3],
        [`getMore ${name}`, 1],
      ],
    ])
  }
  // Outside a trace, as the filling was, nothing is recorded.
  expect(spans).toHaveLength(6 * 5)
})

test('an answer ends its own span, however many commands came and went since it was asked for', async () => {
  const recording = recorded()
  const db = traced(recording).db('app')
  await recording.tracer.trace('work', 'outer', async () => {
    const waiting = db.command({ wait: 1 })
    for (let count = 0; count < 600; count++) await db.command({ ping: 1 })
    await db.command({ release: 1 })
    await waiting
  })
  const spans = await recording.spans()
  const lastPing = spans.findLast(({ name }) => name === 'ping')
  expect(spans.filter(({ name }) => name === 'ping')).toHaveLength(600)
  expect(spans.find(({ name }) => name === 'wait')?.finish).toBeGreaterThan(lastPing?.start ?? 0n)
  expect(recording.tracer.stats().open).toBe(0)
})

test('transactions, sessions, unacknowledged writes and bulk writes', async () => {
  const recording = recorded()
  const client = traced(recording)
  const users = await filled(client, 0, 'orders')
  await recording.tracer.trace('work', 'outer', async () => {
    await client.withSession((session) =>
      session.withTransaction(async () => {
        await users.insertOne({ _id: 'in' }, { session })
        await users.findOne({ _id: 'in' }, { session })
      }),
    )
    await users.bulkWrite([{ insertOne: { document: { _id: 'b' } } }, { deleteOne: { filter: { _id: 'b' } } }])
    await users.insertOne({ _id: 'w0' }, { writeConcern: { w: 0 } })
    await users.aggregate([{ $match: { name: SECRET } }, { $group: { _id: '$name', n: { $sum: 1 } } }]).toArray()
    await client.db('app').command({ ping: 1 })
  })
  expect((await recording.tree()).filter((line) => !line.includes('endSessions'))).toEqual([
    ...['work outer', '  db insert orders', '  db find orders', '  db commitTransaction'],
    ...['  db insert orders', '  db delete orders', '  db insert orders', '  db aggregate orders', '  db ping'],
  ])
  const texts = (await recording.spans()).map(({ data }) => data['db.query.text'])
  expect(texts).toContain(
    '{"aggregate":"orders","pipeline":[{"$match":{"name":"?"}},{"$group":{"_id":"?","n":{"$sum":"?"}}}]}',
  )
  expect(recording.tracer.stats().open).toBe(0)
})

test('a connection that breaks fails the span, and nothing stays open', async () => {
  const recording = recorded()
  const client = traced(recording, { retryReads: false, retryWrites: false })
  await recording.tracer.trace('work', 'outer', () =>
    expect(client.db('app').command({ disconnect: 1 })).rejects.toThrow('closed'),
  )
  const [, broken] = await recording.spans()
  expect(broken?.data).toMatchObject({ 'error.type': 'MongoNetworkError', 'error.message': expect.any(String) })
  expect(recording.tracer.stats().open).toBe(0)
})

test('a command that cannot be read is sent as without a trace, and its span has no text', async () => {
  const recording = recorded()
  const users = await filled(traced(recording), 2)
  let reads = 0
  const operators = {
    get $ne() {
      if (reads++ === 0) throw new Error('not yet')
      return 'n0'
    },
  }
  const found = await recording.tracer.trace('work', 'outer', () => users.findOne({ _id: '1', name: operators }))
  expect(found).toMatchObject({ _id: '1' })
  const [, find] = await recording.spans()
  expect(find).toMatchObject({ name: 'find', data: { 'db.operation.name': 'find', 'db.response.returned_rows': 1 } })
  expect(find?.data).not.toHaveProperty('db.query.text')
  expect(recording.warnings).toEqual([expect.stringContaining('not yet')])
})

test('what is stopped, not sampled, not monitored, or traced twice', async () => {
  const unsampled = recorded({ sample: () => false })
  const one = traced(unsampled)
  await unsampled.tracer.trace('work', 'outer', () => one.db('app').command({ ping: 1 }))
  expect(await unsampled.spans()).toEqual([])

  const recording = recorded()
  const client = new MongoClient(`mongodb://127.0.0.1:${server.port}/`)
  clients.push(client)
  const stop = traceMongo(recording.tracer, client)
  traceMongo(recording.tracer, client)
  expect(recording.warnings).toEqual([
    expect.stringContaining('give MongoClient the option monitorCommands: true'),
    expect.stringContaining('traced already'),
  ])
  stop()
  expect(client.listenerCount('commandStarted')).toBe(0)
})

test.each(programs.filter((each) => each.server === 'mongodb'))('the program of the README runs', async (program) => {
  expect(await run(program, { MONGODB_URL: `mongodb://127.0.0.1:${server.port}` })).toBe(program.prints)
})

test('no secret is in a span: values of all kinds, passwords, connection strings, messages', async () => {
  const recording = recorded()
  const { tracer } = recording
  const client = traced(recording)
  const users = client.db('app').collection('users')
  const nested = { a: { b: [{ c: SECRET }, { d: [SECRET] }] } }
  const locked = new MongoClient(
    `mongodb://bob:${SECRET}@127.0.0.1:${server.port}/?authMechanism=PLAIN&authSource=$external`,
    {
      monitorCommands: true,
    },
  )
  clients.push(locked)
  traceMongo(tracer, locked)
  await tracer.trace('work', 'outer', async () => {
    const calls: (() => Promise<unknown>)[] = [
      () => users.findOne({ password: SECRET }),
      () =>
        users.findOne({ tokens: { $in: [SECRET, SECRET] }, at: new Date(), key: Buffer.from(SECRET), re: /hunter2/ }),
      () => users.findOne({ $where: `this.password === '${SECRET}'`, $comment: SECRET }),
      () => users.find(nested, { sort: { a: 1 }, comment: SECRET, hint: SECRET, let: { x: SECRET } }).toArray(),
      () => users.insertOne({ card: SECRET, ...nested }),
      () => users.insertMany([{ _id: `${SECRET}` as never }, { _id: `${SECRET}` as never }]),
      () => users.updateMany({ token: SECRET }, { $set: { token: SECRET }, $max: { list: [SECRET] } }),
      () => users.replaceOne({ token: SECRET }, { token: SECRET }),
      () => users.findOneAndUpdate({ token: SECRET }, [{ $set: { token: SECRET } }], { arrayFilters: [{ x: SECRET }] }),
      () => users.distinct('token', { token: SECRET }),
      () => users.countDocuments({ token: SECRET }),
      () => users.aggregate([{ $match: { token: SECRET } }, { $addFields: { x: { $literal: SECRET } } }]).toArray(),
      () => users.createIndex({ token: 1 }, { partialFilterExpression: { token: SECRET } }),
      () => client.db('app').command({ createUser: SECRET, pwd: SECRET, roles: [] }),
      () => client.db('app').command({ refuse: SECRET }),
      () => client.db('admin').command({ setParameter: 1, key: SECRET }),
      () => locked.db('app').command({ ping: 1 }),
    ]
    for (const call of calls) await call().catch(() => undefined)
  })
  const spans = await recording.spans()
  expect(spans.length).toBeGreaterThanOrEqual(17)
  expect(JSON.stringify(spans.map(({ name, data }) => [name, data]))).not.toContain(SECRET)
})
