import { context, propagation, trace } from '@opentelemetry/api'
import { createTracer, memoryRecorder, type Span, type Tracer, type TracerOptions } from '@trace/core'
import { type OpenTelemetryBridge, openTelemetryBridge } from '../../src/index.js'

export interface Recorded {
  readonly tracer: Tracer
  readonly bridge: OpenTelemetryBridge
  readonly warnings: string[]
  /** All spans so far, in order of their starts. */
  spans(): Promise<Span[]>
  /** The one span of this name. */
  named(name: string): Promise<Span>
  /** The tree as text: a line for each span, with its kind and name. */
  tree(): Promise<string[]>
}

/** A tracer behind the API. */
export function bridgedTracer(options: Partial<TracerOptions> = {}): Recorded {
  const recorder = memoryRecorder()
  const warnings: string[] = []
  const logger = { warn: (message: string) => void warnings.push(message) }
  const tracer = createTracer({ recorder, service: 'test', logger, openAfter: false, ...options })
  const bridge = openTelemetryBridge(tracer)
  const spans = async (): Promise<Span[]> => {
    await tracer.flush()
    return recorder.spans.toSorted((a, b) => Number(a.start - b.start))
  }
  const named = async (name: string): Promise<Span> => {
    const [span, ...more] = (await spans()).filter((each) => each.name === name)
    if (span === undefined || more.length > 0) throw new Error(`${more.length + 1} spans ${name}, or none`)
    return span
  }
  return { tracer, bridge, warnings, spans, named, tree: async () => treeOf(await spans()) }
}

export function treeOf(spans: readonly Span[]): string[] {
  const ids = new Set(spans.map(({ spanId }) => spanId))
  const below = (parent: bigint, depth: number): string[] =>
    spans
      .filter(({ parentId }) => (ids.has(parentId) ? parentId : 0n) === parent)
      .flatMap(({ spanId, kind, name }) => [`${'  '.repeat(depth)}${kind} ${name}`, ...below(spanId, depth + 1)])
  return below(0n, 0)
}

/** Whatever a test has registered. */
export function unregisterAll(): void {
  trace.disable()
  context.disable()
  propagation.disable()
}
