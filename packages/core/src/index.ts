export {
  bind,
  currentSpan,
  currentSpanId,
  currentTraceId,
  outsideTraces,
} from './context/context.js'
export type { ActiveSpan } from './contract/active-span.js'
export type {
  ReadOptions,
  ReadReport,
  TraceList,
  TraceQuery,
  TraceReader,
  TraceSpans,
  TraceSummary,
} from './contract/reader.js'
export { RecordError, type Recorder } from './contract/recorder.js'
export { REMOTE_PARENT, type RemoteContext, W3C_TRACE_ID, w3cTraceId } from './contract/remote.js'
export {
  ERROR_MESSAGE,
  ERROR_TYPE,
  isFailed,
  type PlainData,
  type PlainValue,
  type Span,
  serviceOf,
} from './contract/span.js'
export type { FlushOptions, StartOptions, TraceOptions, Tracer, TracerOptions } from './contract/tracer.js'
export { formatDuration, type PrintOptions, printTrace } from './printing/print.js'
export { buildTree, type SpanNode } from './printing/tree.js'
export type { Stats } from './queue/ledger.js'
export type { FlushResult } from './queue/queue.js'
export type { Logger } from './queue/warnings.js'
export { dataKey, RESERVED_KEYS, storedKey } from './store/keys.js'
export {
  type MemoryRecorder,
  type MemoryRecorderOptions,
  memoryRecorder,
} from './store/memory.js'
export {
  checkTraceId,
  DEFAULT_LIMIT,
  eachOnce,
  laterRecord,
  limitOf,
  matches,
  newestFirst,
  summarize,
} from './store/query.js'
export { createTracer } from './tracing/create-tracer.js'
export { go, span } from './tracing/run.js'
export { ratio, type Sampler } from './tracing/sampler.js'
export { onOneLine } from './values/display.js'
export { describe, TraceError } from './values/errors.js'
export { generateId, isId, MAX_ID, parseId } from './values/ids.js'
export { checkOptions, type OptionRule, optionRules } from './values/options.js'
export { newData, type Plain, toPlain } from './values/plain.js'
export { formatTime, parseTime } from './values/time.js'
