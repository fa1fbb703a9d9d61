import { describe, eachOnce, type Span, TraceError } from '@trace/core/spans'
import { ChromeEvents } from './chrome.js'
import { traceHex } from './ids.js'
import { jaegerTraceOf } from './jaeger.js'
import { jsonOf } from './json.js'
import { resourceSpansOf } from './otlp-write.js'
import { zipkinSpansOf } from './zipkin.js'

/** The formats that traces can be exported to. */
export const EXPORT_FORMATS = ['otlp', 'zipkin', 'jaeger', 'chrome'] as const
export type ExportFormat = (typeof EXPORT_FORMATS)[number]

/** A document that is a list: what stands before, between and after its elements. */
interface Document {
  readonly before: string
  readonly after: string
  readonly elementsOf: (spans: readonly Span[]) => string[]
}

function documentOf(format: ExportFormat): Document {
  switch (format) {
    case 'otlp':
      return { before: '{"resourceSpans":[', after: ']}', elementsOf: otlpElementsOf }
    case 'zipkin':
      return { before: '[', after: ']', elementsOf: (spans) => zipkinSpansOf(spans).map(jsonOf) }
    case 'jaeger':
      return { before: '{"data":[', after: ']}', elementsOf: (spans) => [jsonOf(jaegerTraceOf(spans))] }
    case 'chrome': {
      const events = new ChromeEvents()
      return {
        before: '{"displayTimeUnit":"ms","traceEvents":[',
        after: ']}',
        elementsOf: (spans) => events.add(spans).map(jsonOf),
      }
    }
  }
}

function otlpElementsOf(spans: readonly Span[]): string[] {
  const traceId = traceHex(spans)
  return resourceSpansOf(spans, { traceIdOf: () => traceId }).map(jsonOf)
}

/**
 * Exports traces: one JSON document, in pieces of text.
 *
 * @param traces all spans of one trace each; of several records of a span the last one that is finished is taken
 * @throws {TraceError} `TRACE_BAD_OPTION` for an unknown format
 */
export async function* exportTraces(
  format: ExportFormat,
  traces: Iterable<readonly Span[]> | AsyncIterable<readonly Span[]>,
): AsyncGenerator<string> {
  if (!EXPORT_FORMATS.includes(format)) {
    const message = `export: expected a format: ${EXPORT_FORMATS.join(', ')}; got ${describe(format)}`
    throw new TraceError('TRACE_BAD_OPTION', message)
  }
  const { before, after, elementsOf } = documentOf(format)
  yield `${before}\n`
  let isFirst = true
  for await (const trace of traces) {
    if (trace.length === 0) continue
    const elements = elementsOf(eachOnce(trace))
    yield (isFirst ? '' : ',\n') + elements.join(',\n')
    isFirst = false
  }
  yield `\n${after}\n`
}
