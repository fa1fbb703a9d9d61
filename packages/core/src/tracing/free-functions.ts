import { AsyncLocalStorage } from 'node:async_hooks'
import { context } from '../context/context.js'
import type { ActiveSpan, Run } from '../contract/active-span.js'
import { describe } from '../values/errors.js'
import { inputsOutside } from './inputs.js'
import { goOn, runUnrecorded } from './run.js'
import { DetachedSpan } from './unrecorded-span.js'

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
export function span(kind: string, name: string, fn: Run): unknown {
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
export function go(kind: string, name: string, fn: Run): void {
  const current = context.getStore()
  if (current !== undefined) {
    current.tracer.go(kind, name, fn)
    return
  }
  goOn(kind, name, () => runUnrecorded(new DetachedSpan(kind, name), fn), inputsOutside().warnings)
}

/**
 * Tells the operator of a problem with tracing, through the tracer of the current span, and outside a trace by
 * `process.emitWarning`: for adapters that have no tracer. See {@link Tracer.warn}.
 */
export function warn(code: string, message: string): void {
  const current = context.getStore()
  if (current !== undefined) current.tracer.warn(code, message)
  else inputsOutside().warnings.relay(code, message)
}

/**
 * Ties a function to the context it is bound in, for callbacks kept for later: event listeners, pools, queues. Its `this`
 * and arguments stay the caller's.
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
