import { createTracer, ratio, type TracerOptions } from '@trace/core'
import { b3, type Propagator, requestId, w3c } from '@trace/http'
import { traceClients } from '@trace/http/client'
import { traceExpress } from '@trace/http/express'
import { traceFastify } from '@trace/http/fastify'
import { traceNode } from '@trace/http/node'
import { yamlRecorder } from '@trace/yamlrec'
import { startOpenTelemetry } from '../harness/opentelemetry.js'
import type { Variant } from './applications.js'
import { begin, finishedSpans, handContext, setFile } from './hand-written.js'

const BARE: Variant = { spans: async () => 0 }

interface Traced extends Pick<TracerOptions, 'sample' | 'keep'> {
  readonly propagators?: readonly Propagator[]
  /** Default `false`. */
  readonly honorReqHeader?: boolean
}

function traced(path: string, { propagators, honorReqHeader = false, ...options }: Traced = {}): Variant {
  const tracer = createTracer({ recorder: yamlRecorder({ path }), service: 'server', ...options })
  const shared = propagators && { propagators }
  const traceOptions = { tracer, honorReqHeader, ...shared }
  return {
    node: (handler) => traceNode(handler, traceOptions),
    express: (app) => void app.use(traceExpress(traceOptions)),
    fastify: (app) => void app.register(traceFastify, traceOptions),
    clients: () => void traceClients(tracer, shared),
    spans: async () => {
      await tracer.flush()
      const { recorded, unsampled } = tracer.stats()
      return recorded + unsampled
    },
  }
}

function handWritten(path: string): Variant {
  setFile(path)
  return {
    node: (handler) => (req, res) => {
      const span = begin(req, res)
      res.setHeader('X-Request-Id', String(span.traceId))
      handContext.run(span, handler, req, res)
    },
    express: (app) => {
      app.use((req, res, next) => {
        const span = begin(req, res, () => req.baseUrl + req.route.path)
        res.setHeader('X-Request-Id', String(span.traceId))
        handContext.run(span, next)
      })
    },
    fastify: (app) => {
      app.addHook('onRequest', (request, reply, done) => {
        const span = begin(request.raw, reply.raw, request.routeOptions.url)
        reply.header('X-Request-Id', String(span.traceId))
        handContext.run(span, done)
      })
    },
    spans: async () => finishedSpans(),
  }
}

/** Instruments Node's http and the framework as OpenTelemetry's documentation says. */
async function opentelemetry(): Promise<Variant> {
  // Loaded here, so that the other variants run without them.
  const [{ HttpInstrumentation }, { ExpressInstrumentation }, { FastifyOtelInstrumentation }] = await Promise.all([
    import('@opentelemetry/instrumentation-http'),
    import('@opentelemetry/instrumentation-express'),
    import('@fastify/otel'),
  ])
  const { provider, exported } = await startOpenTelemetry()
  const fastifyInstrumentation = new FastifyOtelInstrumentation()
  for (const each of [new HttpInstrumentation(), new ExpressInstrumentation(), fastifyInstrumentation]) {
    each.setTracerProvider(provider)
    each.enable()
  }
  return {
    fastify: async (app) => {
      await app.register(fastifyInstrumentation.plugin())
    },
    spans: async () => {
      await provider.forceFlush()
      return exported()
    },
  }
}

/** For services that call each other: which traces one keeps the others learn by the flag of W3C Trace Context. */
export const FROM_SERVICE_TO_SERVICE: Traced = { propagators: [w3c()], honorReqHeader: true }

/**
 * @param path of the file for spans
 * @param more options of a variant that traces and does not sample
 */
export async function variantOf(name: string, path: string, more?: Traced): Promise<Variant> {
  switch (name) {
    case 'bare':
      return BARE
    case 'trace':
      return traced(path)
    case 'all-formats':
      return traced(path, { propagators: [w3c(), b3(), b3({ multi: true }), requestId()] })
    case 'unsampled':
      return traced(path, { ...more, sample: ratio(0) })
    case 'held':
      return traced(path, { ...more, sample: ratio(0), keep: { errors: true, slowerThan: 1_000 } })
    case 'hand-written':
      return handWritten(path)
    case 'opentelemetry':
      return opentelemetry()
    default:
      throw new Error(`there is no variant called ${name}`)
  }
}
