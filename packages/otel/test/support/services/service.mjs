// What the services share: a tracer that records to three stores, and a server that says where it listens.
import { traceChannels } from '@trace/channels'
import { createTracer, tee } from '@trace/core'
import { openRecorder } from '@trace/core/open'
import { w3c } from '@trace/http'
import { traceClients } from '@trace/http/client'
import { otlpRecorder } from '@trace/otel/otlp'

const { FILE, TABLE, RECEIVER } = process.env

export const propagators = [w3c()]

export function tracerOf(service) {
  const recorder = tee(openRecorder(FILE), openRecorder(TABLE), otlpRecorder({ url: `${RECEIVER}/v1/traces` }))
  const tracer = createTracer({ service, recorder })
  traceClients(tracer, { propagators })
  traceChannels(tracer)
  process.on('SIGTERM', async () => {
    await tracer.idle()
    await tracer.close()
    process.exit()
  })
  return tracer
}

/** The port that another service has said. */
export const { ORDERS, VENDOR, LABELS, POSTGRES, REDIS } = process.env

/** Tells who started this that it is ready. */
export function ready(server) {
  process.send(server === undefined ? 0 : server.address().port)
}
