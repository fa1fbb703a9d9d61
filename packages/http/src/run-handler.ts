import { checkOptions, type OptionRule } from '@trace/core'
import type { Traced } from './traced.js'

const HANDLER: Readonly<Record<'handler', OptionRule>> = {
  handler: {
    expected: 'a function, before the options',
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

/** Runs a handler in its request's span, and notes what it throws or rejects with, which is passed on. */
export function runHandler(traced: Traced, handler: () => unknown): unknown {
  try {
    return watched(traced, traced.span.run(handler))
  } catch (error) {
    traced.threw(error)
    throw error
  }
}

/** A promise that settles as this one does, once a rejection has been noted. Any other value as it is: a lazy thenable stays so. */
function watched(traced: Traced, result: unknown): unknown {
  if (!(result instanceof Promise)) return result
  return result.then(undefined, (error: unknown) => {
    traced.threw(error)
    throw error
  })
}
