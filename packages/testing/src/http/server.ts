import type { Tracer } from '@trace/core'

/** A request, as far as the suite looks at it: those of `node:http` and of `node:http2` are such. */
export interface SuiteRequest extends AsyncIterable<unknown> {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** Names and values in turn. */
  readonly rawHeaders: readonly string[]
  readonly socket: SuiteConnection
  /** Of HTTP/2. */
  readonly stream?: { readonly session?: SuiteSession | undefined }
  on(event: string, listener: (chunk: Uint8Array) => void): unknown
  destroy(error?: Error): unknown
  emit(event: string, ...args: unknown[]): boolean
}

/** The connection that requests of HTTP/2 came by. */
export interface SuiteSession {
  setTimeout(milliseconds: number, onTimeout: () => void): unknown
  destroy(): unknown
}

/** The connection that a request came by. */
export interface SuiteConnection {
  readonly remoteAddress?: string | undefined
  setTimeout(milliseconds: number): unknown
  destroy(): unknown
  listenerCount(event: string): number
}

/** A response, as far as the suite uses it. */
export interface SuiteResponse extends NodeJS.WritableStream {
  statusCode: number
  writeHead(status: number, headers?: Record<string, string | string[]>): unknown
  setHeader(name: string, value: string): unknown
  hasHeader(name: string): boolean
  getHeaderNames(): string[]
  removeHeader(name: string): void
  /** Every response of Node's has it; the types of HTTP/2's do not say so. */
  flushHeaders?(): void
  destroy(error?: Error): unknown
  /** Of HTTP/2. */
  readonly stream?: SuiteStream
}

/** What a response of HTTP/2 is sent on. */
export interface SuiteStream {
  on(event: 'error', listener: () => void): unknown
  destroy(error?: Error): unknown
  /** @param code of HTTP/2's error codes */
  close(code: number): unknown
}

/** Handles a request on Node's own objects. */
export type SuiteHandler = (req: SuiteRequest, res: SuiteResponse) => void

/** A connection that asked to become another protocol's, for its handler to write on. */
export interface SuiteSocket {
  write(data: string | Uint8Array): unknown
  end(): unknown
  end(data: string): unknown
  destroy(): unknown
}

/** The options that the middleware is to be made with; one that is not there is to be left to its default. */
export interface MiddlewareOptions<Propagator = never> {
  /** The spans' kind. */
  readonly kind?: string
  /** Whether requests with ids continue the caller's trace, or which. */
  readonly honorReqHeader?: boolean | ((req: SuiteRequest) => boolean)
  /** The header that carries the ids. */
  readonly headerKey?: string
  /** Whether responses carry the trace id. */
  readonly addRespHeader?: boolean
  /** What carries ids, of {@link HttpSuiteOptions.propagators}: read in this order, and all written. */
  readonly propagators?: readonly Propagator[]
  /** What a request's span is called. */
  readonly name?: (req: SuiteRequest) => string
  /** Requests that get no span. */
  readonly ignore?: (req: SuiteRequest) => boolean
  /** Whether the query string is recorded, and the parameters whose values are not. */
  readonly query?: boolean | { readonly mask: readonly string[] }
  /** Request headers to record. */
  readonly requestHeaders?: readonly string[]
  /** Response headers to record. */
  readonly responseHeaders?: readonly string[]
}

/** What the server is to answer. Nothing of it is to be called before the middleware has run. */
export interface HttpRoutes {
  /** `GET /own`: gives what to answer, a text, with status 200 and by the framework's own means. */
  own(req: SuiteRequest): string
  /** `GET /throw`: throws, for the framework to answer 500. */
  fail(): never
  /** `/any` and all paths below it, whatever the method; bodies are to be left unread. Answers by itself, or does not. */
  readonly handle: SuiteHandler
  /** Upgrades of `/any`, where {@link HttpSuiteOptions.upgrades}. */
  upgrade(socket: SuiteSocket): void
}

/** A server that listens on 127.0.0.1. */
export interface HttpServer {
  readonly port: number
  close(): void | Promise<void>
}

/** Starts a server that traces its requests by this tracer. */
export type StartServer<Propagator = never> = (
  tracer: Tracer,
  options: MiddlewareOptions<Propagator>,
  routes: HttpRoutes,
) => HttpServer | Promise<HttpServer>

/** The formats of ids that the suite knows, as the middleware's option `propagators` takes them. */
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

/** How requests are traced that a handler makes. */
export interface Outgoing {
  /** Traces all requests of the process, with spans of this kind, from now on. @returns what switches it off */
  trace(tracer: Tracer, options: { readonly kind: string; readonly propagateTo?: readonly string[] }): () => void
  /** Ways to make a request and read its response to the end, beside `fetch` and those of `node:http`. */
  readonly ways?: Readonly<Record<string, (url: string) => Promise<unknown>>>
}

/** What a server's middleware can do, and how it shows. */
export interface HttpAbilities {
  /** The server speaks HTTP/2, in the clear; else HTTP/1.1. Default false. */
  readonly http2?: boolean
  /** The framework answers what handlers throw by 500; else `/throw` is not asked for. Default true. */
  readonly answersThrown?: boolean
  /** The context holds in the events of request and response; else they are not looked at. Default true. */
  readonly events?: boolean
  /** The request's own header is rewritten; else it is not looked at. Default true. */
  readonly rewritesHeader?: boolean
  /** What is recorded of a request is in the span's data as `@trace/http` has it. Default true. */
  readonly conventions?: boolean
  /** The middleware takes all options; else only `honorReqHeader`, true or false, `headerKey` and `addRespHeader`. Default true. */
  readonly allOptions?: boolean
  /** Upgrades of connections are handed to `routes.upgrade`, with spans of their own; else none is tried. Default false. */
  readonly upgrades?: boolean
  /** What the spans of some paths are called, whatever the server answers there; without it no name is looked at. */
  readonly names?: Readonly<Record<string, string>>
  /** How outgoing requests are traced; without it that is not tried. */
  readonly outgoing?: Outgoing
  /** The ids that log lines get, `trace_id` and `span_id` in decimal; without it that is not tried. */
  readonly logIds?: () => object
}

/** Options of {@link httpSuite}. */
export interface HttpSuiteOptions<Propagator = never> extends HttpAbilities {
  /** Called for every case. */
  readonly start: StartServer<Propagator>
  /** The same, with the middleware registered twice; without it that is not tried. */
  readonly startTwice?: StartServer<Propagator>
  /** The middleware's formats; without them its option `propagators` is not tried. */
  readonly propagators?: Formats<Propagator>
  /** How long a span may take to end after the responses, in ms; the responses may take twice as long. Default 4,000. */
  readonly patience?: number
}
