import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type ActiveSpan, parseId, type StartOptions, type Tracer } from '@trace/core'
import type { HttpRoutes, HttpSuiteOptions, MiddlewareOptions } from '../../src/index.js'

type Req = IncomingMessage
type Res = ServerResponse

/** Hand-written middleware, in parts that a mutant can replace one by one. */
export interface Middleware {
  origin(req: Req, options: MiddlewareOptions): StartOptions
  rewrite(req: Req, name: string, value: string): void
  respond(res: Res, name: string, value: string): void
  run(span: ActiveSpan, req: Req, res: Res, next: () => void): void
  end(span: ActiveSpan, res: Res, tracer: Tracer): void
  status(span: ActiveSpan, status: number): void
  /** A response that was not sent completely. */
  cut(span: ActiveSpan, res: Res): void
}

export const whole: Middleware = {
  origin: (req, { honorReqHeader = false, headerKey = 'x-request-id' }) => {
    const [, trace = '', parent = ''] =
      /^(\d{1,30}):(\d{1,30})$/.exec(String(req.headers[headerKey.toLowerCase()])) ?? []
    const [traceId, parentId] = [parseId(trace), parseId(parent)]
    const isJoined = honorReqHeader && traceId !== undefined && parentId !== undefined
    return isJoined ? { traceId, parentId } : { root: true }
  },
  rewrite: (req, name, value) => {
    // Node builds it from the raw headers of the client.
    req.headersDistinct[name.toLowerCase()] = [value]
    const others = req.rawHeaders.flatMap((each, at) => (at % 2 === 0 ? [[each, req.rawHeaders[at + 1] ?? '']] : []))
    const kept = others.filter(([each]) => each?.toLowerCase() !== name.toLowerCase())
    req.rawHeaders = [...kept.flat(), name, value]
    req.headers[name.toLowerCase()] = value
  },
  respond: (res, name, value) => {
    // If it were set before the handler runs, it would be one of the handler's headers, and Node would merge them differently.
    const storeHeader: unknown = Reflect.get(res, '_storeHeader')
    if (typeof storeHeader !== 'function') throw new Error('this Node makes heads in another way')
    Reflect.set(res, '_storeHeader', (first: string, headers: unknown) => {
      const isGiven = JSON.stringify(headers ?? '')
        .toLowerCase()
        .includes(`"${name.toLowerCase()}"`)
      return Reflect.apply(storeHeader, res, [isGiven ? first : `${first}${name}: ${value}\r\n`, headers])
    })
  },
  run: (span, req, res, next) => {
    const [emitRequest, emitResponse] = [req.emit.bind(req), res.emit.bind(res)]
    req.emit = (event: string, ...args: unknown[]) => span.run(() => emitRequest(event, ...args))
    res.emit = (event: string, ...args: unknown[]) => span.run(() => emitResponse(event, ...args))
    span.run(next)
  },
  end: (span, res) => {
    let isOver = false
    const finish = (): void => {
      if (!isOver) span.finish()
      isOver = true
      res.req.socket.off('close', finish)
    }
    // After all listeners, since these may add to the span.
    res.on('close', () => process.nextTick(finish))
    // On Node 20 and 22 a response that waits behind another on its connection never emits `close`.
    res.req.socket.setMaxListeners(0).on('close', finish)
  },
  status: (span, status) => {
    if (status >= 500) span.fail(new Error(String(status)))
  },
  cut: (span, res) => {
    const { socket } = res.req
    // A client that leaves ends its side, or breaks the connection, which is an error with a code.
    if (socket.readableEnded) return
    const errors = [res.errored, socket.errored].filter((error) => error !== undefined && error !== null)
    const own = errors.find((error) => !('code' in error))
    if (own !== undefined || socket.errored === null) span.fail(own ?? new Error('cut off'))
  },
}

/** A server with this middleware, some parts of which are replaced. */
export function suiteOf(change: Partial<Middleware>): HttpSuiteOptions {
  const { origin, rewrite, respond, run, end, status, cut } = { ...whole, ...change }
  return {
    conventions: false,
    allOptions: false,
    names: { '/own': '/own', '/any/42': '/any/42', '/none': '/none' },
    start: (tracer, options, routes) => {
      const server = createServer((req, res) => {
        const name = options.headerKey ?? 'X-Request-Id'
        const span = tracer.start('request', req.url ?? '', origin(req, options))
        rewrite(req, name, `${span.traceId}:${span.spanId}`)
        if (options.addRespHeader !== false) respond(res, name, String(span.traceId))
        res.on('close', () => {
          status(span, res.statusCode)
          if (req.socket.destroyed) cut(span, res)
        })
        end(span, res, tracer)
        run(span, req, res, () => answer(routes, req, res))
      })
      return new Promise((resolve) => {
        server.listen(0, '127.0.0.1', () => {
          const address = server.address()
          const port = typeof address === 'object' && address !== null ? address.port : 0
          resolve({ port, close: () => new Promise((closed) => server.close(() => closed())) })
        })
      })
    },
  }
}

function answer(routes: HttpRoutes, req: Req, res: Res): void {
  try {
    if (req.url === '/throw') routes.fail()
    else if (req.url === '/own') res.end(routes.own(req))
    else if (req.url?.startsWith('/any') === true) routes.handle(req, res)
    else res.writeHead(404).end()
  } catch {
    res.writeHead(500).end()
  }
}
