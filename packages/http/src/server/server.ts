import type { IncomingMessage } from 'node:http'
import {
  type ActiveSpan,
  currentSpan,
  DATA_KEYS,
  dataToWrite,
  outsideTraces,
  type StartOptions,
  type TraceOptions,
  writeLater,
} from '@trace/core'
import { extractFirst, type Propagator } from '../propagation/propagator.js'
import { parseIdHeader } from '../propagation/request-id.js'
import { asKey, methodOf, pathOf, queryOf, routeName } from '../values/naming.js'
import { isForeignId, type NewHeader, replaceHeader, replaceHeaders } from './header.js'
import { hasHead } from './instrument.js'
import { type Request, type Response, TRACED, type TracedRequest } from './messages.js'
import { type HeadRules, type ServerOptions, type Settings, settingsFrom } from './options.js'
import { type Arrival, type Registration, RequestInfo } from './request-info.js'
import { RequestSpan } from './request-span.js'
import { storesHeads } from './response-state.js'

/** A propagator of the program's may make names of what it gets. */
const MOST_NAMES = 100

const NEW_TRACE: StartOptions = { root: true }

const NOTHING_MORE: Arrival = {}

/** Starts the spans of a server's requests: all that the adapters have in common. */
export class RequestTracer implements Registration {
  readonly adapter: string
  readonly head: HeadRules
  readonly #settings: Settings
  /** Every header of the propagators, in lower case. */
  readonly #family: readonly string[]
  /** The names in lower case of headers that propagators have written, by how they write them. */
  readonly #lowerNames = new Map<string, string>()
  #hasWarned = false

  /**
   * @param adapter its name, for messages
   * @throws {TraceError} `TRACE_BAD_OPTION`: names the option, what was expected, and what was got
   */
  constructor(adapter: string, options: ServerOptions) {
    this.adapter = adapter
    this.#settings = settingsFrom(adapter, options)
    this.head = this.#settings.head
    const headers = this.#settings.propagators?.flatMap((propagator) => propagator.headers) ?? []
    this.#family = [...new Set(headers.map((name) => asKey(name.toLowerCase())))]
  }

  /**
   * Starts a request's span, which ends by itself: when the response has been sent, or the connection closed.
   *
   * @returns undefined where the request has a span already, or is to have none; never throws
   */
  begin(req: Request, res: Response, arrival: Arrival = NOTHING_MORE): TracedRequest | undefined {
    const earlier = req[TRACED]
    if (earlier !== undefined) {
      // What has begun it sees it again where the program hands it to its application anew, and where it stands there twice.
      if (earlier.info?.by !== this) this.warnOfTwo(earlier.info?.by?.adapter)
      return undefined
    }
    if (this.#ignores(req)) return undefined
    let span: ActiveSpan | undefined
    let traced: RequestSpan | undefined
    try {
      const name = this.#givenName(req)
      const info = this.#infoOf(req, name, arrival)
      span = this.#start(req, name ?? info.ownName ?? '')
      traced = RequestSpan.of(span, req, res, info)
      this.#equip(traced, req, res)
    } catch {
      // A mock of a request that lacks something, or a tracer that throws: the request is served, if need be without a span.
      if (traced === undefined) span?.finish()
    }
    // Last, since what is read of a request of Express's takes longest after a property was added to it.
    traced?.mark(req, res)
    return traced
  }

  /** Runs what handles a request that `begin` has given no span: one that has none at all, outside any trace. */
  pass<T>(req: Request, handle: () => T): T {
    // A server that was started in a trace has that as its context.
    return req[TRACED] === undefined && currentSpan() !== undefined ? outsideTraces(handle) : handle()
  }

  /** Warns, once, that requests are traced twice. @param other what else traces them */
  warnOfTwo(other: string = 'another copy of this package'): void {
    if (this.#hasWarned) return
    this.#hasWarned = true
    const what = other === this.adapter ? `${other} is registered twice` : `${other} traces these requests already`
    const message = `${this.adapter}: ${what}; requests keep one span each. Remove the later ${this.adapter}`
    try {
      this.#settings.tracer.warn('registered twice', message)
    } catch {
      // The tracer is a wrapper that lacks `warn`, or throws.
    }
  }

  #ignores(req: IncomingMessage): boolean {
    try {
      return this.#settings.ignore?.(req) === true
    } catch {
      return false
    }
  }

  #givenName(req: IncomingMessage): string | undefined {
    try {
      const name: unknown = this.#settings.name?.(req)
      return typeof name === 'string' && name !== '' ? name : undefined
    } catch {
      return undefined
    }
  }

  #infoOf(req: Request, givenName: string | undefined, arrival: Arrival): RequestInfo {
    const info = new RequestInfo(this, methodOf(req.method), pathOf(targetOf(req)), arrival)
    if (givenName === undefined) info.ownName = nameOf(info)
    return info
  }

  /** Writes what is known of a request into its span, and the ids into its headers and, where that is to be done now, the response's. */
  #equip(traced: RequestSpan, req: Request, res: Response): void {
    const { span, info } = traced
    if (span.recording) this.#describe(req, span, info)
    this.#sendIds(req, traced)
    const { idHeader } = this.head
    // Beforehand only where nothing better can be had: on Bun, and on mocks, of whose methods nothing else is known.
    if (idHeader !== undefined && !(info.isWrapped ? storesHeads() : hasHead(res)))
      res.setHeader(idHeader.name, traced.idText)
  }

  #start(req: Request, name: string): ActiveSpan {
    const { tracer, kind, lowerKey, propagators, readsHeaderKey } = this.#settings
    const header = readsHeaderKey ? req.headers[lowerKey] : undefined
    // Apart, since most requests bring no ids.
    return header === undefined && propagators === undefined
      ? tracer.start(kind, name, NEW_TRACE)
      : this.#startBelow(req, name, header)
  }

  /** @param header the id's header, which another system may have written */
  #startBelow(req: Request, name: string, header: unknown): ActiveSpan {
    const { tracer, kind, propagators } = this.#settings
    const id = typeof header === 'string' ? header : undefined
    const caller =
      propagators === undefined ? parseIdHeader(id) : extractFirst(propagators, (each) => headerOf(req, each))
    const isTrusted = caller !== undefined && this.#trusts(req)
    const span = tracer.start(kind, name, isTrusted ? continuing(caller) : NEW_TRACE)
    if (!span.recording) return span
    if (caller?.traceId !== undefined && !isTrusted) {
      dataToWrite(span)[DATA_KEYS.untrustedParent] = `${caller.traceId}:${caller.parentId ?? 0n}`
    }
    const isForeign = id !== undefined && isForeignId(id) && (caller === undefined || parseIdHeader(id) === undefined)
    if (isForeign) dataToWrite(span)[DATA_KEYS.requestId] = id
    return span
  }

  #trusts(req: IncomingMessage): boolean {
    const { honorReqHeader } = this.#settings
    if (typeof honorReqHeader === 'boolean') return honorReqHeader
    try {
      return honorReqHeader(req) === true
    } catch {
      return false
    }
  }

  #describe(req: Request, span: ActiveSpan, info: RequestInfo): void {
    const { maskedParameters, requestHeaders } = this.#settings
    if (maskedParameters !== undefined) info.query = queryOf(targetOf(req), maskedParameters)
    if (!writeLater(span, info)) info.writeTo(dataToWrite(span))
    if (requestHeaders.length > 0) this.#recordHeaders(req, span)
  }

  #recordHeaders(req: Request, span: ActiveSpan): void {
    for (const { name, key } of this.#settings.requestHeaders) {
      const value = req.headers[name]
      if (value !== undefined) dataToWrite(span)[key] = value
    }
  }

  #sendIds(req: Request, { span, idText }: TracedRequest): void {
    const { headerKey, lowerKey, propagators } = this.#settings
    if (propagators === undefined) replaceHeader(req, headerKey, lowerKey, `${idText}:${span.spanId}`)
    else this.#inject(req, span, propagators)
  }

  #inject(req: Request, span: ActiveSpan, propagators: readonly Propagator[]): void {
    const headers: NewHeader[] = []
    const add = (name: string, value: string) => headers.push({ name, lowerName: this.#lowerNameOf(name), value })
    for (const propagator of propagators) propagator.inject(span, add)
    // An untrusted client's `tracestate`, say, must not travel on beside our ids.
    replaceHeaders(req, this.#family, headers)
  }

  #lowerNameOf(name: string): string {
    let lowerName = this.#lowerNames.get(name)
    if (lowerName === undefined) {
      lowerName = asKey(name.toLowerCase())
      if (this.#lowerNames.size < MOST_NAMES) this.#lowerNames.set(name, lowerName)
    }
    return lowerName
  }
}

/** As it was asked for: a path and a query. */
function targetOf(req: Request): string {
  return req.originalUrl ?? req.url ?? ''
}

function nameOf({ method, path, route }: RequestInfo): string {
  return route === undefined ? `${method} ${path}` : routeName(method, route)
}

function headerOf(req: IncomingMessage, name: string): string | undefined {
  const value = req.headers[name]
  return typeof value === 'string' ? value : undefined
}

function continuing(caller: TraceOptions): StartOptions {
  return caller.traceId === undefined ? { ...caller, root: true } : caller
}
