import type { NodeTracerProvider, SpanExporter } from '@opentelemetry/sdk-trace-node'

/** The SDK as its users set it up, with an exporter that does nothing. */
export interface OpenTelemetry {
  readonly provider: NodeTracerProvider
  /** How many spans have reached the exporter. */
  readonly exported: () => number
}

/** Loads the SDK only when it is called, so that the other sides run without it. */
export async function startOpenTelemetry(): Promise<OpenTelemetry> {
  const { BatchSpanProcessor, NodeTracerProvider } = await import('@opentelemetry/sdk-trace-node')
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
