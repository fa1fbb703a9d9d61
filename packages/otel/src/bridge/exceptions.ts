import type { Attributes } from '@opentelemetry/api'
import { type ActiveSpan, DATA_KEYS } from '@trace/core'

export function isKey(key: unknown): key is string {
  return typeof key === 'string' && key !== ''
}

/** The attributes of the event by which OpenTelemetry tells an exception; undefined if there is nothing to tell. */
export function exceptionAttributes(exception: unknown): Attributes | undefined {
  try {
    if (typeof exception === 'string') return exception === '' ? undefined : { 'exception.message': exception }
    const { code, name, message, stack } = Object(exception) as Record<string, unknown>
    const type = code === undefined || code === null || code === '' || code === 0 ? name : String(code)
    const attributes: Attributes = {}
    if (isKey(type)) attributes['exception.type'] = type
    if (isKey(message)) attributes['exception.message'] = message
    if (Object.keys(attributes).length === 0) return undefined
    if (isKey(stack)) attributes['exception.stacktrace'] = stack
    return attributes
  } catch {
    return undefined
  }
}

export function lastEventOf({ data }: Pick<ActiveSpan, 'data'>): unknown {
  const events = data[DATA_KEYS.events]
  return Array.isArray(events) ? events.at(-1) : undefined
}

/** A list that would be empty is taken away with its last event. */
export function removeEvent(data: Record<string, unknown>, event: unknown): void {
  const events = data[DATA_KEYS.events]
  if (!Array.isArray(events)) return
  const at = events.lastIndexOf(event)
  if (at < 0) return
  events.splice(at, 1)
  if (events.length === 0) delete data[DATA_KEYS.events]
}
