import {
  type ActiveSpan,
  currentSpan,
  dataToWrite,
  describe,
  outsideTraces,
  type StartOptions,
  type TraceOptions,
  type Tracer,
} from '@trace/core'
import { type LogIds, w3c } from '@trace/http'
import type { Attributes, AttributeValue, ContextManager, Exception, Span, SpanKind, Telemetry } from 'bullmq'

// What BullMQ asks for (https://docs.bullmq.io/guide/telemetry), and OpenTelemetry's keys for messaging
// (https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/).

/** `SpanKind.PRODUCER` and `SpanKind.CONSUMER` of BullMQ. */
const [PRODUCER, CONSUMER] = [3, 4]

/** The attributes of BullMQ that are recorded, and as what. Others hold options and results of jobs. */
const KEYS: Readonly<Record<string, string>> = {
  'bullmq.queue.name': 'messaging.destination.name',
  'bullmq.queue.operation': 'messaging.operation.name',
  'bullmq.job.id': 'messaging.message.id',
  'bullmq.job.bulk.count': 'messaging.batch.message_count',
  'bullmq.worker.id': 'messaging.client.id',
  'bullmq.job.name': 'bullmq.job.name',
  'bullmq.job.scheduler.id': 'bullmq.job.scheduler.id',
  'bullmq.job.attempts.made': 'bullmq.job.attempts.made',
}

const propagator = w3c()

/** Text of two headers, of which the longest has 512 characters by its recommendation. */
const LONGEST_METADATA = 16_384

/** Which trace work belongs to, as BullMQ hands it around. */
class QueueContext {
  /** The span that work runs in; undefined outside a trace. */
  readonly span: ActiveSpan | undefined
  /** The trace that a job continues. */
  readonly caller: TraceOptions | undefined
  /** Whether jobs that are added in it continue its trace. */
  readonly isCarried: boolean

  constructor(span: ActiveSpan | undefined, caller?: TraceOptions, isCarried: boolean = true) {
    this.span = span
    this.caller = caller
    this.isCarried = isCarried
  }
}

/**
 * Makes BullMQ's option `telemetry`, for queues, workers and flow producers. Adding a job within a trace has a span. Each attempt at the
 * job has one below it, in the process of its worker. A job that was added outside a trace begins a trace with each attempt. What
 * workers do besides has no span.
 */
export function bullmqTelemetry(tracer: Tracer): Telemetry<object> {
  const telemetry: Telemetry<QueueContext> = {
    tracer: {
      startSpan: (name, options, context) => startSpan(tracer, name, options?.kind, context),
    },
    contextManager: new Contexts(),
  }
  return telemetry
}

/**
 * The ids of the trace that a job continues, and of the span that added it, for log lines where no span runs: in `active` and other
 * events of BullMQ. Never throws.
 *
 * @returns an object without any keys where the job was added outside a trace
 */
export function jobLogIds(job: { readonly opts?: { readonly telemetry?: { readonly metadata?: string } } }): LogIds {
  const { traceId, parentId } = callerOf(job.opts?.telemetry?.metadata) ?? {}
  return traceId === undefined ? {} : { trace_id: String(traceId), span_id: String(parentId) }
}

class Contexts implements ContextManager<QueueContext> {
  with<Fn extends (...args: never[]) => unknown>({ span }: QueueContext, fn: Fn): ReturnType<Fn> {
    const call = (): ReturnType<Fn> => fn() as ReturnType<Fn>
    if (span !== undefined) return span.run(call)
    return currentSpan() === undefined ? call() : outsideTraces(call)
  }

  active(): QueueContext {
    return new QueueContext(currentSpan())
  }

  root(): QueueContext {
    return new QueueContext(undefined)
  }

  /** @returns empty where there is nothing to carry: BullMQ then stores nothing, or leaves what the job has */
  getMetadata({ span, isCarried }: QueueContext): string {
    if (span === undefined || !isCarried) return ''
    const headers: Record<string, string> = {}
    propagator.inject(span, (name, value) => {
      headers[name] = value
    })
    return JSON.stringify(headers)
  }

  fromMetadata(_active: QueueContext, metadata: string): QueueContext {
    return new QueueContext(undefined, callerOf(metadata))
  }
}

/** Reads what `getMetadata` or another adapter has written. Whoever can write to the queue could have written it. */
function callerOf(metadata: unknown): TraceOptions | undefined {
  if (typeof metadata !== 'string' || metadata.length > LONGEST_METADATA) return undefined
  try {
    const headers: unknown = JSON.parse(metadata)
    return propagator.extract((name) => {
      const value: unknown = Object.getOwnPropertyDescriptor(Object(headers), name)?.value
      return typeof value === 'string' ? value : undefined
    })
  } catch {
    return undefined
  }
}

function startSpan(tracer: Tracer, name: string, kind: SpanKind | undefined, context?: QueueContext): Span {
  if (kind === CONSUMER) return new JobSpan(begin(tracer, 'job', name, context?.caller ?? { root: true }), 'process')
  if (kind === PRODUCER && currentSpan() !== undefined) return new JobSpan(begin(tracer, 'queue', name), 'send')
  return UNTRACED
}

function begin(tracer: Tracer, kind: string, name: string, options?: StartOptions): ActiveSpan {
  const span = tracer.start(kind, name, options)
  if (span.recording) dataToWrite(span)['messaging.system'] = 'bullmq'
  return span
}

/** The span of adding jobs, or of an attempt at one. */
class JobSpan implements Span<QueueContext> {
  readonly #span: ActiveSpan

  constructor(span: ActiveSpan, operationType: string) {
    this.#span = span
    if (span.recording) dataToWrite(span)['messaging.operation.type'] = operationType
  }

  setSpanOnContext(): QueueContext {
    return new QueueContext(this.#span)
  }

  setAttribute(key: string, value: AttributeValue): void {
    this.setAttributes({ [key]: value })
  }

  setAttributes(attributes: Attributes): void {
    const span = this.#span
    if (!span.recording) return
    const { 'bullmq.queue.operation': operation, 'bullmq.queue.name': queue } = attributes
    // BullMQ's own name has the job's, of which there may be any number.
    if (operation !== undefined) span.name = [operation, queue].filter(Boolean).join(' ')
    for (const [key, value] of Object.entries(attributes)) {
      const ours = Object.hasOwn(KEYS, key) ? KEYS[key] : undefined
      if (ours !== undefined && value !== '') dataToWrite(span)[ours] = value
    }
  }

  /** All that BullMQ tells of an attempt that fails: see `failed` in the README for its error. */
  addEvent(name: string, attributes?: Attributes): void {
    if (name !== 'job failed') return
    this.#span.fail({ name: '_OTHER', message: String(attributes?.['bullmq.job.failed.reason']) })
  }

  /** A text is that of an error of the connection, after which BullMQ tries again. */
  recordException(exception: Exception): void {
    if (typeof exception === 'object') this.#span.fail(exception)
    else this.#span.event('exception', { 'exception.message': describe(exception) })
  }

  end(): void {
    this.#span.finish()
  }
}

/** Of what is not traced: what it calls runs in the current span, and a job that it moves keeps its own trace. */
const UNTRACED: Span<QueueContext> = {
  setSpanOnContext: ({ span }) => new QueueContext(span, undefined, false),
  setAttribute: () => {},
  setAttributes: () => {},
  addEvent: () => {},
  recordException: () => {},
  end: () => {},
}
