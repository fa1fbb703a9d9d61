// For programs and adapters. What authors of stores need besides is in store/index.ts, and for text files in text-file/index.ts.

export {
  bindSpans,
  currentSpan,
  currentSpanId,
  currentTraceId,
  isTracing,
  outsideTraces,
  type RunningChannel,
} from './context/context.js'
export type { ActiveSpan, SpanIds } from './contract/active-span.js'
export { DATA_KEYS } from './contract/data-keys.js'
export type { Logger } from './contract/logger.js'
export type {
  ReadOptions,
  ReadReport,
  SpanBatch,
  SpanQuery,
  TraceList,
  TraceQuery,
  TraceReader,
  TraceSpans,
  TraceSummary,
} from './contract/reader.js'
export type { Recorder } from './contract/recorder.js'
export type { RemoteContext } from './contract/remote.js'
export type { PlainData, PlainValue, Span } from './contract/span.js'
export type { Stats, StoreFlush, StoreStats } from './contract/stats.js'
export type {
  FlushOptions,
  FlushResult,
  KeepOptions,
  Sampler,
  Stacks,
  StartOptions,
  TraceOptions,
  Tracer,
  TracerOptions,
} from './contract/tracer.js'
export { tee } from './queue/tee.js'
export { type MemoryRecorder, type MemoryRecorderOptions, memoryRecorder } from './store/memory.js'
export { dataToWrite, writeLater } from './tracing/adapter-data.js'
export { createTracer } from './tracing/create-tracer.js'
export { bind, go, span, warn } from './tracing/free-functions.js'
export type { LateData } from './tracing/live-data.js'
export { perSecond, ratio, rules, type SamplingRule } from './tracing/sampler.js'
export { closeOnSignals } from './tracing/signals.js'
export { remoteSpan } from './tracing/unrecorded-span.js'
export { onOneLine } from './values/display.js'
export { describe, RecordError, TraceError } from './values/errors.js'
export { parseId, w3cTraceId } from './values/ids.js'
export { checkOptions, type OptionRule, optionRules } from './values/options.js'
export { generateId } from './values/random-ids.js'
export { isFailed, serviceOf } from './values/spans.js'
export { formatTime, parseTime } from './values/time.js'
