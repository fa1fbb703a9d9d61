import { DATA_KEYS } from '../contract/data-keys.js'
import type { PlainValue } from '../contract/span.js'
import { cutAndMarked, cutTo } from './cut.js'
import { errorMessage, errorType } from './errors.js'
import { maskPaths } from './stack-paths.js'

/**
 * How much is kept of an error, in characters. With V8's 10 frames a stack has about 1,000; with the longest of all of these a span
 * stays within the limits of its data.
 */
const MAX_STACK = 8_192
const MAX_STACK_BEHIND = 4_096
/** The first lines of a stack repeat the message. A long one is cut, so that the frames are kept. */
const MAX_HEAD = 1_024
const MAX_TYPE = 256
const MAX_MESSAGE = 2_048
/** How many errors are kept behind one: causes, parts, and theirs. */
const MAX_ERRORS = 12
const MAX_PARTS = 8
/** How many levels of parts of parts are kept. */
const MAX_LEVELS = 3
/** How many of the latest traces are known that an error, which a program may throw again and again, has failed. */
const MAX_TRACES = 100

/**
 * Adds to a span's data the error that it failed with: its type and message, what caused it, its parts, and the stacks of those that
 * have not failed another span of the trace before. Never throws for what the error is.
 *
 * @param dataNow the data, asked for each time: what is read of an error may run code of the program's, which may ask for the data, too
 * @param traceId the trace of the span; undefined if no stack is to be recorded
 * @param isMasked whether stacks are without whole paths. Default: false
 */
export function addFailure(
  dataNow: () => Record<string, unknown>,
  error: unknown,
  traceId: bigint | undefined,
  isMasked = false,
): void {
  const type = cutAndMarked(MAX_TYPE, errorType(error))
  // First, so that the span has failed while code of the program's runs.
  dataNow()[DATA_KEYS.errorType] = type
  const message = errorMessage(error)
  dataNow()[DATA_KEYS.errorMessage] = message
  if (typeof error !== 'object' || error === null) return
  const failure = new Failure(traceId, isMasked)
  const stack = failure.stackOf(error, MAX_STACK)
  if (stack !== undefined) dataNow()[DATA_KEYS.errorStack] = stack
  const { cause, errors } = failure.behind(error)
  if (cause !== undefined) dataNow()[DATA_KEYS.errorCause] = cause
  if (errors !== undefined) dataNow()[DATA_KEYS.errorParts] = errors
}

/** One of the errors behind another. Lists that would be empty are left out. */
type Entry = { type: string; message: string; stack?: string } & Behind
type Behind = { cause?: PlainValue[]; errors?: PlainValue[] }

class Failure {
  readonly #traceId: bigint | undefined
  /** The errors on the way to the one that is being read. */
  readonly #above: unknown[] = []
  #left = MAX_ERRORS
  readonly #isMasked: boolean

  constructor(traceId: bigint | undefined, isMasked: boolean) {
    this.#traceId = traceId
    this.#isMasked = isMasked
  }

  /** Reads the stack, which V8 makes then, only if it is to be recorded. */
  stackOf(error: object, most: number): string | undefined {
    if (this.#traceId === undefined || !isNew(error, this.#traceId)) return undefined
    const stack = read(error, 'stack')
    if (typeof stack !== 'string' || stack === '') return undefined
    const bounded = boundedStack(stack, most)
    return this.#isMasked ? maskPaths(bounded) : bounded
  }

  behind(error: unknown, level = 0): Behind {
    this.#above.push(error)
    const behind: Behind = {}
    const cause = this.#causesOf(error, level)
    if (cause.length > 0) behind.cause = cause
    const errors = this.#partsOf(error, level)
    if (errors.length > 0) behind.errors = errors
    this.#above.pop()
    return behind
  }

  /** The chain of causes, the nearest first. */
  #causesOf(error: unknown, level: number): PlainValue[] {
    const causes: PlainValue[] = []
    const height = this.#above.length
    for (let cause = read(error, 'cause'); cause !== undefined && cause !== null; cause = read(cause, 'cause')) {
      if (this.#above.includes(cause)) causes.push('[Circular]')
      else if (this.#left === 0) causes.push('[cut: more causes]')
      else {
        const entry = this.#entry(cause)
        this.#above.push(cause)
        const errors = this.#partsOf(cause, level)
        causes.push(errors.length === 0 ? entry : { ...entry, errors })
        continue
      }
      break
    }
    this.#above.length = height
    return causes
  }

  #partsOf(error: unknown, level: number): PlainValue[] {
    const { first, length } = partsIn(error)
    const parts: PlainValue[] = []
    for (const part of first) {
      if (this.#left === 0 || level === MAX_LEVELS) break
      if (this.#above.includes(part)) parts.push('[Circular]')
      else parts.push({ ...this.#entry(part), ...this.behind(part, level + 1) })
    }
    if (length > parts.length) parts.push(`[cut: ${length - parts.length} more]`)
    return parts
  }

  #entry(error: unknown): Entry {
    this.#left--
    const entry: Entry = {
      type: cutAndMarked(MAX_TYPE, errorType(error)),
      message: cutAndMarked(MAX_MESSAGE, errorMessage(error)),
    }
    const stack = typeof error === 'object' && error !== null ? this.stackOf(error, MAX_STACK_BEHIND) : undefined
    if (stack !== undefined) entry.stack = stack
    return entry
  }
}

/** The errors that an AggregateError holds, or a SuppressedError. */
function partsIn(error: unknown): { readonly first: readonly unknown[]; readonly length: number } {
  try {
    if (errorType(error) === 'SuppressedError') {
      return { first: [read(error, 'error'), read(error, 'suppressed')], length: 2 }
    }
    const errors = read(error, 'errors')
    if (Array.isArray(errors)) return { first: errors.slice(0, MAX_PARTS), length: errors.length }
  } catch {
    // A proxy, say.
  }
  return { first: [], length: 0 }
}

function read(error: unknown, key: string): unknown {
  if (typeof error !== 'object' || error === null) return undefined
  try {
    return Reflect.get(error, key)
  } catch {
    return undefined
  }
}

function boundedStack(stack: string, most: number): string {
  if (stack.length <= most) return stack
  const frames = stack.indexOf('\n    at ')
  if (frames <= MAX_HEAD) return cutAndMarked(most, stack)
  return cutAndMarked(MAX_HEAD, stack.slice(0, frames)) + cutTo(most - MAX_HEAD, stack.slice(frames))
}

/** The traces in which the stack of an error stands. A program may throw one error in many traces. */
const tracesOf = new WeakMap<object, Set<bigint>>()

/** Whether an error has not failed a span of the trace before. */
function isNew(error: object, traceId: bigint): boolean {
  const traces = tracesOf.get(error)
  if (traces === undefined) {
    tracesOf.set(error, new Set([traceId]))
    return true
  }
  if (traces.has(traceId)) return false
  if (traces.size >= MAX_TRACES) traces.clear()
  traces.add(traceId)
  return true
}
