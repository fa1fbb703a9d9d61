import type { Tracer } from '@trace/core'

/** A request, as far as the suite looks at it: those of `node:http` and of `node:http2` are such. */
export interface SuiteRequest {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** Names and values in turn. */
  readonly rawHeaders: readonly string[]
  readonly url?: string | undefined
  on(event: string, listener: (chunk: Uint8Array) => void): unknown
}

/** A response, as far as the suite uses it. */
export interface SuiteResponse {
  writeHead(status: number, headers?: Record<string, string>): unknown
  write(text: string): unknown
  end(): unknown
  end(text: string): unknown
  on(event: string, listener: () => void): unknown
}

/** Handles a request on Node's own objects. */
export type SuiteHandler = (req: SuiteRequest, res: SuiteResponse) => void

/** The options that the middleware is to be made with; one that is not there is to be left to its default. */
export interface MiddlewareOptions {
  /** Whether requests with ids continue the caller's trace. */
  readonly honorReqHeader?: boolean
  /** The header that carries the ids. */
  readonly headerKey?: string
  /** Whether responses carry the trace id. */
  readonly addRespHeader?: boolean
}

/** What the server is to answer. Nothing of it is to be called before the middleware has run. */
export interface HttpRoutes {
  /** `GET /own`: gives what to answer, a text, with status 200 and by the framework's own means. */
  own(req: SuiteRequest): string
  /** `GET /throw`: throws, for the framework to answer 500. */
  fail(): never
  /** Everything else, whatever the method; bodies are to be left unread. Answers by itself, or does not. */
  readonly handle: SuiteHandler
}

/** A server that listens on 127.0.0.1. */
export interface HttpServer {
  readonly port: number
  close(): void | Promise<void>
}

/** Options of {@link httpSuite}. */
export interface HttpSuiteOptions {
  /** Starts a server that traces its requests by this tracer. Called for every case. */
  start(tracer: Tracer, options: MiddlewareOptions, routes: HttpRoutes): HttpServer | Promise<HttpServer>
  /** The server speaks HTTP/2, in the clear; else HTTP/1.1. Default false. */
  readonly http2?: boolean
  /** The framework answers what handlers throw by 500; else `/throw` is not asked for. Default true. */
  readonly answersThrown?: boolean
  /** The context holds in the events of request and response; else they are not looked at. Default true. */
  readonly events?: boolean
  /** The request's own header is rewritten; else it is not looked at. Default true. */
  readonly rewritesHeader?: boolean
  /** Status, reason of the end and untrusted ids are in the span's data as `@trace/http` has them. Default true. */
  readonly conventions?: boolean
}
