import { createTracer, memoryRecorder, type Span, type Tracer } from '@trace/core'

export interface Recorded {
  readonly tracer: Tracer
  readonly warnings: string[]
  /** All spans so far, in order of their starts. */
  spans(): Promise<Span[]>
  /** The tree as text: a line for each span, with its kind and name. */
  tree(): Promise<string[]>
}

export function recorded(options: { sample?: () => boolean } = {}): Recorded {
  const recorder = memoryRecorder()
  const warnings: string[] = []
  const logger = { warn: (message: string) => void warnings.push(message) }
  const tracer = createTracer({ recorder, service: 'test', logger, openAfter: false, ...options })
  const spans = async (): Promise<Span[]> => {
    await tracer.idle()
    return recorder.spans.toSorted((a, b) => Number(a.start - b.start))
  }
  const tree = async (): Promise<string[]> => {
    const all = await spans()
    const below = (parent: bigint, depth: number): string[] =>
      all
        .filter(({ parentId }) => parentId === parent)
        .flatMap(({ spanId, kind, name }) => [`${'  '.repeat(depth)}${kind} ${name}`, ...below(spanId, depth + 1)])
    return below(0n, 0)
  }
  return { tracer, warnings, spans, tree }
}
