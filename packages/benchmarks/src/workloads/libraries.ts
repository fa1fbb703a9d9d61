import { createRequire } from 'node:module'
import { traceChannels } from '@trace/channels'
import { traceKysely } from '@trace/channels/kysely'
import { traceMongo } from '@trace/channels/mongodb'
import { tracePg } from '@trace/channels/pg'
import { tracePostgres } from '@trace/channels/postgres'
import type { Tracer } from '@trace/core'
import {
  AnsweringStream,
  connectingStream,
  listen,
  MYSQL_GREETING,
  mongoAnswers,
  mysqlAnswers,
  postgresAnswers,
  redisAnswers,
} from './answering.js'
import { clients } from './clients.js'
import type { Ask, Library } from './library.js'

/** Loads modules as CommonJS, and only now: OpenTelemetry instruments these without a loader. */
const requireHere = createRequire(import.meta.url)

const TEXT = 'SELECT id, name FROM users WHERE id ='

async function openPg(_folder: string, tracer?: Tracer): Promise<Ask> {
  const pg: typeof import('pg') = requireHere('pg')
  const settings = { host: 'db', database: 'shop', user: 'shop', ssl: false, stream: connectingStream }
  const client: import('pg').Client = Reflect.construct(pg.Client, [settings])
  await client.connect()
  if (tracer !== undefined) tracePg(tracer, client)
  return (id) => client.query(`${TEXT} $1`, [id])
}

async function openPostgres(_folder: string, tracer?: Tracer): Promise<Ask> {
  const { default: postgres } = await import('postgres')
  const socket = (): AnsweringStream => new AnsweringStream(postgresAnswers())
  const sql = postgres({ host: 'db', database: 'shop', username: 'shop', max: 1, fetch_types: false, ...{ socket } })
  const traced = tracer === undefined ? sql : tracePostgres(tracer, sql)
  return async (id) => traced`SELECT id, name FROM users WHERE id = ${id}`
}

async function openKysely(_folder: string, tracer?: Tracer): Promise<Ask> {
  const { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } = await import('kysely')
  const dialect = {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db: import('kysely').Kysely<unknown>) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  }
  if (tracer !== undefined) traceKysely(tracer, dialect)
  const db = new Kysely<{ users: { id: number; name: string } }>({ dialect })
  return (id) => db.selectFrom('users').select(['id', 'name']).where('id', '=', id).execute()
}

async function openMysql2(_folder: string, tracer?: Tracer): Promise<Ask> {
  const mysql: typeof import('mysql2') = requireHere('mysql2')
  if (tracer !== undefined) traceChannels(tracer)
  const connection = mysql.createConnection({
    ...{ host: 'db', database: 'shop', user: 'shop' },
    stream: () => new AnsweringStream(mysqlAnswers, MYSQL_GREETING),
  })
  return (id) =>
    new Promise((resolve, reject) => {
      connection.query(`${TEXT} ?`, [id], (error, rows) => (error === null ? resolve(rows) : reject(error)))
    })
}

async function openIoredis(_folder: string, tracer?: Tracer): Promise<Ask> {
  const { Redis }: typeof import('ioredis') = requireHere('ioredis')
  if (tracer !== undefined) traceChannels(tracer)
  class Connector {
    async connect(): Promise<AnsweringStream> {
      return new AnsweringStream(redisAnswers)
    }
    check(): boolean {
      return true
    }
    disconnect(): void {}
  }
  const settings = { host: 'cache', enableReadyCheck: false, disableClientInfo: true, Connector }
  const client: import('ioredis').Redis = Reflect.construct(Redis, [settings])
  await new Promise((resolve) => client.once('ready', resolve))
  return (id) => client.get(`user:${id}`)
}

async function openRedis(_folder: string, tracer?: Tracer): Promise<Ask> {
  const { createClient }: typeof import('redis') = requireHere('redis')
  if (tracer !== undefined) traceChannels(tracer)
  const port = await listen(() => redisAnswers)
  const client = createClient({ RESP: 2, disableClientInfo: true, socket: { host: '127.0.0.1', port } })
  client.on('error', (error) => console.error(error))
  await client.connect()
  return (id) => client.get(`user:${id}`)
}

/** @param isMonitored whether the driver tells of its commands, as our spans need it */
async function connectMongo(isMonitored: boolean): Promise<import('mongodb').MongoClient> {
  const { BSON, MongoClient }: typeof import('mongodb') = requireHere('mongodb')
  const hello = {
    ...{ ok: 1, helloOk: true, ismaster: true, isWritablePrimary: true, minWireVersion: 0, maxWireVersion: 21 },
    ...{ maxBsonObjectSize: 16_777_216, maxMessageSizeBytes: 48_000_000, maxWriteBatchSize: 100_000 },
  }
  const nothing = { ok: 1, cursor: { id: BSON.Long.ZERO, ns: 'shop.users', firstBatch: [] } }
  const port = await listen(() => mongoAnswers(BSON.serialize(hello), BSON.serialize(nothing)))
  // By default the first one comes after 10 s, and has V8 compile much of the driver anew while it is measured.
  const heartbeatFrequencyMS = 500
  const options = { maxPoolSize: 10, monitorCommands: isMonitored, heartbeatFrequencyMS }
  return new MongoClient(`mongodb://127.0.0.1:${port}/`, options).connect()
}

async function openMongo(_folder: string, tracer?: Tracer): Promise<Ask> {
  const client = await connectMongo(tracer !== undefined)
  if (tracer !== undefined) traceMongo(tracer, client)
  const users = client.db('shop').collection('users')
  return (id) => users.findOne({ id })
}

export const libraries: Readonly<Record<string, Library>> = {
  pg: {
    atOnce: 1,
    open: openPg,
    instrument: async () => new (await import('@opentelemetry/instrumentation-pg')).PgInstrumentation(),
  },
  postgres: { atOnce: 20, open: openPostgres },
  kysely: { atOnce: 1, open: openKysely },
  mysql2: {
    atOnce: 1,
    open: openMysql2,
    instrument: async () => new (await import('@opentelemetry/instrumentation-mysql2')).MySQL2Instrumentation(),
  },
  ioredis: {
    atOnce: 1,
    open: openIoredis,
    instrument: async () => new (await import('@opentelemetry/instrumentation-ioredis')).IORedisInstrumentation(),
  },
  redis: {
    atOnce: 100,
    open: openRedis,
    instrument: async () => new (await import('@opentelemetry/instrumentation-redis')).RedisInstrumentation(),
  },
  mongodb: {
    atOnce: 10,
    open: openMongo,
    instrument: async () => new (await import('@opentelemetry/instrumentation-mongodb')).MongoDBInstrumentation(),
  },
  ...clients,
}
