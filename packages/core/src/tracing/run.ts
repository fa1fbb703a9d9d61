import * as types from 'node:util/types'
import { context } from '../context/context.js'
import type { Run } from '../contract/active-span.js'
import { printableError, type Warnings } from '../queue/warnings.js'
import { onOneLine } from '../values/display.js'
import { describe } from '../values/errors.js'
import { nothingToRun } from './inputs.js'
import type { TracedSpan } from './traced-span.js'
import type { DetachedSpan } from './unrecorded-span.js'

/**
 * Runs a function in a span, and finishes the span when the function returns or, if it returns a promise, when that settles.
 *
 * A promise comes back itself. Only for that of an `async` function, which nobody else can hold yet, comes another one that
 * settles the same way. So it stays unhandled if nobody handles it, while a promise that is watched counts as handled for good.
 */
export function runIn(span: TracedSpan, fn: Run): unknown {
  let result: unknown
  try {
    result = typeof fn === 'function' ? context.run(span, fn, span) : span.badInput(nothingToRun(fn))
  } catch (error) {
    span.fail(error)
    span.finish()
    throw error
  }
  const then = thenOf(result)
  if (then !== undefined) return finishedBy(span, fn, result, then)
  span.finish()
  return result
}

function finishedBy(span: TracedSpan, fn: Run, result: unknown, then: Then): unknown {
  if (!isPromise(result)) return settlingAlike(span, context.run(span, outcomeOf, result, then))
  return types.isAsyncFunction(fn) ? settlingAlike(span, result) : watched(span, result, then)
}

/** A promise that settles the same way as another, after the span has finished. */
function settlingAlike(span: TracedSpan, promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => {
      span.finish()
      return value
    },
    (error: unknown) => {
      span.fail(error)
      span.finish()
      throw error
    },
  )
}

/** The same promise; when it settles, the span finishes. */
function watched(span: TracedSpan, promise: Promise<unknown>, then: Then): Promise<unknown> {
  const fulfilled = (): void => span.finish()
  const rejected = (error: unknown): void => {
    span.fail(error)
    span.finish()
  }
  // Calling `then` starts a lazy promise, which must run in the span; others do not need the context.
  if (then === Promise.prototype.then) watch(promise, then, fulfilled, rejected)
  else context.run(span, watch, promise, then, fulfilled, rejected)
  return promise
}

/** Runs a function in a span that is not recorded. */
export function runInUnrecorded(span: DetachedSpan, fn: Run): unknown {
  return span.run(() => runUnrecorded(span, fn))
}

/**
 * Runs a function without recording it, and returns its result. What is lazy is started, as in a recorded span: a thenable, or
 * a promise with its own `then`.
 */
export function runUnrecorded(span: DetachedSpan, fn: Run): unknown {
  if (typeof fn !== 'function') {
    span.badInput(nothingToRun(fn))
    return undefined
  }
  const result = fn(span)
  const then = thenOf(result)
  if (then === undefined || then === Promise.prototype.then) return result
  if (!isPromise(result)) return outcomeOf(result, then)
  watch(result, then, NOTHING, NOTHING)
  return result
}

const NOTHING = (): void => {}

type Then = (fulfilled: (value: unknown) => unknown, rejected: (error: unknown) => unknown) => unknown

/** The `then` of a promise or of another thenable. Read only once, since a lazy one may count that. */
function thenOf(value: unknown): Then | undefined {
  return (typeof value === 'object' && value !== null) || typeof value === 'function' ? readThen(value) : undefined
}

function readThen(value: object): Then | undefined {
  try {
    const then: unknown = Reflect.get(value, 'then')
    return typeof then === 'function' ? (then as Then) : undefined
  } catch {
    return undefined
  }
}

/** Whether it is a promise, of any realm, or says that it is one. */
function isPromise(value: unknown): value is Promise<unknown> {
  try {
    return types.isPromise(value) || value instanceof Promise
  } catch {
    return false
  }
}

/** Starts a thenable, and settles the same way. */
function outcomeOf(thenable: unknown, then: Then): Promise<unknown> {
  return new Promise((resolve, reject) => Reflect.apply(then, thenable, [resolve, reject]))
}

/** Watches a promise through its `then`, which may be any function. */
function watch(promise: object, then: Then, fulfilled: () => void, rejected: (error: unknown) => void): void {
  try {
    Reflect.apply(then, promise, [fulfilled, rejected])
  } catch (error) {
    rejected(error)
  }
}

/** Runs something that nobody waits for. What it throws or rejects with is logged, and goes no further. */
export function runDetached(kind: string, name: string, start: () => unknown, warnings: Warnings): void {
  const failed = (error: unknown): void => warnOfGo(warnings, [kind, name], error)
  try {
    const result = start()
    const then = thenOf(result)
    if (then !== undefined) watch(Object(result), then, NOTHING, failed)
  } catch (error) {
    failed(error)
  }
}

function warnOfGo(warnings: Warnings, what: readonly unknown[], error: unknown): void {
  const words = what.map((word) => (typeof word === 'string' ? word : describe(word))).join(' ')
  warnings.warnLatest('go', () => `go(${onOneLine(words)}) failed: ${printableError(error)}`, 'such failures')
}
