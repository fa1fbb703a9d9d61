import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import type { ActiveSpan } from '@trace/core'
import type { RequestInfo } from './request-info.js'

/** Marks a request, and its response, as traced; one for all copies of this package, so that none traces it again. */
export const TRACED: unique symbol = Symbol.for('@trace/http/traced/8')

export type Emit = EventEmitter['emit']
export type Write = ServerResponse['write']
export type End = ServerResponse['end']
export type FlushHeaders = ServerResponse['flushHeaders']
/** Node's own function that makes the text of an HTTP/1 head. Every head passes through it, with all of its headers. */
export type StoreHead = (this: Response, statusLine: string, headers: unknown) => unknown
/** What sends an HTTP/2 head. */
export type Respond = (this: Stream, headers: unknown, ...more: unknown[]) => unknown

/** What a request of HTTP/2 is answered on. */
export type Stream = Omit<ServerHttp2Stream, 'respond'> & { respond: Respond; [TRACED]?: TracedRequest }
/** A request of an HTTP/1.1 or HTTP/2 server. */
export type Request = IncomingMessage & { originalUrl?: string; upgrade?: boolean; [TRACED]?: TracedRequest }
/** A response of an HTTP/1.1 or, with a stream, of an HTTP/2 server. */
export type Response = ServerResponse & {
  readonly req?: Request
  readonly stream?: Stream
  /** Of HTTP/1. */
  _storeHeader?: StoreHead
  /** The text of an HTTP/1 head, once there is one. */
  readonly _header?: unknown
  /** Of HTTP/1: false where the response may have no body, so that Node drops what is written. */
  readonly _hasBody?: unknown
  /** Where `req` does not tell: a request in the place of another, say. */
  [TRACED]?: TracedRequest
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
  /** Express's router says that something is about to run, and how the path that it stands at was written. */
  started(path: unknown, handler: unknown): void
  /** Empty where nothing matched. */
  pattern(): string
  /** Express's router has been given an error, the first of the request. */
  erred(): void
  /** The error that the framework answers, where it has told only another, if any. @param known the one that it has told */
  keptError(known: unknown): unknown
  /** The request has ended. */
  ended(): void
}

/** A request that has a span, from its start to its end. */
export interface TracedRequest {
  readonly span: ActiveSpan
  readonly info: RequestInfo
  /** What the response is sent on, in HTTP/2. */
  readonly stream: Stream | undefined
  /** Whether `end` is running, or has run. */
  isEnding: boolean
  /** Set by an adapter that learns the route later. */
  routes: RouteSource | undefined
  /** A stream is piped into the response. */
  pipes(source: unknown): void
  /** The handler threw or rejected: the request has failed, whatever is sent. */
  threw(error: unknown): void
  /** The framework is about to answer an error: the request has failed if it answers 5xx. */
  answersError(error: unknown): void
  /** The framework says which pattern has matched, empty for none; or how that can be known at the end. */
  routed(route: string | (() => string)): void
  /** The trace id as responses carry it. */
  readonly idText: string
  /** Whether the response goes out on a connection: those of tests and of functions in a cloud may not. */
  readonly isConnected: boolean
  /** The head of the response is as it will be sent. @param statusLine of HTTP/1. Never throws */
  headed(statusLine: string | undefined): void
  /** The first byte is sent, if none has been. */
  wrote(): void
  /** How many bytes of the body the program has given to `write` and `end`. */
  bodySize: number
  /** Whether `finish` is the last event of the response, so that the span ends with it. */
  readonly endsWithFinish: boolean
  /** The response has emitted `finish`. */
  sent(): void
  /** Ends the span; the first call counts. Never throws. */
  end(): void
}

/** What is known of a request that is traced. */
export function tracedOf(req: IncomingMessage): TracedRequest | undefined {
  return (req as Request)[TRACED]
}

/** What is known of a traced request, by its response. */
export function tracedOfResponse(res: Response): TracedRequest | undefined {
  return res.req?.[TRACED] ?? res[TRACED]
}
