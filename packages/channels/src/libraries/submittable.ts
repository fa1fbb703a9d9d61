import { type ActiveSpan, dataToWrite } from '@trace/core'
import { failQuery, type Query } from './query-error.js'
import { methodOf, override } from './wrapping.js'

/** What a client of pg calls of a query that the program made itself: a cursor, a stream, a `Query`. */
const EVENTS = [
  'handleRowDescription',
  'handleDataRow',
  'handlePortalSuspended',
  'handleCommandComplete',
  'handleEmptyQuery',
  'handleCopyInResponse',
  'handleCopyData',
  'handleReadyForQuery',
  'handleError',
] as const

/** Whether it is a query that the program made itself. */
export function isSubmittable(query: unknown): query is object {
  return methodOf(query, 'submit') !== undefined
}

/**
 * Runs what a query of the program's own does when the client tells it something in the caller's span, and finishes its span when the
 * client has done with it. No listeners are added, since those would change what it does.
 */
export function traceSubmittable(
  submittable: object,
  query: Query,
  caller: ActiveSpan,
  span: ActiveSpan | undefined,
): void {
  const givesRows = methodOf(submittable, 'handleDataRow') !== undefined
  let rows = 0
  const before: Partial<Record<(typeof EVENTS)[number], (given: unknown) => void>> = {
    handleDataRow: () => rows++,
    handleError: (error) => {
      if (span === undefined) return
      failQuery(span, error, query)
      span.finish()
    },
    handleReadyForQuery: () => {
      if (span === undefined) return
      if (givesRows) dataToWrite(span)['db.response.returned_rows'] = rows
      span.finish()
    },
  }
  for (const name of EVENTS) {
    const handler = methodOf(submittable, name)
    if (handler === undefined) continue
    const first = before[name]
    override(submittable, name, function (...args) {
      first?.(args[0])
      return caller.run(() => Reflect.apply(handler, this, args))
    })
  }
}
