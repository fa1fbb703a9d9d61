import { types } from 'node:util'
import { type ActiveSpan, currentSpan } from '@trace/core'

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

/** A pino logger, as far as a hook needs it. */
export interface HookedLogger {
  readonly levels?: { readonly labels?: Readonly<Record<number, string>> }
}

/** A function for `hooks.logMethod` of pino. */
export type LogMethod = (this: HookedLogger, args: unknown[], method: (...args: never[]) => void, level: number) => void

/** Pino's number for the level `warn`: https://github.com/pinojs/pino/blob/main/docs/api.md#loggerlevels-object */
const WARN = 40

/**
 * Makes log lines of level `warn` and above events of the current span: `pino({ hooks: { logMethod: logEvents() } })`. An event has the
 * line's level, its message, and the error that it was logged with; other fields and the logger's bindings are left out.
 *
 * @param own your own `logMethod`, which is called as ever: the events are of the lines that it logs
 */
export function logEvents(): LogMethod
export function logEvents<Own extends (this: never, args: never, method: never, level: number) => void>(own: Own): Own
export function logEvents(own?: (this: never, args: never, method: never, level: number) => void): LogMethod {
  return function (args, method, level) {
    const isNoted = level >= WARN && currentSpan()?.recording === true
    const name = this.levels?.labels?.[level] ?? String(level)
    if (own === undefined) {
      if (isNoted) noteLine(currentSpan(), name, args)
      Reflect.apply(method, this, args)
      return
    }
    const noted = function (this: unknown, ...final: never[]): void {
      noteLine(currentSpan(), name, final)
      Reflect.apply(method, this, final)
    }
    Reflect.apply(own, this, [args, isNoted ? noted : method, level])
  }
}

/** How much of a message is kept, in characters. */
const MAX_MESSAGE = 2_048

/**
 * Adds a log line to a span, as the event `log`.
 *
 * @param args what pino's methods take: an error, or an object of fields, or nothing; then a message, and what it is filled in with
 */
export function noteLine(span: ActiveSpan | undefined, level: string, args: readonly unknown[]): void {
  if (span?.recording !== true) return
  try {
    const [first, ...rest] = args
    const isMessage = typeof first !== 'object' || first === null
    const error = isMessage ? undefined : errorIn(first)
    const [template, values] = isMessage
      ? [first ?? rest[0], rest]
      : [rest[0] ?? messageIn(first, error), rest.slice(1)]
    const message = template === undefined || template === null ? '' : filled(String(template), values)
    span.event('log', { level, message: message.slice(0, MAX_MESSAGE), ...(error === undefined ? {} : { error }) })
  } catch {
    // Something of the line cannot be read. Its logger may be able to.
  }
}

function errorIn(fields: object): object | undefined {
  if (isError(fields)) return fields
  const error: unknown = Reflect.get(fields, 'err')
  return isError(error) ? error : undefined
}

function isError(value: unknown): value is object {
  return types.isNativeError(value) || value instanceof Error
}

/** What pino takes for a message where none is given. */
function messageIn(fields: object, error: object | undefined): unknown {
  const own: unknown = error === fields ? undefined : Reflect.get(fields, 'msg')
  return own ?? (error === undefined ? undefined : Reflect.get(error, 'message'))
}

/** Fills in texts and numbers. Objects are left out: a logger may keep some of their fields secret. */
function filled(template: string, values: readonly unknown[]): string {
  let next = 0
  return template.slice(0, MAX_MESSAGE).replace(/%[%sdifjoOc]/g, (place) => {
    if (place === '%%') return '%'
    if (next >= values.length) return place
    const value = values[next++]
    return typeof value === 'object' || typeof value === 'function' ? place : String(value).slice(0, MAX_MESSAGE)
  })
}
