import { type ActiveSpan, checkOptions, currentSpan, type OptionRule, optionRules, type Tracer } from '@trace/core'
import { carriesFunction, propagateToRule, type Target } from './client-targets.js'
import type { Propagator } from './propagator.js'
import { requestId } from './request-id.js'
import { propagatorsRule, tracerRule } from './rules.js'

/** Options of `traceClients` and `tracedFetch`. */
export interface ClientOptions {
  /** The spans' kind. Default `client`. */
  readonly kind?: string
  /** Which headers carry the ids; all of them are written. Default `[requestId()]`. */
  readonly propagators?: readonly Propagator[]
  /** Which requests carry ids: a function of the URL, or a list. Default all, those to third parties too. */
  readonly propagateTo?: ((url: URL) => boolean) | readonly Target[]
}

/** What an outgoing request is, however it is made. */
export interface Outgoing {
  readonly method: string
  readonly url: URL
  /** Whether the caller has set this header, whose name is in lower case. */
  hasHeader(name: string): boolean
  setHeader(name: string, value: string): void
}

/** @param path it may begin with two slashes or, on its way to a proxy, be a whole URL */
export function urlOf(origin: string, path: string): URL {
  return path.startsWith('/') ? new URL(origin + path) : new URL(path, origin)
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
  readonly #carries: (url: URL) => boolean

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
    this.#carries = carriesFunction(options.propagateTo)
  }

  /**
   * Starts the span of a request that is about to be sent, as a child of the current one, and writes its ids.
   *
   * @returns undefined outside a trace, where requests are left alone: a recorder's own are made there
   */
  begin(request: Outgoing): ClientSpan | undefined {
    if (currentSpan() === undefined) return undefined
    const { method, url } = request
    const span = this.#tracer.start(this.#kind, `${method} ${url.host}`)
    if (span.sampled) {
      const { data } = span
      data['http.request.method'] = method
      data['server.address'] = url.hostname
      if (url.port !== '') data['server.port'] = Number(url.port)
      data['url.path'] = url.pathname
    }
    if (this.#carries(url)) this.#inject(span, request)
    return new ClientSpan(span)
  }

  #inject(span: ActiveSpan, request: Outgoing): void {
    // All are asked before any writes: two may share a header, which is then not the caller's.
    const writing = this.#propagators.filter(
      ({ headers }) => !headers.some((name) => request.hasHeader(name.toLowerCase())),
    )
    for (const propagator of writing) {
      try {
        propagator.inject(span, (name, value) => request.setHeader(name, value))
      } catch {
        // The request goes on without that header, and its span is not lost.
      }
    }
  }
}

/** The span of an outgoing request. */
export class ClientSpan {
  readonly span: ActiveSpan
  #isEnded = false

  constructor(span: ActiveSpan) {
    this.span = span
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  /** The response has begun. */
  answered(status: number): void {
    if (this.#isEnded) return
    this.span.data['http.response.status_code'] = status
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
    if (!this.#isEnded) this.span.data['http.response.status_code'] = status
    this.#end('upgraded')
  }

  #end(reason: string | undefined): void {
    if (this.#isEnded) return
    this.#isEnded = true
    if (reason !== undefined) this.span.data['http.end_reason'] = reason
    this.span.finish()
  }
}

/**
 * An `AbortController`'s abort but no timeout, axios' own kind of that, or nothing that is an error at all, as where a
 * response is dropped unread.
 */
function isDeliberate(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || Reflect.get(error, 'code') === 'ERR_CANCELED') return true
  if (Reflect.get(error, 'name') === 'AbortError') {
    const cause: unknown = Reflect.get(error, 'cause')
    return typeof cause !== 'object' || cause === null || Reflect.get(cause, 'name') !== 'TimeoutError'
  }
  return typeof Reflect.get(error, 'message') !== 'string'
}
