import { AsyncLocalStorage } from 'node:async_hooks'
import { context } from '../context/context.js'
import type { ActiveSpan, Run } from '../contract/active-span.js'
import { describe } from '../values/errors.js'
import { inputsOutside } from './inputs.js'
import { runDetached, runUnrecorded } from './run.js'
import { DetachedSpan } from './unrecorded-span.js'

/**
 * Runs a function in a child of the current span. Outside a trace it runs the function with a span that is not recorded, so
 * that library code can always use it.
 *
 * @param kind the sort of activity, such as `db`
 * @param name the activity, such as `load user`
 * @param fn gets the span
 * @returns what the function returns, as `tracer.trace` does; what it throws passes through
 */
export function span<T>(kind: string, name: string, fn: (span: ActiveSpan) => PromiseLike<T>): Promise<T>
export function span<T>(kind: string, name: string, fn: (span: ActiveSpan) => T): T
export function span(kind: string, name: string, fn: Run): unknown {
  const current = context.getStore()
  if (current !== undefined) return current.tracer.span(kind, name, fn)
  return runUnrecorded(new DetachedSpan(kind, name), fn)
}

/**
 * Runs a function in a child of the current span, and does not wait for it. What it throws or rejects with is recorded on the
 * span and logged, and is never unhandled. Outside a trace it runs the function with a span that is not recorded.
 *
 * @param kind the sort of activity, such as `work`
 * @param name the activity, such as `audit`
 */
export function go(kind: string, name: string, fn: Run): void {
  const current = context.getStore()
  if (current !== undefined) {
    current.tracer.go(kind, name, fn)
    return
  }
  runDetached(kind, name, () => runUnrecorded(new DetachedSpan(kind, name), fn), inputsOutside().warnings)
}

/**
 * Warns through the tracer of the current span, and outside a trace by `process.emitWarning`; for adapters that have no tracer.
 * See `Tracer.warn`.
 */
export function warn(code: string, message: string): void {
  const current = context.getStore()
  if (current !== undefined) current.tracer.warn(code, message)
  else inputsOutside().warnings.relay(code, message)
}

/**
 * Binds a function to the current context, for callbacks that somebody else calls later: event listeners, pools, queues. It
 * still gets the caller's `this` and arguments.
 */
export function bind<This, Args extends unknown[], Result>(
  fn: (this: This, ...args: Args) => Result,
): (this: This, ...args: Args) => Result {
  if (typeof fn !== 'function') {
    inputsOutside().bad(`bind: expected a function, got ${describe(fn)}; it comes back as it is`)
    return fn
  }
  const restore = AsyncLocalStorage.snapshot()
  return function (...args) {
    return restore(() => Reflect.apply(fn, this, args))
  }
}
