import { createTracer } from '@trace/core'
import { b3, type Propagator, requestId, w3c } from '@trace/http'
import { traceExpress } from '@trace/http/express'
import { traceFastify } from '@trace/http/fastify'
import { traceNode } from '@trace/http/node'
import { yamlRecorder } from '@trace/yamlrec'
import type { Variant } from './applications.js'
import { begin, countOfHand, handContext, writeTo } from './hand-written.js'

const BARE: Variant = { spans: async () => 0 }

function traced(path: string, options: { propagators?: readonly Propagator[] } = {}): Variant {
  const tracer = createTracer({ recorder: yamlRecorder({ path }), service: 'server' })
  const ours = { tracer, ...options }
  return {
    node: (handler) => traceNode(handler, ours),
    express: (app) => void app.use(traceExpress(ours)),
    fastify: (app) => void app.register(traceFastify, ours),
    spans: async () => {
      await tracer.flush()
      return tracer.stats().recorded
    },
  }
}

function handWritten(path: string): Variant {
  writeTo(path)
  return {
    node: (handler) => (req, res) => {
      const span = begin(req, res)
      res.setHeader('X-Request-Id', String(span.traceId))
      handContext.run(span, handler, req, res)
    },
    express: (app) => {
      app.use((req, res, next) => {
        const span = begin(req, res)
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
    spans: async () => countOfHand(),
  }
}

/**
 * @param path where spans are written
 */
export async function variantOf(name: string, path: string): Promise<Variant> {
  switch (name) {
    case 'bare':
      return BARE
    case 'trace':
      return traced(path)
    case 'all-formats':
      return traced(path, { propagators: [w3c(), b3(), b3({ multi: true }), requestId()] })
    case 'hand-written':
      return handWritten(path)
    case 'opentelemetry':
      // Loaded for its own server only.
      return (await import('./opentelemetry-variant.js')).opentelemetryVariant()
    default:
      throw new Error(`there is no variant called ${name}`)
  }
}
