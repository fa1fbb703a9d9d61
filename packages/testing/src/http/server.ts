import type { Tracer } from '@trace/core'

/** The part of a request that the suite uses. Requests of `node:http` and `node:http2` have it. */
export interface SuiteRequest extends AsyncIterable<unknown> {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** Names and values of headers, alternating. */
  readonly rawHeaders: readonly string[]
  readonly socket: SuiteConnection
  /** Of HTTP/2. */
  readonly stream?: { readonly session?: SuiteSession | undefined }
  on(event: string, listener: (chunk: Uint8Array) => void): unknown
  destroy(error?: Error): unknown
  emit(event: string, ...args: unknown[]): boolean
}

/** The connection of an HTTP/2 request. */
export interface SuiteSession {
  setTimeout(milliseconds: number, onTimeout: () => void): unknown
  destroy(): unknown
}

/** The connection of a request. */
export interface SuiteConnection {
  readonly remoteAddress?: string | undefined
  setTimeout(milliseconds: number): unknown
  destroy(): unknown
  listenerCount(event: string): number
}

/** The part of a response that the suite uses. */
export interface SuiteResponse extends NodeJS.WritableStream {
  statusCode: number
  writeHead(status: number, headers?: Record<string, string | string[]>): unknown
  setHeader(name: string, value: string): unknown
  hasHeader(name: string): boolean
  getHeaderNames(): string[]
  removeHeader(name: string): void
  /** All responses of Node have it, although the HTTP/2 types lack it. */
  flushHeaders?(): void
  destroy(error?: Error): unknown
  /** Of HTTP/2. */
  readonly stream?: SuiteStream
}

/** The stream of an HTTP/2 response. */
export interface SuiteStream {
  on(event: 'error', listener: () => void): unknown
  destroy(error?: Error): unknown
  /** @param code an HTTP/2 error code */
  close(code: number): unknown
}

/** Handles a request by Node's own objects. */
export type SuiteHandler = (req: SuiteRequest, res: SuiteResponse) => void

/** A connection whose client asked for an upgrade. The handler writes on it. */
export interface SuiteSocket {
  write(data: string | Uint8Array): unknown
  end(): unknown
  end(data: string): unknown
  destroy(): unknown
}

/** Options to create the middleware with. An option that is missing has its default. */
export interface MiddlewareOptions<Propagator = never> {
  /** The spans' kind. */
  readonly kind?: string
  /** Whether requests with ids continue the caller's trace; a function decides for each request. */
  readonly honorReqHeader?: boolean | ((req: SuiteRequest) => boolean)
  /** The header that carries the ids. */
  readonly headerKey?: string
  /** Whether responses carry the trace id. */
  readonly addRespHeader?: boolean
  /** Propagators of {@link HttpSuiteOptions.propagators}: they are read in this order, and all are written. */
  readonly propagators?: readonly Propagator[]
  /** Returns the name of a request's span. */
  readonly name?: (req: SuiteRequest) => string
  /** Returns true for requests that get no span. */
  readonly ignore?: (req: SuiteRequest) => boolean
  /** Whether the query string is recorded; `mask` names parameters whose values are not. */
  readonly query?: boolean | { readonly mask: readonly string[] }
  /** Names of request headers to record. */
  readonly requestHeaders?: readonly string[]
  /** Names of response headers to record. */
  readonly responseHeaders?: readonly string[]
}

/** What the server must answer. Call these functions only after the middleware has run. */
export interface HttpRoutes {
  /** `GET /own`: returns a text, which the framework must answer in its usual way with status 200. */
  own(req: SuiteRequest): string
  /** `GET /throw`: throws, and the framework must answer 500. */
  fail(): never
  /** `/any` and all paths below it, with every method. It answers itself, or never; nothing may read the body before it. */
  readonly handle: SuiteHandler
  /** Upgrades of `/any`, if {@link HttpSuiteOptions.upgrades} is true. */
  upgrade(socket: SuiteSocket): void
}

/** A server that listens on 127.0.0.1. */
export interface HttpServer {
  readonly port: number
  close(): void | Promise<void>
}

/** Starts a server whose requests are traced by this tracer. */
export type StartServer<Propagator = never> = (
  tracer: Tracer,
  options: MiddlewareOptions<Propagator>,
  routes: HttpRoutes,
) => HttpServer | Promise<HttpServer>

/** The propagators of all formats that the suite knows, as the middleware's option `propagators` takes them. */
export interface Formats<Propagator> {
  /** `X-Request-Id: traceId:spanId`, in decimal. */
  readonly requestId: Propagator
  /** W3C Trace Context. */
  readonly w3c: Propagator
  /** B3, which writes the single header and reads both forms. */
  readonly b3: Propagator
  /** B3, which writes several headers. */
  readonly b3Multi: Propagator
}

/** How the requests that handlers make are traced. */
export interface Outgoing {
  /** From now on, gives every request of the process a span of this kind. @returns a function that stops this */
  trace(tracer: Tracer, options: { readonly kind: string; readonly propagateTo?: readonly string[] }): () => void
  /** More functions that make a request and read its response to the end, besides `fetch` and those of `node:http`. */
  readonly ways?: Readonly<Record<string, (url: string) => Promise<unknown>>>
}

/** What a server and its middleware can do. */
export interface HttpAbilities {
  /** The server speaks HTTP/2 without TLS, otherwise HTTP/1.1. Default false. */
  readonly http2?: boolean
  /** The framework answers 500 if a handler throws; otherwise `/throw` is not tested. Default true. */
  readonly answersThrown?: boolean
  /** Events of requests and responses run in the context; otherwise they are not tested. Default true. */
  readonly events?: boolean
  /** The id header of the request is rewritten; otherwise it is not tested. Default true. */
  readonly rewritesHeader?: boolean
  /** The data of spans has the keys of `@trace/http`; otherwise data is not tested. Default true. */
  readonly conventions?: boolean
  /** The middleware takes all options; otherwise only `headerKey`, `addRespHeader`, and a boolean `honorReqHeader`. Default true. */
  readonly allOptions?: boolean
  /** Upgrades have a span, and `routes.upgrade` handles them; otherwise they are not tested. Default false. */
  readonly upgrades?: boolean
  /** The names of the spans of some paths. Default: no names are tested. */
  readonly names?: Readonly<Record<string, string>>
  /** How outgoing requests are traced. Default: not tested. */
  readonly outgoing?: Outgoing
  /** Returns the ids for log lines, `trace_id` and `span_id` in decimal. Default: not tested. */
  readonly logIds?: () => object
}

/** Options of {@link httpSuite}. */
export interface HttpSuiteOptions<Propagator = never> extends HttpAbilities {
  /** Starts a server. Called for every case. */
  readonly start: StartServer<Propagator>
  /** The same with the middleware registered twice. Default: not tested. */
  readonly startTwice?: StartServer<Propagator>
  /** The middleware's propagators. Default: its option `propagators` is not tested. */
  readonly propagators?: Formats<Propagator>
  /** How long a case waits for spans to end after the responses, in ms. It waits twice as long for responses. Default 4,000. */
  readonly patience?: number
}
