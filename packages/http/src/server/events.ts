import type { EventEmitter } from 'node:events'
import { type ActiveSpan, currentSpan } from '@trace/core'
import { type Emit, type Request, type Response, tracedOf, tracedOfResponse } from './messages.js'
import { sharedWrapper } from './shared-wrapper.js'

/** Wraps the `emit` of requests: listeners run in the request's context. */
export const emitOfRequest: (emit: Emit) => Emit = sharedWrapper((emit) => {
  return function (this: Request, event: string | symbol, ...args: unknown[]): boolean {
    // Where there are none, no context is needed. Asked first: with Express, all that is read of a request takes long.
    const listeners = this.listenerCount?.(event)
    if (listeners === 0) return emit.call(this, event, ...args)
    const span = tracedOf(this)?.span
    const isNodesOnly = event === 'end' && listeners === 1 && hasNodesEndListener(this)
    if (span === undefined || isNodesOnly || currentSpan() === span) return emit.call(this, event, ...args)
    return emitIn(span, emit, this, event, ...args)
  }
})

/** Wraps the `emit` of responses: the same, and ends the request with its response. */
export const emitOfResponse: (emit: Emit) => Emit = sharedWrapper((emit) => {
  return function (this: Response, event: string | symbol, ...args: unknown[]): boolean {
    const isOurs = event === 'finish' || event === 'close' || event === 'pipe'
    const listeners = this.listenerCount?.(event)
    const traced = isOurs || listeners !== 0 ? tracedOfResponse(this) : undefined
    if (traced === undefined) return emit.call(this, event, ...args)
    if (event === 'pipe') traced.pipes(args[0])
    if (event === 'finish') {
      traced.sent()
      // Node's server has one listener for the end of each HTTP/1.1 response, which needs no context.
      if (listeners === 1 && !traced.endsWithFinish && traced.stream === undefined) {
        return finishInNode(emit, this, ...args)
      }
    }
    try {
      // Node emits most events where the connection's data came in, outside the request's context.
      if (listeners === 0 || currentSpan() === traced.span) return emit.call(this, event, ...args)
      return emitIn(traced.span, emit, this, event, ...args)
    } finally {
      // Last, so that listeners can still add to the span.
      if (event === 'close' || (event === 'finish' && traced.endsWithFinish)) traced.end()
    }
  }
})

/** A function of its own, so that the wrappers above need no closure for every event. */
function emitIn(span: ActiveSpan, emit: Emit, emitter: EventEmitter, ...args: Parameters<Emit>): boolean {
  return span.run(() => Reflect.apply(emit, emitter, args))
}

/** Node's own listener of a request's `end`, once it has been seen: `clearIncoming` of `_http_server.js`. */
let nodesEndListener: ReturnType<EventEmitter['rawListeners']>[number] | undefined

/**
 * Emits `finish`, on which only Node's server listens. If the request has not been read to its end, Node adds a listener for that,
 * which needs no context: to run it in the span would take a quarter of what all of a request's tracing takes.
 */
function finishInNode(emit: Emit, res: Response, ...args: readonly unknown[]): boolean {
  const { req } = res
  const learns = nodesEndListener === undefined && req?.listenerCount?.('end') === 0
  const result = emit.call(res, 'finish', ...args)
  const added = learns ? req.rawListeners('end')[0] : undefined
  if (added?.name === 'clearIncoming') nodesEndListener = added
  return result
}

function hasNodesEndListener(req: Request): boolean {
  return nodesEndListener !== undefined && req.listenerCount('end', nodesEndListener) === 1
}
