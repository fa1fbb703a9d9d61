import { FastifyOtelInstrumentation } from '@fastify/otel'
import { ExpressInstrumentation } from '@opentelemetry/instrumentation-express'
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http'
import { instrument, startOpenTelemetry } from '../opentelemetry.js'
import type { Variant } from './applications.js'

/** Node's http and the framework, as its documentation says, exporting nowhere. */
export function opentelemetryVariant(): Variant {
  const { provider, exported } = startOpenTelemetry()
  const ofFastify = new FastifyOtelInstrumentation()
  instrument(provider, [new HttpInstrumentation(), new ExpressInstrumentation(), ofFastify])
  return {
    fastify: async (app) => {
      await app.register(ofFastify.plugin())
    },
    spans: async () => {
      await provider.forceFlush()
      return exported()
    },
  }
}
