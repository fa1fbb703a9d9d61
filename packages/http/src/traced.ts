import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import type { ActiveSpan } from '@trace/core'
import type { RecordedHeader } from './options.js'

/** Marks a request, and its response, as traced; one for all copies of this package, so that none traces it again. */
export const TRACED: unique symbol = Symbol.for('@trace/http/traced/4')

export type Emit = EventEmitter['emit']
export type WriteHead = ServerResponse['writeHead']
export type Write = ServerResponse['write']
export type End = ServerResponse['end']
export type FlushHeaders = ServerResponse['flushHeaders']

/** A request of an HTTP/1.1 or HTTP/2 server. */
export type Request = IncomingMessage & { originalUrl?: string; upgrade?: boolean; [TRACED]?: Traced }
/** A response of an HTTP/1.1 or, with a stream, of an HTTP/2 server. */
export type Response = ServerResponse & {
  readonly req?: Request
  readonly stream?: ServerHttp2Stream
  /** Where `req` does not tell: a request that stands in for another, say. */
  [TRACED]?: Traced
}

/** Where an adapter's framework keeps the response's headers until it sends them, if not on the response itself. */
export interface HeaderHolder {
  header(name: string, value: string): unknown
  getHeader(name: string): unknown
}

/** A header of the response that its framework will send. */
export interface HeldHeader {
  readonly holder: HeaderHolder
  /** In lower case. */
  readonly name: string
}

/** Tells the route of a request at its end, where the framework does not know it at the start. */
export interface RouteSource {
  /** As Express has set them on the request. */
  readonly baseUrl: unknown
  readonly route: unknown
  /** Express sets `baseUrl`: the request has entered, or left, what is mounted there. */
  entered(baseUrl: unknown): void
  /** Express sets `route`, which has matched. */
  matched(route: unknown): void
  /** Empty where nothing matched. */
  pattern(): string
}

/** What is known of a request when its span starts. */
export interface RequestInfo {
  /** What traces it, such as `traceExpress`, for messages. */
  readonly adapter: string
  readonly method: string
  /** The span's name, where a route that is known later may take its place. */
  readonly provisionalName: string | undefined
  readonly responseHeaders: readonly RecordedHeader[]
  /** The response's header, where the framework keeps it until it sends it. */
  readonly held: HeldHeader | undefined
  /** The pattern that was matched, empty where none was; undefined where that is not known yet. */
  readonly route: string | undefined
  /** As it was asked for: a path and a query. */
  readonly target: string
  /** Whether the methods of all such requests and responses have their stand-ins, so that this one's need none. */
  readonly isWrapped: boolean
}

/** A request that has a span, from its start to its end. */
export interface Traced {
  readonly span: ActiveSpan
  readonly info: RequestInfo
  /** What the response is sent on, in HTTP/2. */
  readonly stream: ServerHttp2Stream | undefined
  /** Whether `end` is running, or has run. */
  isEnding: boolean
  /** Set by an adapter that learns the route later. */
  routes: RouteSource | undefined
  /** The handler threw or rejected: the request has failed, whatever is sent. */
  threw(error: unknown): void
  /** The framework is about to answer an error: the request has failed if it answers 5xx. */
  answersError(error: unknown): void
  /** The head is sent, by a call of `writeHead`. */
  heads(args: readonly unknown[]): void
  /** A part of the body is sent before its end. */
  wrote(): void
  /** The response said that it is finished. What stands in for one in tests says it only so. */
  sent(): void
  /** Ends the span; the first call counts. Never throws. */
  end(): void
}

/** What is known of a request that is traced. */
export function tracedOf(req: IncomingMessage): Traced | undefined {
  return (req as Request)[TRACED]
}

/** What is known of a traced request, by its response. */
export function tracedOfResponse(res: Response): Traced | undefined {
  return res.req?.[TRACED] ?? res[TRACED]
}
