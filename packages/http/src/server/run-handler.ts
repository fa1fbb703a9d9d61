import * as types from 'node:util/types'
import { checkOptions, type OptionRule } from '@trace/core'
import type { TracedRequest } from './messages.js'

const HANDLER: Readonly<Record<'handler', OptionRule>> = {
  handler: {
    expected: 'a function as the first argument',
    test: (value) => typeof value === 'function',
    required: true,
  },
}

/**
 * @param adapter its name, for the message
 * @throws {TraceError} `TRACE_BAD_OPTION`, where the handler is none: else the first request would end the process
 */
export function checkHandler(adapter: string, handler: unknown): void {
  checkOptions(adapter, { handler }, HANDLER)
}

/**
 * Runs a handler in its request's span, and notes what it throws or, if it is an `async` function, rejects with. It returns what
 * the handler returns. For an `async` function, whose promise no other code has yet, it returns another promise that settles the
 * same way. Any other promise is returned unwatched, because watching it would handle its rejection.
 *
 * @param call calls the handler
 */
export function runHandler(traced: TracedRequest, handler: unknown, call: () => unknown): unknown {
  try {
    const result = traced.span.run(call)
    return types.isAsyncFunction(handler) && types.isPromise(result) ? noted(traced, result) : result
  } catch (error) {
    traced.threw(error)
    throw error
  }
}

function noted(traced: TracedRequest, promise: Promise<unknown>): Promise<unknown> {
  return promise.catch((error: unknown) => {
    traced.threw(error)
    throw error
  })
}
