import { DATA_KEYS } from '../contract/data-keys.js'
import type { Span } from '../contract/span.js'

/** Whether the span failed, which is when its data has the type of an error. */
export function isFailed(span: Span): boolean {
  return Object.hasOwn(span.data, DATA_KEYS.errorType)
}

/**
 * The service of a span's process: the text before `:pid@`, or the whole text if that is not in it.
 *
 * @param process such as `users:4711@host-1`
 */
export function serviceOf(process: string): string {
  return /^(.*?):\d+@/s.exec(process)?.[1] ?? process
}

/** Which of two records of one span to keep: the later one, unless only the earlier one is finished. */
export function laterRecord(earlier: Span, later: Span): Span {
  return later.finish === undefined && earlier.finish !== undefined ? earlier : later
}

/** The spans of one trace, each once, in the order of their first records. {@link laterRecord} chooses among records. */
export function eachOnce(spans: Iterable<Span>): Span[] {
  const byId = new Map<bigint, Span>()
  for (const span of spans) {
    const earlier = byId.get(span.spanId)
    byId.set(span.spanId, earlier === undefined ? span : laterRecord(earlier, span))
  }
  return [...byId.values()]
}
