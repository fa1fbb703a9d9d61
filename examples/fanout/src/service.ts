import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { traceChannels } from '@trace/channels'
import { createTracer, type Tracer } from '@trace/core'
import { openRecorder } from '@trace/core/open'
import { traceClients } from '@trace/http/client'

/** A tracer of the service of this name, which records where TRACE_RECORDER says. */
export function tracerOf(service: string): Tracer {
  const tracer = createTracer({ service, recorder: openRecorder(process.env['TRACE_RECORDER'] ?? 'yaml:traces.yaml') })
  traceClients(tracer)
  traceChannels(tracer)
  // Ctrl-C reaches every process of the terminal: the one that started this one decides when it stops.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => void stop(tracer))
  process.on('disconnect', () => void stop(tracer))
  return tracer
}

/** How long to wait for what is under way, in ms. */
const PATIENCE = 1_000
const PAUSE = 10

async function stop(tracer: Tracer): Promise<void> {
  // A span that ends after the tracer was closed has no end in the store.
  for (let waited = 0; waited < PATIENCE && tracer.stats().open > 0; waited += PAUSE) await sleep(PAUSE)
  await tracer.close()
  process.exit(0)
}

/** Where another service listens. */
export function urlOf(service: 'orders' | 'inventory'): string {
  return setting(`${service.toUpperCase()}_URL`)
}

/** A variable of the environment. @throws {Error} if it is not set */
export function setting(name: string): string {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${name} is not set`)
  return value
}

/** The port to listen on: PORT, or any that is free. */
export const port: number = Number(process.env['PORT'] ?? 0)

/** Tells the process that started this one where it listens, or why it does not. */
export function report(server: Server): void {
  server.once('listening', () => {
    const { port } = server.address() as AddressInfo
    process.send?.({ url: `http://127.0.0.1:${port}` })
  })
  server.once('error', (error) => reportFailure(error))
}

/** Tells the process that started this one why this one cannot go on, and ends. */
export function reportFailure(error: unknown): void {
  const inUse = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
  const advice = inUse ? '. Choose another port with --port.' : ''
  const message = (error instanceof Error ? error.message : String(error)) + advice
  if (process.send === undefined) throw error
  process.send({ error: message }, () => process.exit(1))
}
