import { AsyncLocalStorage } from 'node:async_hooks'
import type { ActiveSpan } from '../contract/active-span.js'
import type { Tracer } from '../contract/tracer.js'
import { aroundSnapshot } from '../values/snapshot.js'

/** What the context holds: a span and the tracer that makes its children. */
export interface ContextSpan extends ActiveSpan {
  readonly tracer: Tracer
  /** All spans of this process's part of a trace share it: see `freshOffset`. */
  readonly clockOffset: bigint
}

/** The number changes with the shape of {@link ContextSpan}. */
const KEY = Symbol.for('@trace/core/context/1')

/** One for the process, even where two copies of this package are installed: they see each other's spans. */
export const context: AsyncLocalStorage<ContextSpan | undefined> = sharedContext()

// Node 20 and 22 cannot store a heap in which a context has been run.
aroundSnapshot({ before: () => context.disable() })

function sharedContext(): AsyncLocalStorage<ContextSpan | undefined> {
  const existing: unknown = Reflect.get(globalThis, KEY)
  if (existing instanceof AsyncLocalStorage) return existing
  const created = new AsyncLocalStorage<ContextSpan | undefined>()
  // Where a program has frozen its globals, each copy of this package has a context of its own.
  Reflect.defineProperty(globalThis, KEY, { value: created })
  return created
}

/** The span that is current here; undefined outside a trace. */
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

/** Runs a function outside any trace. */
export function outsideTraces<T>(fn: () => T): T {
  return context.run(undefined, fn)
}
