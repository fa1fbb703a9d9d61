import {
  type ActiveSpan,
  checkOptions,
  currentSpan,
  DATA_KEYS,
  dataToWrite,
  type OptionRule,
  optionRules,
  type Tracer,
} from '@trace/core'
import type { Propagator } from '../propagation/propagator.js'
import { requestId } from '../propagation/request-id.js'
import { methodOf, pathOf, routeName } from '../values/naming.js'
import { propagatorsRule, tracerRule } from '../values/rules.js'
import { type Destination, urlsOf } from './destination.js'
import { type RequestHeaders, writeIds } from './ids.js'
import { carriesFunction, propagateToRule, type Target } from './targets.js'

/** Options of `traceClients`, `tracedFetch` and `traceInterceptor`. */
export interface ClientOptions {
  /** The spans' kind. Default `client`. */
  readonly kind?: string
  /** Which headers carry the ids; all of them are written. Default `[requestId()]`. */
  readonly propagators?: readonly Propagator[]
  /**
   * Which requests carry ids: a function of the URL, or a list. Default all, those to third parties too. Where a whole URL is
   * sent to a proxy, both must be among them.
   */
  readonly propagateTo?: ((url: URL) => boolean) | readonly Target[]
}

/** What an outgoing request is, however it is made. */
export interface Outgoing {
  readonly method: string
  readonly destination: Destination
  /** What is sent as its target: a path with its query or, on its way to a proxy, a whole URL. */
  readonly target: string
}

const RULES: Readonly<Record<keyof ClientOptions, OptionRule>> = {
  kind: optionRules.string,
  propagators: propagatorsRule,
  propagateTo: propagateToRule,
}

/** Starts and ends the spans of outgoing requests: all that the ways of making one have in common. */
export class ClientRequests {
  readonly #tracer: Tracer
  readonly #kind: string
  readonly #propagators: readonly Propagator[]
  readonly #carries: (request: Outgoing) => boolean

  /**
   * @param caller its name, for messages
   * @throws {TraceError} `TRACE_BAD_OPTION`: names the option, what was expected, and what was got
   */
  constructor(caller: string, tracer: Tracer, options: ClientOptions) {
    checkOptions(caller, { tracer }, { tracer: tracerRule })
    checkOptions(caller, options, RULES)
    this.#tracer = tracer
    this.#kind = options.kind ?? 'client'
    this.#propagators = options.propagators ?? [requestId()]
    const carries = options.propagateTo === undefined ? undefined : carriesFunction(options.propagateTo)
    this.#carries = ({ destination, target }) =>
      carries === undefined || urlsOf(destination.origin, target)?.every(carries) === true
  }

  /**
   * Starts the span of a request that is about to be sent, as a child of the current one.
   *
   * @returns undefined outside a trace, where requests are left alone: a recorder's own are made there
   */
  begin(request: Outgoing): ClientSpan | undefined {
    if (currentSpan() === undefined) return undefined
    const { destination, target } = request
    const method = methodOf(request.method)
    const span = this.#tracer.start(this.#kind, routeName(method, destination.name))
    if (span.recording) {
      const data = dataToWrite(span)
      data[DATA_KEYS.httpMethod] = method
      if (destination.address !== '') data[DATA_KEYS.serverAddress] = destination.address
      if (destination.port !== undefined) data[DATA_KEYS.serverPort] = destination.port
      data[DATA_KEYS.urlPath] = pathOf(target)
    }
    return new ClientSpan(span, this.#propagators, this.#carries(request))
  }
}

/** The span of an outgoing request. */
export class ClientSpan {
  readonly span: ActiveSpan
  readonly #propagators: readonly Propagator[]
  readonly #isCarried: boolean
  #isEnded = false

  /** @param isCarried whether its ids go with the request */
  constructor(span: ActiveSpan, propagators: readonly Propagator[], isCarried: boolean) {
    this.span = span
    this.#propagators = propagators
    this.#isCarried = isCarried
  }

  /** The request's headers are about to be sent. Never throws. */
  sending(headers: RequestHeaders): void {
    try {
      writeIds(this.span, this.#propagators, this.#isCarried, headers)
    } catch {
      // Headers that cannot be read: they go as they are.
    }
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  /** The response has begun. */
  answered(status: number): void {
    if (this.#isEnded) return
    dataToWrite(this.span)[DATA_KEYS.httpStatus] = status
    if (status >= 500) this.span.fail({ name: String(status), message: `answered ${status}` })
    if (status === 101) this.#end('upgraded')
  }

  /** The whole response has been read. */
  complete(): void {
    this.#end(undefined)
  }

  /** The request did not get its whole response: by an error, or because the program wanted it no more. */
  broke(error: unknown): void {
    if (this.#isEnded) return
    if (isDeliberate(error)) {
      this.#end('aborted')
    } else {
      this.span.fail(error)
      this.#end('error')
    }
  }

  /** The connection became another protocol's. */
  upgraded(status = 101): void {
    if (!this.#isEnded) dataToWrite(this.span)[DATA_KEYS.httpStatus] = status
    this.#end('upgraded')
  }

  #end(reason: string | undefined): void {
    if (this.#isEnded) return
    this.#isEnded = true
    if (reason !== undefined) dataToWrite(this.span)[DATA_KEYS.httpEndReason] = reason
    this.span.finish()
  }
}

/**
 * An `AbortController`'s abort but no timeout, axios' own kind of that, or nothing that is an error at all, as where a
 * response is dropped unread.
 */
function isDeliberate(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || propertyOf(error, 'code') === 'ERR_CANCELED') return true
  if (propertyOf(error, 'name') === 'AbortError')
    return propertyOf(propertyOf(error, 'cause'), 'name') !== 'TimeoutError'
  return typeof propertyOf(error, 'message') !== 'string'
}

/** @returns undefined where there is none, or where it throws */
export function propertyOf(value: unknown, name: string): unknown {
  try {
    return Reflect.get(Object(value), name)
  } catch {
    return undefined
  }
}
