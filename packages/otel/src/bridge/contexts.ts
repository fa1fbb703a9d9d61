import { AsyncLocalStorage } from 'node:async_hooks'
import { EventEmitter } from 'node:events'
import { type Context, type ContextManager, createContextKey, ROOT_CONTEXT, type Span, trace } from '@opentelemetry/api'
import { type ActiveSpan, currentSpan, outsideTraces, remoteSpan, type Tracer } from '@trace/core'
import { BridgedSpan, bridged } from './bridged-span.js'
import { bindEmitter } from './emitters.js'
import { originOf } from './span-context.js'

// The API makes the same symbol of the same text, and keeps these two to itself and to its SDK.
const SPAN_KEY = createContextKey('OpenTelemetry Context Key SPAN')
const SUPPRESS_KEY = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING')

/** Whether no span is to start in a context. */
export function isSuppressed(context: Context): boolean {
  return context.getValue(SUPPRESS_KEY) === true
}

/** A context whose span is apart from all else in it: so we see that two differ in the span alone, which is our own context. */
class SpanAndRest implements Context {
  readonly span: Span | undefined
  readonly rest: Context

  constructor(span: Span | undefined, rest: Context) {
    this.span = span
    this.rest = rest
  }

  getValue(key: symbol): unknown {
    return key === SPAN_KEY ? this.span : this.rest.getValue(key)
  }

  setValue(key: symbol, value: unknown): Context {
    return key === SPAN_KEY
      ? new SpanAndRest((value ?? undefined) as Span | undefined, this.rest)
      : new SpanAndRest(this.span, this.rest.setValue(key, value))
  }

  deleteValue(key: symbol): Context {
    return key === SPAN_KEY
      ? new SpanAndRest(undefined, this.rest)
      : new SpanAndRest(this.span, this.rest.deleteValue(key))
  }
}

/** A context that is active, and the span of ours that was current when it became so. */
interface Entry {
  readonly context: Context
  readonly rest: Context
  readonly current: ActiveSpan | undefined
}

/**
 * Keeps the API's context together with ours. The span of the one is the current span of the other. What else is in a context, such as
 * baggage, is kept here.
 */
export class Contexts implements ContextManager {
  readonly #entries = new AsyncLocalStorage<Entry>()
  readonly #tracer: Tracer

  /** @param tracer starts what begins below a span of another process */
  constructor(tracer: Tracer) {
    this.#tracer = tracer
  }

  active(): Context {
    const entry = this.#entries.getStore()
    const current = currentSpan()
    if (entry === undefined) return current === undefined ? ROOT_CONTEXT : contextOf(current, ROOT_CONTEXT)
    if (entry.current === current) return entry.context
    return current === undefined ? new SpanAndRest(undefined, entry.rest) : contextOf(current, entry.rest)
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    context: Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return this.#run(context, () => Reflect.apply(fn, thisArg, args))
  }

  /** Runs a function with a span in a context, and gives it the span. */
  withSpan<T>(span: Span, context: Context, fn: (span: Span) => T): T {
    const rest = context instanceof SpanAndRest ? context.rest : context
    if (span instanceof BridgedSpan && this.#isRest(rest)) return span.span.run(() => fn(span))
    return this.#run(new SpanAndRest(span, rest), () => fn(span))
  }

  /** Whether this is what the active context has beside its span, so that only our own context has to change. */
  #isRest(rest: Context): boolean {
    return rest === (this.#entries.getStore()?.rest ?? ROOT_CONTEXT) && !isSuppressed(rest)
  }

  #run<T>(context: Context, call: () => T): T {
    const isOurs = context instanceof SpanAndRest
    const span = isOurs ? context.span : trace.getSpan(context)
    const rest = isOurs ? context.rest : context
    if (span instanceof BridgedSpan && this.#isRest(rest)) {
      span.context = context
      span.rest = rest
      return span.span.run(() => call())
    }
    const current = span === undefined || isSuppressed(rest) ? undefined : this.#ours(span)
    const entry = { context, rest, current }
    return this.#entries.run(entry, () => (current === undefined ? outsideTraces(call) : current.run(() => call())))
  }

  /** The span of ours for one of the API; undefined if its ids are none. */
  #ours(span: Span): ActiveSpan | undefined {
    if (span instanceof BridgedSpan) return span.span
    try {
      const origin = originOf(span.spanContext())
      return origin === undefined ? undefined : remoteSpan(this.#tracer, origin)
    } catch {
      return undefined
    }
  }

  bind<T>(context: Context, target: T): T {
    if (target instanceof EventEmitter) {
      bindEmitter(target, (listener) => this.#bound(context, listener))
      return target
    }
    return typeof target === 'function' ? (this.#bound(context, target as never) as T) : target
  }

  #bound<F extends (...args: unknown[]) => unknown>(context: Context, fn: F): F {
    const run = <T>(call: () => T): T => this.#run(context, call)
    const bound = function (this: unknown, ...args: unknown[]): unknown {
      return run(() => Reflect.apply(fn, this, args))
    }
    Object.defineProperty(bound, 'length', { value: fn.length, configurable: true })
    return bound as F
  }

  enable(): this {
    return this
  }

  disable(): this {
    this.#entries.disable()
    return this
  }
}

/** The context that differs from another in its span; the same one again where that is the last that the span was in. */
function contextOf(current: ActiveSpan, rest: Context): Context {
  const span = bridged(current)
  if (span.context !== undefined && span.rest === rest) return span.context
  span.rest = rest
  span.context = new SpanAndRest(span, rest)
  return span.context
}
