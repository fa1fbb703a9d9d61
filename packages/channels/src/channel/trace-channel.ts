import { type TracingChannel, tracingChannel } from 'node:diagnostics_channel'
import { type ActiveSpan, bindSpans, currentSpan, describe, isTracing, onOneLine, type Tracer } from '@trace/core'

/** What a library publishes for one call: the same object at each of its events. Its keys are those of the library. */
export type ChannelMessage = Readonly<Record<string, unknown>>

/** How the calls that a channel tells of become spans. What its functions throw is warned of, and leaves out what they would give. */
export interface ChannelSpans {
  /** The kind of the spans, such as `db`. */
  readonly kind: string
  /** Their name, such as `SELECT users`. Let it have few values, and no literals. */
  readonly name: string | ((message: ChannelMessage) => string)
  /** Their data when a call begins. */
  readonly data?: (message: ChannelMessage) => Readonly<Record<string, unknown>>
  /** Data that is added when a call has ended: `message.result` is what it gave, if it has not failed. */
  readonly resultData?: (message: ChannelMessage) => Readonly<Record<string, unknown>>
  /** The error that is recorded of a call that failed, where its message repeats what the program sent. Default: `message.error`. */
  readonly error?: (message: ChannelMessage) => unknown
  /** Whether a call outside any trace begins one. Default: false, and such a call is not recorded. */
  readonly outsideTraces?: boolean
}

/** For whom a channel is traced. */
interface Use {
  readonly tracer: Tracer
  readonly spans: ChannelSpans
}

/** A call that is recorded. */
class Call implements Use {
  readonly tracer: Tracer
  readonly spans: ChannelSpans
  readonly span: ActiveSpan
  /** The current span of whoever called; undefined outside a trace. */
  readonly caller: ActiveSpan | undefined
  readonly channel: TracedChannel
  /** The call whose message this one shares, where a library publishes one object on several channels. */
  readonly outer: Call | undefined

  constructor(channel: TracedChannel, { tracer, spans }: Use, message: ChannelMessage) {
    const { kind, name } = spans
    this.tracer = tracer
    this.spans = spans
    this.channel = channel
    this.caller = currentSpan()
    this.outer = Note.of(message)
    this.span = tracer.start(kind, typeof name === 'string' ? name : (given(this, name, message) ?? kind))
  }
}

class Itself {
  constructor(message: object) {
    // biome-ignore lint/correctness/noConstructorReturn: the class below adds its private field to this object.
    return message
  }
}

/** Holds on a message which call it tells of, in a field that nobody else sees: a WeakMap takes several times as long to collect. */
class Note extends Itself {
  #call: Call | undefined

  static put(message: object, call: Call | undefined): void {
    const note = #call in message ? message : new Note(message)
    note.#call = call
  }

  static of(message: object): Call | undefined {
    return #call in message ? message.#call : undefined
  }
}

/** Those that were traced ever: each listens to the ends of calls for good, since some outlast the tracing. */
const channels = new Map<string, TracedChannel>()

/**
 * Records a span for each call that a library publishes on a `TracingChannel`, below the current span of whoever called. What the
 * call does runs in that span, and a callback in the caller's. The span ends when the call has returned, its promise has settled, or
 * its callback is about to run. Nothing is changed in the library, which may be loaded before or after.
 *
 * @param channel the channel's name, such as `mysql2:query`: without `tracing:` and the event's name
 * @returns ends that; spans of calls that run then are still recorded
 * @throws {TypeError} if the name is no string or is empty, or `spans` has no kind or no name
 */
export function traceChannel(tracer: Tracer, channel: string, spans: ChannelSpans): () => void {
  checkArguments(channel, spans)
  const known = channels.get(channel) ?? new TracedChannel(channel)
  channels.set(channel, known)
  const stop = known.trace({ tracer, spans })
  if (stop !== undefined) return stop
  tracer.warn('channel traced twice', `the channel ${channel} is traced already: call traceChannel once for each`)
  return () => {}
}

function checkArguments(channel: string, spans: ChannelSpans): void {
  const isName = (value: unknown): boolean => typeof value === 'string' && value !== ''
  if (!isName(channel)) throw new TypeError(`traceChannel: expected the name of a channel, got ${describe(channel)}`)
  if (typeof spans !== 'object' || spans === null) {
    throw new TypeError(`traceChannel: expected { kind, name } for ${channel}, got ${describe(spans)}`)
  }
  if (!isName(spans.kind))
    throw new TypeError(`traceChannel: "kind" for ${channel} is missing: give it a text, such as db`)
  if (!isName(spans.name) && typeof spans.name !== 'function') {
    throw new TypeError(`traceChannel: "name" for ${channel} is missing: give it a text, or a function that gives one`)
  }
}

class TracedChannel {
  // In Node 20 a channel that nothing holds is collected, and with it its listeners.
  readonly #channel: TracingChannel
  #use: Use | undefined

  constructor(name: string) {
    this.#channel = tracingChannel(name)
    this.#channel.end.subscribe((message) => this.#returned(message))
    this.#channel.asyncStart.subscribe((message) => this.#finish(message))
    // Some publish no more than that when a call ends.
    this.#channel.asyncEnd.subscribe((message) => this.#finish(message))
    this.#channel.error.subscribe((message) => this.#fail(message))
  }

  /** @returns ends that; undefined if it is traced already */
  trace(use: Use): (() => void) | undefined {
    if (this.#use !== undefined) return undefined
    this.#use = use
    const unbindStart = bindSpans(this.#channel.start, (message) => this.#begin(message))
    const unbindAsyncStart = bindSpans(this.#channel.asyncStart, (message) => this.#callOf(message)?.caller)
    return () => {
      if (this.#use !== use) return
      this.#use = undefined
      unbindStart()
      unbindAsyncStart()
    }
  }

  #begin(message: unknown): ActiveSpan | undefined {
    const caller = currentSpan()
    const use = this.#use
    // Nothing can be noted on a frozen one, and the span would stay open.
    if (use === undefined || !isMessage(message) || !Object.isExtensible(message)) return undefined
    if (caller === undefined ? use.spans.outsideTraces !== true : !isTracing()) return undefined
    const call = new Call(this, use, message)
    const { span, spans } = call
    if (span.recording && spans.data !== undefined) span.data = given(call, spans.data, message) ?? {}
    Note.put(message, call)
    return span
  }

  /** The part of a call that runs at once is over: all of it, if it has thrown, or has a result. */
  #returned(message: unknown): void {
    if (isMessage(message) && ('result' in message || message['error'] !== undefined)) this.#finish(message)
  }

  #fail(message: unknown): void {
    const call = this.#callOf(message)
    if (call === undefined || !isMessage(message) || !call.span.recording) return
    const { span, spans } = call
    span.fail(spans.error === undefined ? message['error'] : given(call, spans.error, message))
  }

  #finish(message: unknown): void {
    const call = this.#callOf(message)
    if (call === undefined || !isMessage(message)) return
    const { span, spans } = call
    if (spans.resultData !== undefined && span.recording) span.data = given(call, spans.resultData, message) ?? {}
    span.finish()
    Note.put(message, call.outer)
  }

  #callOf(message: unknown): Call | undefined {
    let call = isMessage(message) ? Note.of(message) : undefined
    while (call !== undefined && call.channel !== this) call = call.outer
    return call
  }
}

function given<T>({ tracer, spans }: Use, fn: (message: ChannelMessage) => T, message: ChannelMessage): T | undefined {
  try {
    return fn(message)
  } catch (error) {
    tracer.warn('channel function threw', `a function for spans of kind ${spans.kind} threw: ${textOf(error)}`)
    return undefined
  }
}

function textOf(error: unknown): string {
  try {
    return onOneLine(String(error))
  } catch {
    return describe(error)
  }
}

function isMessage(message: unknown): message is ChannelMessage {
  return typeof message === 'object' && message !== null
}
