import { bullmqTelemetry } from '@trace/channels/bullmq'
import { tracePg } from '@trace/channels/pg'
import { traceExpress } from '@trace/http/express'
import { Queue } from 'bullmq'
import express from 'express'
import { Redis } from 'ioredis'
import pg from 'pg'
import { POSTGRES, propagators, REDIS, ready, tracerOf } from './service.mjs'

const tracer = tracerOf('orders')
const pool = tracePg(tracer, new pg.Pool({ host: '127.0.0.1', port: Number(POSTGRES), user: 'postgres' }))
const redis = new Redis(Number(REDIS), '127.0.0.1')
const queue = new Queue('labels', {
  connection: { host: '127.0.0.1', port: Number(REDIS) },
  telemetry: bullmqTelemetry(tracer),
})
await pool.query('CREATE TABLE orders (item TEXT)')
await queue.waitUntilReady()

const app = express()
app.use(traceExpress({ tracer, propagators, honorReqHeader: true }))
app.post('/orders/:item', async (req, res) => {
  const { item } = req.params
  await pool.query('INSERT INTO orders VALUES ($1)', [item])
  await redis.incr(`sold:${item}`)
  await queue.add('print', { item })
  res.json({ item })
})
const server = app.listen(0, '127.0.0.1', () => ready(server))
