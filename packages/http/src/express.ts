import type { IncomingMessage, ServerResponse } from 'node:http'
import { RouteWatch } from './express/route.js'
import { instrumentRequest, instrumentResponse } from './server/instrument.js'
import { type Request, type Response, TRACED, tracedOf } from './server/messages.js'
import type { ServerOptions } from './server/options.js'
import { RequestTracer } from './server/server.js'
import { nodeHttp } from './values/node-http.js'

/** Middleware by the shape that Express 4 and 5, and Connect, share. */
export type Middleware = (req: IncomingMessage, res: ServerResponse, next: (err?: unknown) => void) => void
/** An error handler by the shape that Express 4 and 5, and Connect, share. */
export type ErrorMiddleware = (
  error: unknown,
  req: IncomingMessage,
  res: ServerResponse,
  next: (err?: unknown) => void,
) => void

/**
 * Express middleware that gives every request a span, and runs what comes after it in that span:
 * `app.use(traceExpress({ tracer }))`, before all else.
 *
 * @throws {TraceError} `TRACE_BAD_OPTION`: names the option, what was expected, and what was got
 */
export function traceExpress(options: ServerOptions): Middleware {
  const requests = new RequestTracer('traceExpress', options)
  return (req, res, next) => {
    const requestPrototype = sharedPrototypeOf<Request>(req, knownRequests)
    if (requestPrototype !== undefined) instrumentRequest(requestPrototype)
    const responsePrototype = sharedPrototypeOf<Response>(res, knownResponses)
    if (responsePrototype !== undefined) instrumentResponse(responsePrototype)
    const isWrapped = requestPrototype !== undefined && responsePrototype !== undefined
    const traced = requests.begin(req, res, isWrapped ? WRAPPED : undefined)
    if (traced === undefined) return requests.pass(req, next)
    if (traced.span.recording) {
      const app: unknown = requestPrototype === undefined ? Reflect.get(req, 'app') : knownRequests.app
      traced.routes = RouteWatch.of(req, app, requestPrototype)
    }
    traced.span.run(() => next())
  }
}

/**
 * Express error handler that notes which error a request fails with, and passes it on: `app.use(traceExpressErrors())`, after all
 * routes, before error handlers of your own. If the answer is a 5xx, the request's span fails with this error, its stack and its causes.
 * Only Express before 5.3 needs it: later ones tell their errors themselves.
 */
export function traceExpressErrors(): ErrorMiddleware {
  // Express knows error handlers by their four parameters.
  return (error, req, _res, next) => {
    tracedOf(req)?.answersError(error)
    next(error)
  }
}

const WRAPPED = { isWrapped: true }

/** An application's own prototype of requests, or of responses, and what is above that: nearly always the same. */
interface Known<Message extends object> {
  prototype: Message | null
  shared: Message | undefined
  /** Read there: to read a property of a request is slow on Node 20 and 22, where V8 gives each request of Express's a shape of its own. */
  app: unknown
}

const knownRequests: Known<Request> = { prototype: null, shared: undefined, app: undefined }
const knownResponses: Known<Response> = { prototype: null, shared: undefined, app: undefined }

/**
 * The prototype of requests, or of responses, that all applications of Express share. Methods that are wrapped there need not be
 * wrapped on each request, which in Express costs more than all the rest of a span. An application's own prototype would not do: a
 * request that is passed to another application gets the prototype of that one.
 *
 * @param known the last that was found
 * @returns undefined where it is no request of Express's
 */
function sharedPrototypeOf<Message extends object>(message: Message, known: Known<Message>): Message | undefined {
  const prototype: Message | null = Object.getPrototypeOf(message)
  if (prototype === null) return undefined
  if (prototype === known.prototype) return known.shared
  const shared = findShared(prototype)
  if (shared === undefined) return undefined
  known.prototype = prototype
  known.shared = shared
  known.app = Reflect.get(prototype, 'app')
  return shared
}

function findShared<Message extends object>(own: Message): Message | undefined {
  if (!Object.hasOwn(own, 'app')) return undefined
  const { IncomingMessage, ServerResponse } = nodeHttp()
  for (let prototype = own; ; ) {
    const above: Message | null = Object.getPrototypeOf(prototype)
    if (above === null) return undefined
    if (above === IncomingMessage.prototype || above === ServerResponse.prototype) {
      return markable(prototype)
    }
    prototype = above
  }
}

/** Gives a prototype the mark of traced requests, without a value: to look for it where none of the prototypes has it takes long. */
function markable<Message extends object>(prototype: Message): Message | undefined {
  const isMarked = Object.hasOwn(prototype, TRACED) || Reflect.defineProperty(prototype, TRACED, NOT_TRACED)
  return isMarked && Object.isExtensible(prototype) ? prototype : undefined
}

const NOT_TRACED = { value: undefined, writable: true, configurable: true }
