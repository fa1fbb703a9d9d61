import { context, ProxyTracerProvider, propagation, trace } from '@opentelemetry/api'
import type { Tracer } from '@trace/core'
import { Contexts } from './contexts.js'
import { Propagator } from './propagator.js'
import { Tracers } from './tracers.js'

/** The API of OpenTelemetry, with a tracer of ours behind it. */
export interface OpenTelemetryBridge {
  /** Takes the tracer from behind the API again: spans that start from now on are not recorded; those that are open still are. */
  disable(): void
}

/** One for the process, as the API is: a tracer of the API that was asked for once is kept, and works again with the next bridge. */
const tracers = new Tracers()

/**
 * Puts a tracer behind `@opentelemetry/api`: what its instrumentations and the program record by it becomes spans of this tracer, in one
 * tree with its own. Call it once, before the instrumentations start. Where an SDK of OpenTelemetry, or another bridge, is registered
 * already, it changes nothing and warns.
 *
 * @returns ends that
 */
export function openTelemetryBridge(tracer: Tracer): OpenTelemetryBridge {
  const contexts = new Contexts(tracer)
  if (!register(tracer, contexts)) {
    tracer.warn(
      'opentelemetry registered twice',
      'openTelemetryBridge: something else is registered with @opentelemetry/api already, so nothing of it is recorded here: do not start its SDK, and open one bridge only',
    )
    return { disable: () => {} }
  }
  tracers.tracer = tracer
  tracers.contexts = contexts
  return {
    disable: () => {
      if (tracers.tracer !== tracer) return
      tracers.tracer = undefined
      tracers.contexts = undefined
      if (isOurs()) unregister()
    },
  }
}

/** @returns whether all three were free; otherwise none is taken */
function register(tracer: Tracer, contexts: Contexts): boolean {
  if (!trace.setGlobalTracerProvider(tracers)) return false
  if (!context.setGlobalContextManager(contexts)) {
    trace.disable()
    return false
  }
  if (propagation.setGlobalPropagator(new Propagator(tracer))) return true
  trace.disable()
  context.disable()
  return false
}

/** Whether nobody has put another provider in the place of ours. */
function isOurs(): boolean {
  const provider = trace.getTracerProvider()
  return provider instanceof ProxyTracerProvider && provider.getDelegate() === tracers
}

function unregister(): void {
  trace.disable()
  context.disable()
  propagation.disable()
}
