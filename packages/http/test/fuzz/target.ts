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

/** Every option at once. */
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

/** A server to send headers to, and all that it does with them. */
export interface Target {
  readonly port: number
  stop(): Promise<void>
  /** What became of all requests, once it has stopped. */
  gather(): Promise<Gathered>
}

export interface Gathered {
  readonly sightings: Outcome['sightings']
  readonly spans: Outcome['spans']
  readonly stats: Stats
  /** What the tracer warned of. */
  readonly warnings: readonly string[]
  /** What was logged by the handler and by the framework. */
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

/** What is wrong with log lines: bytes of headers, or ids of no request. */
export function wrongLines({ lines, sightings }: Gathered): readonly string[] {
  const strange = lines.filter((line) => {
    const [, spanId] = /"span_id":"(\d+)"/.exec(line) ?? []
    return line.includes(MARKER) || (spanId !== undefined && !sightings.has(spanId))
  })
  // All that differs between two lines of a kind: with bytes of headers in them there would be more kinds.
  const shapes = new Set(
    lines.map((line) =>
      line.replace(/"(time|trace_id|span_id|reqId|remotePort|responseTime)":("[\w-]+"|[\d.e-]+)/g, '$1'),
    ),
  )
  return [...strange, ...(shapes.size > MOST_KINDS ? shapes : [])]
}

/** Fastify's lines that it listens, that a request comes and that it is answered, and the handler's. */
const MOST_KINDS = 4
