import { describe, expect, test } from '@jest/globals'
import type { ActiveSpan } from '@trace/core'
import { type Case, httpSuite } from '../../src/index.js'
import { type Middleware, suiteOf, whole } from '../support/middleware.js'

let stale: ActiveSpan | undefined
const spanOf = new WeakMap<object, ActiveSpan>()

const mutants: Record<string, Partial<Middleware>> = {
  'forgets the response header': { respond: () => {} },
  'sets the response header before the head': { respond: (res, name, value) => res.setHeader(name, value) },
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
  'takes what its server cuts off for sent': { cut: () => {} },
  'takes clients that leave for failures': { cut: (span) => span.fail(new Error('cut off')) },
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
  'adds listeners up along a connection': {
    end: (span, res, tracer) => {
      whole.end(span, res, tracer)
      res.req.socket.setMaxListeners(0).on('close', () => {})
    },
  },
  'ends the span before all listeners': { end: (span, res) => res.prependListener('close', () => span.finish()) },
  'calls listeners with nothing': {
    run: (span, req, res, next) => {
      whole.run(span, req, res, next)
      const emit = res.emit.bind(res)
      res.emit = (event: string) => emit(event)
    },
  },
  'never says that nobody listens': {
    run: (span, req, res, next) => {
      const emit = res.emit.bind(res)
      whole.run(span, req, res, next)
      res.emit = (event: string, ...args: unknown[]) => span.run(() => emit(event, ...args)) || true
    },
  },
  'sends no ids where nothing is recorded': {
    run: (span, req, res, next) => {
      if (!span.sampled) Reflect.deleteProperty(res, '_storeHeader')
      whole.run(span, req, res, next)
    },
  },
  'has no context where nothing is recorded': {
    run: (span, req, res, next) => (span.sampled ? whole.run(span, req, res, next) : next()),
  },
  'renames spans as they end': {
    end: (span, res, tracer) => {
      res.on('finish', () => {
        span.name = 'request'
      })
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
    expect(await firstFailure(httpSuite({ ...suiteOf(mutant), patience: 500 }))).toEqual(expect.any(String))
  })
})
