// OTLP as it is sent, for what exports and what receives: one request with the spans of any number of traces.
import type { PlainData, PlainValue, Span } from '@trace/core/spans'
import { traceHex } from './ids.js'
import { entryOf, jsonOf, listOf } from './json.js'
import { spansOfResource } from './otlp-read.js'
import { resourceSpansOf } from './otlp-write.js'
import type { Skip } from './skip.js'

export { parseJson } from './json.js'

/**
 * Spans as the JSON of one ExportTraceServiceRequest
 * (https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/collector/trace/v1/trace_service.proto).
 *
 * @param spans each once; those of a 128-bit trace id have its upper half
 * @param attributesOf more attributes of a process, in the place of those that its name says. Default: none
 */
export function otlpRequest(spans: readonly Span[], attributesOf?: (process: string) => PlainData): string {
  const list = resourceSpansOf(spans, { traceIdOf: (span) => traceHex([span]), attributesOf })
  return `{"resourceSpans":[${list.map(jsonOf).join(',')}]}`
}

/**
 * The spans of an ExportTraceServiceRequest, each with the upper half of its trace's id.
 *
 * @param skip is told of each that is none, and why
 */
export function spansOfOtlp(request: PlainValue, skip: Skip): Span[] {
  const list = listOf(entryOf(request, 'resourceSpans'))
  return list.flatMap((resourceSpans) => [...spansOfResource(resourceSpans, skip, true)])
}
