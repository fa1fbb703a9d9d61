import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { describe, expect, test } from '@jest/globals'
import { type ActiveSpan, parseId, type StartOptions, type Tracer } from '@trace/core'
import { type Case, type HttpRoutes, type HttpSuiteOptions, httpSuite, type MiddlewareOptions } from '../src/index.js'

type Req = IncomingMessage
type Res = ServerResponse

/** Middleware by hand, in parts that can each be done wrong. */
interface Middleware {
  origin(req: Req, options: MiddlewareOptions): StartOptions
  rewrite(req: Req, name: string, value: string): void
  respond(res: Res, name: string, value: string): void
  run(span: ActiveSpan, req: Req, res: Res, next: () => void): void
  end(span: ActiveSpan, res: Res, tracer: Tracer): void
  status(span: ActiveSpan, status: number): void
}

const whole: Middleware = {
  origin: (req, { honorReqHeader = false, headerKey = 'x-request-id' }) => {
    const [, trace = '', parent = ''] =
      /^(\d{1,30}):(\d{1,30})$/.exec(String(req.headers[headerKey.toLowerCase()])) ?? []
    const [traceId, parentId] = [parseId(trace), parseId(parent)]
    const isJoined = honorReqHeader && traceId !== undefined && parentId !== undefined
    return isJoined ? { traceId, parentId } : { root: true }
  },
  rewrite: (req, name, value) => {
    // Built by Node from the raw headers as they came.
    req.headersDistinct[name.toLowerCase()] = [value]
    const others = req.rawHeaders.flatMap((each, at) => (at % 2 === 0 ? [[each, req.rawHeaders[at + 1] ?? '']] : []))
    const kept = others.filter(([each]) => each?.toLowerCase() !== name.toLowerCase())
    req.rawHeaders = [...kept.flat(), name, value]
    req.headers[name.toLowerCase()] = value
  },
  respond: (res, name, value) => res.setHeader(name, value),
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
    }
    res.on('close', finish)
    // On Node 20 and 22 a response that waits behind another on its connection never says that it closed.
    res.req.socket.setMaxListeners(0).on('close', finish)
  },
  status: (span, status) => {
    if (status >= 500) span.fail(new Error(String(status)))
  },
}

function suiteOf(change: Partial<Middleware>): HttpSuiteOptions {
  const { origin, rewrite, respond, run, end, status } = { ...whole, ...change }
  return {
    conventions: false,
    start: (tracer, options, routes) => {
      const server = createServer((req, res) => {
        const name = options.headerKey ?? 'X-Request-Id'
        const span = tracer.start('request', req.url ?? '', origin(req, options))
        rewrite(req, name, `${span.traceId}:${span.spanId}`)
        if (options.addRespHeader !== false) respond(res, name, String(span.traceId))
        res.on('close', () => status(span, res.statusCode))
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
    else routes.handle(req, res)
  } catch {
    res.writeHead(500).end()
  }
}

let stale: ActiveSpan | undefined
const spanOf = new WeakMap<object, ActiveSpan>()

const mutants: Record<string, Partial<Middleware>> = {
  'forgets the response header': { respond: () => {} },
  'sends the ids of both': { respond: (res, name, value) => res.setHeader(name, `${value}:1`) },
  'overrules addRespHeader': {
    end: (span, res, tracer) => {
      res.setHeader('X-Request-Id', String(span.traceId))
      whole.end(span, res, tracer)
    },
  },
  'overrules the handler': {
    respond: (res, name, value) => {
      const writeHead = res.writeHead.bind(res)
      res.writeHead = (status: number) => writeHead(status, { [name]: value })
    },
  },
  'forgets the request header': { rewrite: () => {} },
  'forgets the raw headers': {
    rewrite: (req, name, value) => {
      req.headers[name.toLowerCase()] = value
    },
  },
  'honours everybody': { origin: (req, options) => whole.origin(req, { ...options, honorReqHeader: true }) },
  'honours nobody': { origin: () => ({ root: true }) },
  'reads one header only': { origin: (req, { honorReqHeader = false }) => whole.origin(req, { honorReqHeader }) },
  'scans laxly': {
    origin: (req, { honorReqHeader = false }) => {
      const [, trace = '0', parent = '0'] = /^(\d+):\s*(\d+)/.exec(String(req.headers['x-request-id'])) ?? []
      const ids = { traceId: BigInt(trace), parentId: BigInt(parent) }
      return honorReqHeader && ids.traceId > 0n && ids.parentId > 0n ? ids : { root: true }
    },
  },
  'reads ids as signed': {
    origin: (req, options) => {
      const ids = whole.origin(req, options)
      return (ids.traceId ?? 0n) < 2n ** 63n ? ids : { root: true }
    },
  },
  'has no context': { run: (_span, _req, _res, next) => next() },
  'loses the context in events': { run: (span, _req, _res, next) => span.run(next) },
  'leaks the context of the first request': {
    run: (span, _req, _res, next) => {
      stale ??= span
      stale.run(next)
    },
  },
  'leaks the context along a connection': {
    run: (span, req, res, next) => {
      const first = spanOf.get(req.socket) ?? span
      spanOf.set(req.socket, first)
      whole.run(first, req, res, next)
    },
  },
  'mixes up concurrent requests': {
    run: (span, req, res, next) => {
      stale = span
      const emit = res.emit.bind(res)
      res.emit = (event: string, ...args: unknown[]) => (stale ?? span).run(() => emit(event, ...args))
      const emitRequest = req.emit.bind(req)
      req.emit = (event: string, ...args: unknown[]) => (stale ?? span).run(() => emitRequest(event, ...args))
      span.run(next)
    },
  },
  'ends the span twice': {
    end: (span, res, tracer) => {
      whole.end(span, res, tracer)
      res.on('finish', () => span.finish())
    },
  },
  'never ends the span': { end: () => {} },
  'ends the span at once': { end: (span) => span.finish() },
  'ends the span of whole responses only': { end: (span, res) => res.on('finish', () => span.finish()) },
  'starts two spans': {
    end: (span, res, tracer) => {
      tracer.start('request', span.name, { root: true }).finish()
      whole.end(span, res, tracer)
    },
  },
  'takes no 5xx for a failure': { status: () => {} },
  'takes 4xx for a failure': {
    status: (span, status) => {
      if (status >= 400) span.fail(new Error(String(status)))
    },
  },
  'takes aborts for failures': {
    end: (span, res) =>
      res.on('close', () => {
        if (!res.writableFinished) span.fail(new Error('aborted'))
        span.finish()
      }),
  },
}

async function firstFailure(cases: readonly Case[]): Promise<string | undefined> {
  for (const { name, run } of cases) {
    try {
      await run()
    } catch {
      return name
    }
  }
  return undefined
}

test('middleware without a fault passes', async () => {
  for (const { name, run } of httpSuite(suiteOf({}))) {
    await run().catch((error) => {
      throw new Error(name, { cause: error })
    })
  }
})

describe('the suite of HTTP servers sees middleware that', () => {
  test.each(Object.entries(mutants))('%s', async (_, mutant) => {
    stale = undefined
    expect(await firstFailure(httpSuite(suiteOf(mutant)))).toEqual(expect.any(String))
  })
})
