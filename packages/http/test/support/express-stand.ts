import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll } from '@jest/globals'
import { createTracer, memoryRecorder, type Span } from '@trace/core'
import express, { type Express } from 'express'
import { traceExpress } from '../../src/express.js'
import { send } from './raw-client.js'

export const express4 = createRequire(import.meta.url)('express4') as typeof express
export const recorder = memoryRecorder()
export const tracer = createTracer({ recorder })
let app: Express
let server: Server
let port = 0

beforeAll(async () => {
  server = createServer((req, res) => app(req, res))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
})
afterEach(() => recorder.clear())
afterAll(() => new Promise((resolve) => server.close(resolve)))

/** Has the server pass its requests to an application. @returns its port */
export function serve(made: Express): number {
  app = made
  return port
}

/** The only span of a request. */
export async function spanOf(made: Express, path: string): Promise<Span> {
  await send(serve(made), path)
  await tracer.idle()
  const [first, ...more] = recorder.spans
  if (first === undefined || more.length > 0) throw new Error(`there are ${recorder.spans.length} spans`)
  return first
}

export function traced(create: typeof express = express): Express {
  return create().set('env', 'test').use(traceExpress({ tracer }))
}

export class Refused extends Error {
  override readonly name = 'Refused'
}
