import { AsyncLocalStorage } from 'node:async_hooks'
import type { ActiveSpan } from '../contract/active-span.js'
import type { TraceOptions, Tracer } from '../contract/tracer.js'
import { aroundSnapshot } from '../values/snapshot.js'

/** The current span, and the tracer that starts its children. */
export interface ContextSpan extends ActiveSpan {
  readonly tracer: Tracer
  /** Shared by all spans of this process's part of a trace; see `freshOffset`. */
  readonly clockOffset: bigint
  /** The decision whether the trace is kept, where it is not sampled; undefined where it is, or where none is made. */
  readonly late: LateDecision | undefined
  /** What its children start with, where it is a span of another process. */
  readonly origin?: TraceOptions
}

/** Whether a trace that is not sampled is kept: `held` until that is known. */
export interface LateDecision {
  readonly state: 'held' | 'kept' | 'gone'
}

/** The number changes with the shape of {@link ContextSpan}. */
const KEY = Symbol.for('@trace/core/context/2')

/** One per process, even if two copies of this package are installed: so they see each other's spans. */
export const context: AsyncLocalStorage<ContextSpan | undefined> = sharedContext()

// Node 20 and 22 cannot store a heap in which a context has been run.
aroundSnapshot({ before: () => context.disable() })

function sharedContext(): AsyncLocalStorage<ContextSpan | undefined> {
  const existing: unknown = Reflect.get(globalThis, KEY)
  if (existing instanceof AsyncLocalStorage) return existing
  const created = new AsyncLocalStorage<ContextSpan | undefined>()
  // If a program has frozen its globals, each copy of this package has a context of its own.
  Reflect.defineProperty(globalThis, KEY, { value: created })
  return created
}

/** The current span; undefined outside a trace. */
export function currentSpan(): ActiveSpan | undefined {
  return context.getStore()
}

/** The id of the current span; 0n outside a trace. */
export function currentSpanId(): bigint {
  return context.getStore()?.spanId ?? 0n
}

/** The id of the current trace; 0n outside a trace. */
export function currentTraceId(): bigint {
  return context.getStore()?.traceId ?? 0n
}

/**
 * For adapters: whether a span that starts now, below the current one, may be recorded. Below a span of another process, that is decided
 * when it starts. False outside a trace.
 */
export function isTracing(): boolean {
  const span = context.getStore()
  return span !== undefined && (span.recording || span.origin !== undefined)
}

/** Runs a function outside any trace. */
export function outsideTraces<T>(fn: () => T): T {
  return context.run(undefined, fn)
}

/** A diagnostics channel whose publisher runs a function by `runStores`, as a TracingChannel's `start` and `asyncStart`. */
export interface RunningChannel {
  bindStore(store: AsyncLocalStorage<unknown>, transform: (message: unknown) => unknown): void
  unbindStore(store: AsyncLocalStorage<unknown>): unknown
}

/**
 * For adapters: runs what a channel runs in a span. A channel has one such function, the last that was bound.
 *
 * @param spanOf the span for a message; undefined to leave the current one. What it throws is ignored, and leaves the current one
 * @returns ends that
 */
export function bindSpans(channel: RunningChannel, spanOf: (message: unknown) => ActiveSpan | undefined): () => void {
  // Whoever publishes gets what a transform throws as an uncaught exception.
  channel.bindStore(context as AsyncLocalStorage<unknown>, (message) => {
    try {
      const span = spanOf(message)
      if (span === undefined) return context.getStore()
      // What a tracer makes is what the context holds. To ask by `run` would change the context and back.
      return 'tracer' in span && 'clockOffset' in span ? span : span.run(currentSpan)
    } catch {
      return context.getStore()
    }
  })
  return () => {
    channel.unbindStore(context as AsyncLocalStorage<unknown>)
  }
}
