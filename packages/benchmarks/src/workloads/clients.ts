import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { traceChannels } from '@trace/channels'
import { bullmqTelemetry } from '@trace/channels/bullmq'
import { type PrismaExtension, tracePrisma } from '@trace/channels/prisma'
import type { Tracer } from '@trace/core'
import type { Job, Telemetry } from 'bullmq'
import { connectingStream } from './answering.js'
import type { Ask, Library } from './library.js'

// Libraries that use another one's driver.

/** Loads modules as CommonJS, as the drivers are. */
const requireHere = createRequire(import.meta.url)

/** A Redis of this process's own, which ends with it: BullMQ's scripts need a real one. */
function startRedis(folder: string): string {
  const path = join(folder, `redis-${process.pid}.sock`)
  const options = ['--port', '0', '--unixsocket', path, '--dir', folder, '--save', '', '--appendonly', 'no']
  const server = spawn('redis-server', options, { stdio: 'ignore' })
  process.once('exit', () => server.kill('SIGKILL'))
  return path
}

/** What `instrument` of BullMQ makes, for `open`. */
let telemetry: Telemetry<object> | undefined

async function openBullmq(folder: string, tracer?: Tracer): Promise<Ask> {
  const { Queue, Worker } = await import('bullmq')
  const traced = tracer === undefined ? telemetry : bullmqTelemetry(tracer)
  const options = {
    connection: { path: startRedis(folder), maxRetriesPerRequest: null },
    ...(traced === undefined ? {} : { telemetry: traced }),
  }
  const queue = new Queue('benchmark', { ...options, defaultJobOptions: { removeOnComplete: true } })
  const done = new Map<string | undefined, (job: Job) => void>()
  const worker = new Worker('benchmark', async () => undefined, { ...options, concurrency: 10 })
  // Until Redis has started, their connections fail, and try again.
  queue.on('error', () => {})
  worker.on('error', () => {})
  worker.on('completed', (job) => done.get(job.name)?.(job))
  await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()])
  return (id) =>
    new Promise((resolve, reject) => {
      done.set(`job ${id}`, resolve)
      queue.add(`job ${id}`, { id }).catch(reject)
    })
}

/** For pg, which the others here use. */
const SETTINGS = { host: 'db', database: 'shop', user: 'shop', ssl: false, stream: connectingStream }

/** As much of the generated client as is used here. */
interface PrismaClient {
  readonly user: { findMany(args: object): Promise<unknown> }
  $extends(extension: PrismaExtension): PrismaClient
}

/** What `prisma generate` made for the tests of `@trace/channels`. */
const GENERATED = new URL('../../../channels/test/support/prisma-client.js', import.meta.url)

async function openPrisma(_folder: string, tracer?: Tracer): Promise<Ask> {
  const { PrismaPg } = await import('@prisma/adapter-pg')
  const generated: { PrismaClient: new (options: object) => PrismaClient } = await import(GENERATED.href)
  const pg: typeof import('pg') = requireHere('pg')
  const pool: import('pg').Pool = Reflect.construct(pg.Pool, [SETTINGS])
  const bare = new generated.PrismaClient({ adapter: new PrismaPg(pool) })
  const client = tracer === undefined ? bare : bare.$extends(tracePrisma(tracer, { 'db.system.name': 'postgresql' }))
  return (id) => client.user.findMany({ where: { id } })
}

interface Database {
  prepare(query: string): { all(...values: unknown[]): Promise<unknown[]> }
}

async function openDb0(_folder: string, tracer?: Tracer): Promise<Ask> {
  // Its declarations import those of every database that it knows.
  const { createDatabase }: { createDatabase(connector: object): Database } = await import(String('db0'))
  const { withTracing }: { withTracing(db: Database): Database } = await import(String('db0/tracing'))
  const { default: connect }: { default(settings: object): object } = await import(String('db0/connectors/postgresql'))
  const connector = connect(SETTINGS)
  if (tracer !== undefined) traceChannels(tracer)
  const db = createDatabase(connector)
  const traced = tracer === undefined ? db : withTracing(db)
  return (id) => traced.prepare('SELECT id, name FROM users WHERE id = $1').all(id)
}

export const clients: Readonly<Record<string, Library>> = {
  bullmq: {
    atOnce: 10,
    spans: 2,
    open: openBullmq,
    instrument: async () => {
      const { BullMQOtel } = await import('bullmq-otel')
      telemetry = new BullMQOtel({ tracerName: 'benchmark' })
    },
  },
  prisma: {
    atOnce: 1,
    open: openPrisma,
    instrument: async () => new (await import('@prisma/instrumentation')).PrismaInstrumentation(),
  },
  db0: { atOnce: 1, open: openDb0 },
}
