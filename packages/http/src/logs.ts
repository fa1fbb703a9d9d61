import { currentSpan } from '@trace/core'

/** What {@link logIds} gives: the ids in decimal, as the reader and the id header have them. */
export interface LogIds {
  readonly trace_id?: string
  readonly span_id?: string
}

const NONE: LogIds = Object.freeze({})

/**
 * The current trace's and span's ids, for log lines: `pino({ mixin: logIds })`, or `console.log(JSON.stringify({ ...logIds(),
 * message }))`.
 *
 * @returns an object without any keys outside a trace
 */
export function logIds(): LogIds {
  const span = currentSpan()
  // Pino adds its own fields to what a mixin gives, so that the shared one must not be handed to it.
  return span === undefined ? { ...NONE } : { trace_id: String(span.traceId), span_id: String(span.spanId) }
}
