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
