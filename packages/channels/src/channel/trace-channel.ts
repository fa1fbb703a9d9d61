import { type TracingChannel, tracingChannel } from 'node:diagnostics_channel'
import {
  type ActiveSpan,
  bindSpans,
  currentSpan,
  dataToWrite,
  describe,
  isTracing,
  onOneLine,
  type Tracer,
} from '@trace/core'
import { notes } from './notes.js'

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

/** For libraries whose calls take so little time that copying data would count. */
export interface WritingSpans extends ChannelSpans {
  /** Writes into the data of a span when a call begins. */
  readonly begin?: (data: Record<string, unknown>, message: ChannelMessage) => void
  /** Writes into the data of a span when a call has ended. */
  readonly end?: (data: Record<string, unknown>, message: ChannelMessage) => void
  /** The error that is recorded of a call that has not failed itself; undefined if there is none. */
  readonly resultError?: (message: ChannelMessage) => unknown
  /** Whether what the library does in a call makes no spans: then nothing is run in the span of the call, which takes time. */
  readonly isLeaf?: boolean
}

/** For whom a channel is traced. */
interface Use {
  readonly tracer: Tracer
  readonly spans: WritingSpans
}

/** A call that is recorded. */
class Call implements Use {
  readonly tracer: Tracer
  readonly spans: WritingSpans
  readonly span: ActiveSpan
  /** The current span of whoever called; undefined outside a trace. */
  readonly caller: ActiveSpan | undefined
  readonly channel: TracedChannel
  /** The call whose message this one shares, where a library publishes one object on several channels. */
  readonly outer: Call | undefined

  constructor(channel: TracedChannel, { tracer, spans }: Use, message: ChannelMessage, caller: ActiveSpan | undefined) {
    const { kind, name } = spans
    this.tracer = tracer
    this.spans = spans
    this.channel = channel
    this.caller = caller
    this.outer = calls.of(message)
    this.span = tracer.start(kind, typeof name === 'string' ? name : (given(this, name, message) ?? kind))
  }
}

/** Which call a message tells of. */
const calls = notes<Call | undefined>()

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
    const unbindStart = this.#onStart(use.spans.isLeaf === true)
    const unbindAsyncStart = bindSpans(this.#channel.asyncStart, (message) => this.#callOf(message)?.caller)
    return () => {
      if (this.#use !== use) return
      this.#use = undefined
      unbindStart()
      unbindAsyncStart()
    }
  }

  /** @returns ends that */
  #onStart(isLeaf: boolean): () => void {
    const { start } = this.#channel
    if (!isLeaf) return bindSpans(start, (message) => this.#begin(message))
    // Whoever publishes gets what a subscriber throws as an uncaught exception.
    const begin = (message: unknown): void => {
      try {
        this.#begin(message)
      } catch {}
    }
    start.subscribe(begin)
    return () => void start.unsubscribe(begin)
  }

  #begin(message: unknown): ActiveSpan | undefined {
    const caller = currentSpan()
    const use = this.#use
    // Nothing can be noted on a frozen one, and the span would stay open.
    if (use === undefined || !isMessage(message) || !Object.isExtensible(message)) return undefined
    if (caller === undefined ? use.spans.outsideTraces !== true : !isTracing()) return undefined
    const call = new Call(this, use, message, caller)
    const { span, spans } = call
    if (span.recording) write(call, spans.begin, spans.data, message)
    calls.put(message, call)
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
    if (span.recording) {
      write(call, spans.end, spans.resultData, message)
      const error = spans.resultError === undefined ? undefined : given(call, spans.resultError, message)
      if (error !== undefined) span.fail(error)
    }
    span.finish()
    calls.put(message, call.outer)
  }

  #callOf(message: unknown): Call | undefined {
    let call = isMessage(message) ? calls.of(message) : undefined
    while (call !== undefined && call.channel !== this) call = call.outer
    return call
  }
}

/** Adds what one of two functions tells of a call. */
function write(
  call: Call,
  writing: WritingSpans['begin'],
  giving: ChannelSpans['data'],
  message: ChannelMessage,
): void {
  if (giving !== undefined) call.span.data = given(call, giving, message) ?? {}
  if (writing === undefined) return
  try {
    writing(dataToWrite(call.span), message)
  } catch (error) {
    warnOf(call, error)
  }
}

function given<T>(use: Use, fn: (message: ChannelMessage) => T, message: ChannelMessage): T | undefined {
  try {
    return fn(message)
  } catch (error) {
    warnOf(use, error)
    return undefined
  }
}

function warnOf({ tracer, spans }: Use, error: unknown): void {
  tracer.warn('channel function threw', `a function for spans of kind ${spans.kind} threw: ${textOf(error)}`)
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
