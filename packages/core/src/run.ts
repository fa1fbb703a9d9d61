import type { ActiveSpan } from './active-span.js'
import { context } from './context.js'
import { onOneLine } from './display.js'
import type { TracedSpan } from './traced-span.js'
import { DetachedSpan } from './unrecorded-span.js'
import { printableError, processWarnings, Warnings } from './warnings.js'

/** Runs a function in a span, and finishes the span when it returns or, where it gives a promise, when that settles. */
export function runIn<T>(span: TracedSpan, fn: (span: ActiveSpan) => T): T | Promise<Awaited<T>> {
  let result: T
  try {
    result = context.run(span, fn, span)
  } catch (error) {
    span.fail(error)
    span.finish()
    throw error
  }
  const then = thenOf(result)
  if (then === undefined) {
    span.finish()
    return result
  }
  return settled(span, result, then)
}

type Then<T> = (resolve: (value: T) => void, reject: (error: unknown) => void) => unknown

/** The `then` of a promise or of any other thenable. Read once: a lazy one may count that. */
function thenOf<T>(value: T): Then<Awaited<T>> | undefined {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined
  try {
    const then: unknown = Reflect.get(value, 'then')
    return typeof then === 'function' ? (then as Then<Awaited<T>>) : undefined
  } catch {
    return undefined
  }
}

/** The outcome of a promise or thenable, as a promise that settles after the span has finished. */
function settled<T>(span: TracedSpan, promise: T, then: Then<Awaited<T>>): Promise<Awaited<T>> {
  function fulfilled(value: Awaited<T>): Awaited<T> {
    span.finish()
    return value
  }
  function rejected(error: unknown): never {
    span.fail(error)
    span.finish()
    throw error
  }
  if (promise instanceof Promise) return promise.then(fulfilled, rejected)
  const started = context.run(
    span,
    () => new Promise<Awaited<T>>((resolve, reject) => then.call(promise, resolve, reject)),
  )
  return started.then(fulfilled, rejected)
}

/** Runs a function that records nothing. Its result is passed on; a thenable is started, as it is in a recorded span. */
export function runUnrecorded<T>(span: ActiveSpan, fn: (span: ActiveSpan) => T): T | Promise<Awaited<T>> {
  const result = fn(span)
  const then = result instanceof Promise ? undefined : thenOf(result)
  if (then === undefined) return result
  return new Promise((resolve, reject) => then.call(result, resolve, reject))
}

/** Starts something on its own: what it throws or rejects with is logged, and goes no further. */
export function goOn(what: string, start: () => unknown, warnings: Warnings): void {
  try {
    const result = start()
    if (result instanceof Promise) result.catch((error: unknown) => warnOfGo(warnings, what, error))
  } catch (error) {
    warnOfGo(warnings, what, error)
  }
}

function warnOfGo(warnings: Warnings, what: string, error: unknown): void {
  warnings.warn('go', (times) => {
    const more = times > 1 ? ` (the latest of ${times} such failures)` : ''
    return `go(${onOneLine(what)}) failed: ${printableError(error)}${more}`
  })
}

let detachedWarnings: Warnings | undefined

/**
 * Runs a function in a child of the current span. Outside a trace the function is called all the same, with a span that
 * records nothing, so that library code can always use it.
 *
 * @param kind what sort of activity, such as `db`
 * @param name which activity, such as `load user`
 * @param fn gets the span; its result or promise is passed on, and what it throws or rejects with too, untouched
 */
export function span<T>(kind: string, name: string, fn: (span: ActiveSpan) => PromiseLike<T>): Promise<T>
export function span<T>(kind: string, name: string, fn: (span: ActiveSpan) => T): T
export function span<T>(kind: string, name: string, fn: (span: ActiveSpan) => T): T | Promise<Awaited<T>> {
  const current = context.getStore()
  if (current !== undefined) return current.tracer.span(kind, name, fn)
  return runUnrecorded(new DetachedSpan(kind, name), fn)
}

/**
 * Runs a function on its own in a child of the current span, and does not wait for it. What it throws or rejects with is
 * recorded on the span and logged, and is never unhandled. Outside a trace the function runs all the same.
 *
 * @param kind what sort of activity, such as `work`
 * @param name which activity, such as `audit`
 */
export function go(kind: string, name: string, fn: (span: ActiveSpan) => unknown): void {
  const current = context.getStore()
  if (current !== undefined) {
    current.tracer.go(kind, name, fn)
    return
  }
  detachedWarnings ??= new Warnings(processWarnings, 10_000)
  goOn(`${kind} ${name}`, () => runUnrecorded(new DetachedSpan(kind, name), fn), detachedWarnings)
}
