import type { EventEmitter } from 'node:events'
import { type ActiveSpan, currentSpan } from '@trace/core'
import { type Emit, type Request, type Response, tracedOf, tracedOfResponse } from './messages.js'
import { sharedWrapper } from './shared-wrapper.js'

/** Wraps the `emit` of requests: listeners run in the request's context. */
export const emitOfRequest: (emit: Emit) => Emit = sharedWrapper((emit) => {
  return function (this: Request, event: string | symbol, ...args: unknown[]): boolean {
    const span = tracedOf(this)?.span
    if (span === undefined || needsNoContext(span, this, event)) return emit.call(this, event, ...args)
    return emitIn(span, emit, this, [event, ...args])
  }
})

/** Wraps the `emit` of responses: the same, and ends the request with its response. */
export const emitOfResponse: (emit: Emit) => Emit = sharedWrapper((emit) => {
  return function (this: Response, event: string | symbol, ...args: unknown[]): boolean {
    const traced = tracedOfResponse(this)
    if (traced === undefined) return emit.call(this, event, ...args)
    if (event === 'finish') {
      traced.sent()
      if (!traced.endsWithFinish && traced.stream === undefined && hasNodesListenerOnly(this)) {
        return emit.call(this, event, ...args)
      }
    }
    try {
      if (needsNoContext(traced.span, this, event)) return emit.call(this, event, ...args)
      return emitIn(traced.span, emit, this, [event, ...args])
    } finally {
      // Last, so that listeners can still add to the span.
      if (event === 'close' || (event === 'finish' && traced.endsWithFinish)) traced.end()
    }
  }
})

/** A function of its own, so that the wrappers above need no closure for every event. */
function emitIn(span: ActiveSpan, emit: Emit, emitter: EventEmitter, args: Parameters<Emit>): boolean {
  return span.run(() => Reflect.apply(emit, emitter, args))
}

/**
 * Whether an event needs no context: it has no listeners, or the context is the right one. Node emits most events where the
 * connection's data came in, outside the request's context.
 */
function needsNoContext(span: ActiveSpan, emitter: EventEmitter, event: string | symbol): boolean {
  return emitter.listenerCount?.(event) === 0 || currentSpan() === span
}

/** Node's server has one listener for the end of each HTTP/1.1 response, which needs no context. */
function hasNodesListenerOnly(res: Response): boolean {
  return res.listenerCount('finish') === 1
}
