import { createRequire } from 'node:module'
import type { Instrumentation } from '@opentelemetry/instrumentation'
import { BatchSpanProcessor, NodeTracerProvider, type SpanExporter } from '@opentelemetry/sdk-trace-node'

/** The SDK as its users set it up, with an exporter that does nothing. */
export interface OpenTelemetry {
  readonly provider: NodeTracerProvider
  readonly exported: () => number
}

export function startOpenTelemetry(): OpenTelemetry {
  let count = 0
  const exporter: SpanExporter = {
    export: (spans, done) => {
      count += spans.length
      done({ code: 0 })
    },
    shutdown: () => Promise.resolve(),
  }
  const provider = new NodeTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] })
  provider.register()
  return { provider, exported: () => count }
}

/** Switches instrumentations on: before the modules that they change are loaded. */
export function instrument(provider: NodeTracerProvider, instrumentations: readonly Instrumentation[]): void {
  for (const each of instrumentations) {
    each.setTracerProvider(provider)
    each.enable()
  }
}

/** Loads modules as CommonJS, which the instrumentations change without a loader's help. */
export const requireHere: NodeJS.Require = createRequire(import.meta.url)
