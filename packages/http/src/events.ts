import { EventEmitter } from 'node:events'
import { type ActiveSpan, currentSpan } from '@trace/core'
import { type Emit, type Request, type Response, TRACED } from './traced.js'

/** Stands in for the `emit` of a traced request. One function for all of them, so that none has to be made. */
export function emitOnRequest(this: Request, event: string | symbol, ...args: unknown[]): boolean {
  const traced = this[TRACED]
  if (traced === undefined) return EventEmitter.prototype.emit.call(this, event, ...args)
  return emitIn(traced.span, this, traced.emitOfRequest, [event, ...args])
}

/** Stands in for the `emit` of a traced request's response, and ends the request with it. */
export function emitOnResponse(this: Response, event: string | symbol, ...args: unknown[]): boolean {
  const traced = this[TRACED]
  if (traced === undefined) return EventEmitter.prototype.emit.call(this, event, ...args)
  if (event === 'finish') traced.sent()
  if (event !== 'close') return emitIn(traced.span, this, traced.emitOfResponse, [event, ...args])
  try {
    return emitIn(traced.span, this, traced.emitOfResponse, [event, ...args])
  } finally {
    // Last, so that listeners can still add to the span.
    traced.end()
  }
}

/** Node emits most events from where the connection's data came in, outside the request's context: listeners want theirs. */
function emitIn(span: ActiveSpan, emitter: EventEmitter, emit: Emit, args: [string | symbol, ...unknown[]]): boolean {
  if (emitter.listenerCount(args[0]) === 0 || currentSpan() === span) return Reflect.apply(emit, emitter, args)
  return span.run(() => Reflect.apply(emit, emitter, args))
}
