import { Writable } from 'node:stream'
import { createTracer, currentSpan, memoryRecorder, type Stats } from '@trace/core'
import type { HttpRoutes, MiddlewareOptions, SuiteRequest } from '@trace/testing'
import { logIds } from '../../src/logs.js'
import { b3 } from '../../src/propagation/b3.js'
import type { Propagator } from '../../src/propagation/propagator.js'
import { requestId } from '../../src/propagation/request-id.js'
import { w3c } from '../../src/propagation/w3c.js'
import type { Stand } from '../support/stands.js'
import type { Outcome } from './check.js'
import { type FormatName, MARKER } from './headers.js'

const PROPAGATORS: Readonly<Record<FormatName, readonly Propagator[]>> = {
  requestId: [requestId()],
  w3c: [w3c()],
  b3: [b3(), b3({ multi: true })],
  all: [w3c(), b3(), b3({ multi: true }), requestId()],
}

/** All options together. */
function optionsOf(format: FormatName): MiddlewareOptions<Propagator> {
  return {
    kind: 'fuzzed',
    headerKey: 'X-Request-Id',
    addRespHeader: true,
    honorReqHeader: ({ headers }) => headers['x-token'] === 'right',
    propagators: PROPAGATORS[format],
    ignore: ({ headers }) => headers['x-ignored'] !== undefined,
    query: { mask: ['a'] },
    requestHeaders: ['X-Other', 'Cookie', 'traceparent'],
    responseHeaders: ['X-Request-Id'],
  }
}

/** A server to send headers to, which notes what it does with them. */
export interface Target {
  readonly port: number
  stop(): Promise<void>
  /** Stops the server's tracer, and returns what became of all requests. */
  gather(): Promise<Gathered>
}

export interface Gathered {
  readonly sightings: Outcome['sightings']
  readonly spans: Outcome['spans']
  readonly stats: Stats
  /** The warnings of the tracer. */
  readonly warnings: readonly string[]
  /** The log lines of the handler and of the framework. */
  readonly lines: readonly string[]
}

export async function openTarget(stand: Stand, format: FormatName): Promise<Target> {
  const recorder = memoryRecorder()
  const [warnings, lines]: string[][] = [[], []]
  const logger = { warn: (message: string) => void warnings?.push(message) }
  const tracer = createTracer({ recorder, logger, buffer: 100_000, bufferBytes: 1e9 })
  const sightings = new Map<string, SuiteRequest['headers']>()
  const routes: HttpRoutes = {
    own: (req) => {
      const span = currentSpan()
      sightings.set(String(span?.spanId), req.headers)
      lines?.push(JSON.stringify({ ...logIds(), msg: 'in the handler' }))
      return `${span?.traceId}:${span?.spanId}`
    },
    fail: () => {
      throw new Error('this path is not requested')
    },
    handle: () => {},
    upgrade: () => {},
  }
  const log = new Writable({
    write: (chunk, _encoding, done) => {
      lines?.push(String(chunk))
      done()
    },
  })
  const server = await stand.open({ tracer, options: optionsOf(format), routes, log })
  return {
    port: server.port,
    stop: async () => server.close(),
    gather: async () => {
      await tracer.close()
      const spans = new Map(recorder.spans.map((span) => [String(span.spanId), span]))
      return { sightings, spans, stats: tracer.stats(), warnings: warnings ?? [], lines: lines ?? [] }
    },
  }
}

/** Log lines with bytes of headers in them, or with ids that belong to no request. */
export function wrongLines({ lines, sightings }: Gathered): readonly string[] {
  const strange = lines.filter((line) => {
    const [, spanId] = /"span_id":"(\d+)"/.exec(line) ?? []
    return line.includes(MARKER) || (spanId !== undefined && !sightings.has(spanId))
  })
  // Without the values that differ between two lines of a kind. If lines had bytes of headers in them, there would be more kinds.
  const shapes = new Set(
    lines.map((line) =>
      line.replace(/"(time|trace_id|span_id|reqId|remotePort|responseTime)":("[\w-]+"|[\d.e-]+)/g, '$1'),
    ),
  )
  return [...strange, ...(shapes.size > MOST_KINDS ? shapes : [])]
}

/** Fastify logs that it listens, that a request has come and that it was answered; the handler logs one line. */
const MOST_KINDS = 4
