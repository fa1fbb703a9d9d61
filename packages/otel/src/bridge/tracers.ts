import {
  type Context,
  context as contextApi,
  INVALID_SPAN_CONTEXT,
  type Span,
  SpanKind,
  type SpanOptions,
  type Tracer as TracerOfApi,
  type TracerProvider,
  trace,
} from '@opentelemetry/api'
import { KIND_KEY, kindOf, OTLP_KEYS, untoldKind } from '@trace/analysis/formats'
import { type ActiveSpan, currentSpan, describe, type StartOptions, type Tracer } from '@trace/core'
import { BridgedSpan } from './bridged-span.js'
import { type Contexts, isSuppressed } from './contexts.js'
import { originOf } from './span-context.js'
import { nanosecondsOf } from './times.js'

/** Gives tracers of the API that start spans of ours, for as long as there is a tracer. Those that it has given outlast that. */
export class Tracers implements TracerProvider {
  tracer: Tracer | undefined = undefined
  contexts: Contexts | undefined = undefined

  getTracer(name: string, version?: string): TracerOfApi {
    return new BridgedTracer(this, name, version)
  }
}

class BridgedTracer implements TracerOfApi {
  readonly #tracers: Tracers
  readonly #name: string
  readonly #version: string | undefined

  constructor(tracers: Tracers, name: string, version: string | undefined) {
    this.#tracers = tracers
    this.#name = name
    this.#version = version
  }

  startSpan(name: string, options: SpanOptions = {}, context: Context = contextApi.active()): Span {
    const { tracer } = this.#tracers
    try {
      if (tracer !== undefined && !isSuppressed(context)) return this.#start(tracer, name, options ?? {}, context)
    } catch (error) {
      tracer?.warn('opentelemetry span', `a span of OpenTelemetry could not be started: ${describe(error)}`)
    }
    return trace.wrapSpanContext(INVALID_SPAN_CONTEXT)
  }

  startActiveSpan<F extends (span: Span) => unknown>(name: string, fn: F): ReturnType<F>
  startActiveSpan<F extends (span: Span) => unknown>(name: string, options: SpanOptions, fn: F): ReturnType<F>
  startActiveSpan<F extends (span: Span) => unknown>(
    name: string,
    options: SpanOptions,
    context: Context,
    fn: F,
  ): ReturnType<F>
  startActiveSpan(name: string, ...rest: unknown[]): unknown {
    const fn = rest.at(-1) as (span: Span) => unknown
    const options = (rest.length > 1 ? rest[0] : undefined) as SpanOptions | undefined
    const parent = ((rest.length > 2 ? rest[1] : undefined) as Context | undefined) ?? contextApi.active()
    const span = this.startSpan(name, options, parent)
    const { contexts } = this.#tracers
    if (contexts === undefined) return contextApi.with(trace.setSpan(parent, span), fn, undefined, span)
    return contexts.withSpan(span, parent, fn)
  }

  #start(tracer: Tracer, name: string, options: SpanOptions, context: Context): Span {
    const { attributes, links, startTime } = options
    const otlpKind = (options.kind ?? SpanKind.INTERNAL) + 1
    const kind = kindOf(otlpKind, attributes ?? NO_ATTRIBUTES)
    const start = startTime === undefined ? undefined : nanosecondsOf(startTime)
    const parent = options.root === true ? undefined : trace.getSpan(context)
    const span = new BridgedSpan(startBelow(parent, tracer, [kind, name, start]), start !== undefined)
    if (!span.span.recording) return span
    const { data } = span.span
    if (this.#name) data[OTLP_KEYS.scopeName] = this.#name
    if (this.#version) data[OTLP_KEYS.scopeVersion] = this.#version
    if (attributes !== undefined) span.setAttributes(attributes)
    if (links !== undefined) span.addLinks(links)
    const untold = untoldKind(otlpKind, { kind, data })
    if (untold !== undefined) data[KIND_KEY] = untold
    return span
  }
}

const ROOT: StartOptions = { root: true }
const NO_ATTRIBUTES = {}

function startBelow(
  parent: Span | undefined,
  tracer: Tracer,
  [kind, name, start]: readonly [kind: string, name: string, start: bigint | undefined],
): ActiveSpan {
  if (parent instanceof BridgedSpan) {
    const options = start === undefined ? undefined : { start }
    if (parent.span === currentSpan()) return tracer.start(kind, name, options)
    return parent.span.run(() => tracer.start(kind, name, options))
  }
  const origin = parent === undefined ? undefined : originOf(parent.spanContext())
  if (origin !== undefined) return tracer.start(kind, name, { ...origin, start })
  if (start !== undefined) return tracer.start(kind, name, { root: true, start })
  return currentSpan() === undefined ? tracer.start(kind, name) : tracer.start(kind, name, ROOT)
}
