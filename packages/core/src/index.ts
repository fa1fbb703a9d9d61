export type { ActiveSpan } from './active-span.js'
export {
  bind,
  currentSpan,
  currentSpanId,
  currentTraceId,
  outsideTraces,
} from './context.js'
export { createTracer } from './create-tracer.js'
export { onOneLine } from './display.js'
export { describe, TraceError } from './errors.js'
export { generateId, isId, MAX_ID, parseId } from './ids.js'
export { dataKey, RESERVED_KEYS, storedKey } from './keys.js'
export type { Stats } from './ledger.js'
export {
  type MemoryRecorder,
  type MemoryRecorderOptions,
  memoryRecorder,
} from './memory.js'
export { checkOptions, type OptionRule, optionRules } from './options.js'
export { newData, type Plain, toPlain } from './plain.js'
export { formatDuration, type PrintOptions, printTrace } from './print.js'
export {
  checkTraceId,
  DEFAULT_LIMIT,
  eachOnce,
  laterRecord,
  limitOf,
  matches,
  newestFirst,
  summarize,
} from './query.js'
export type { FlushResult } from './queue.js'
export type {
  ReadOptions,
  ReadReport,
  TraceList,
  TraceQuery,
  TraceReader,
  TraceSpans,
  TraceSummary,
} from './reader.js'
export { RecordError, type Recorder } from './recorder.js'
export { REMOTE_PARENT, type RemoteContext, W3C_TRACE_ID, w3cTraceId } from './remote.js'
export { go, span } from './run.js'
export { ratio, type Sampler } from './sampler.js'
export {
  ERROR_MESSAGE,
  ERROR_TYPE,
  isFailed,
  type PlainData,
  type PlainValue,
  type Span,
  serviceOf,
} from './span.js'
export { formatTime, parseTime } from './time.js'
export type { FlushOptions, StartOptions, TraceOptions, Tracer, TracerOptions } from './tracer.js'
export { buildTree, type SpanNode } from './tree.js'
export type { Logger } from './warnings.js'
