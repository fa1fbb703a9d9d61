import { bullmqTelemetry } from '@trace/channels/bullmq'
import { Worker } from 'bullmq'
import { REDIS, ready, tracerOf, VENDOR } from './service.mjs'

const tracer = tracerOf('worker')
const print = async () => {
  const response = await fetch(`http://127.0.0.1:${VENDOR}/print`)
  return response.status
}
const worker = new Worker('labels', print, {
  connection: { host: '127.0.0.1', port: Number(REDIS) },
  telemetry: bullmqTelemetry(tracer),
})
worker.on('completed', () => process.send('done'))
await worker.waitUntilReady()
ready()
