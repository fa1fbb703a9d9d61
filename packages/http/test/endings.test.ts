import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { pipeline, Readable } from 'node:stream'
import { afterEach, describe, expect, test } from '@jest/globals'
import { createTracer, memoryRecorder, type PlainData } from '@trace/core'
import { traceNode } from '../src/node.js'
import { type App, frameworks, type Handler, startApp } from './frameworks.js'
import { open, readAll, requestText, send, untilClosed } from './raw-client.js'

let app: App
let client: Socket

afterEach(() => app?.close())

async function onlyData(): Promise<PlainData> {
  const spans = await app.spans()
  expect(app.tracer.stats()).toMatchObject({ open: 0, started: 1, recorded: 1 })
  expect(spans).toHaveLength(1)
  return spans[0]?.data ?? {}
}

const STATUS = 'http.response.status_code'
const REASON = 'http.end_reason'
const FIRST_BYTE = 'http.time_to_first_byte'

/** The route that the handlers of this suite are at. */
function routeOf(name: string): Record<string, string> {
  return name === 'fastify' ? { 'http.route': '/*' } : {}
}

describe.each(Object.keys(frameworks))('%s', (name) => {
  const plain: [string, string, number, Handler][] = [
    ['a body', 'GET', 200, (_req, res) => res.end('#')],
    ['HEAD', 'HEAD', 200, (_req, res) => res.end('#')],
    ['no content', 'GET', 204, (_req, res) => res.writeHead(204).end()],
    ['not found', 'GET', 404, (_req, res) => res.writeHead(404).end('#')],
    ['a stream', 'GET', 200, (_req, res) => pipeline(Readable.from(['a', 'b', '#']), res, () => {})],
    [
      'end called twice',
      'GET',
      200,
      (_req, res) => {
        res.end('#')
        res.end()
      },
    ],
  ]
  test.each(plain)('%s', async (_, method, status, handler) => {
    app = await startApp(name, handler)
    const reply = await send(app.port, '/any', [], method)
    const data = await onlyData()
    expect(reply.status).toBe(status)
    expect(reply.headers['x-request-id']).toBe(String(app.recorder.spans[0]?.traceId))
    expect(data).toEqual({
      'http.request.method': method,
      ...routeOf(name),
      'url.path': '/any',
      [STATUS]: status,
      ...(_ === 'a stream' ? { [FIRST_BYTE]: expect.any(Number) } : {}),
    })
  })

  test('a status of 500 is a failure', async () => {
    app = await startApp(name, (_req, res) => res.writeHead(503).end('#'))
    await send(app.port, '/any')
    expect(await onlyData()).toMatchObject({
      'error.type': '503',
      'error.message': 'Service Unavailable',
      [STATUS]: 503,
    })
  })

  test.each(['/throw', '/reject'])('the framework answers %s with 500', async (path) => {
    app = await startApp(name)
    const reply = await send(app.port, path)
    const data = await onlyData()
    expect(reply.status).toBe(500)
    expect(reply.headers['x-request-id']).toBe(String(app.recorder.spans[0]?.traceId))
    expect(data[STATUS]).toBe(500)
    const type = name.startsWith('express') ? '500' : path === '/throw' ? 'TypeError' : 'RangeError'
    expect(data['error.type']).toBe(type)
  })

  test('the response breaks', async () => {
    await startAndOpen((_req, res) => {
      res.write('#')
      res.destroy(new RangeError('broken'))
    })
    expect(await onlyData()).toMatchObject({ [REASON]: 'error', 'error.type': 'RangeError', 'error.message': 'broken' })
  })

  test('pipelined requests, answered in another order', async () => {
    const waiting: (() => void)[] = []
    app = await startApp(name, (req, res) => {
      waiting.unshift(() => res.end(`${req.url}#`))
      if (waiting.length === 3) for (const answer of waiting) answer()
    })
    const socket = await open(app.port)
    socket.write([requestText('/1'), requestText('/2'), requestText('/3', ['Connection: close'])].join(''))
    const text = await readAll(socket)
    const spans = await app.spans()
    expect(text.match(/\/\d#/g)).toEqual(['/1#', '/2#', '/3#'])
    expect(spans.map((span) => span.data['url.path']).sort()).toEqual(['/1', '/2', '/3'])
    expect(spans.filter((span) => REASON in span.data)).toEqual([])
  })

  async function startAndOpen(handler: Handler): Promise<void> {
    app = await startApp(name, handler)
    client = await open(app.port)
    client.write(requestText('/any'))
    await untilClosed(client)
  }
})

describe('a plain handler', () => {
  const error = new TypeError('thrown')

  test.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw error
      },
    ],
    ['rejects', async () => Promise.reject(error)],
  ])('that %s fails with the very same error, and its span ends with the connection', async (_, fail) => {
    const recorder = memoryRecorder()
    const tracer = createTracer({ recorder })
    const listener = traceNode(fail, { tracer })
    const caught: unknown[] = []
    const server = createServer(async (req, res) => {
      try {
        await listener(req, res)
      } catch (thrown) {
        caught.push(thrown)
        res.destroy()
      }
    })
    await new Promise<void>((resolve) => server.listen(0, resolve))
    const socket = await open((server.address() as AddressInfo).port)
    socket.write(requestText('/any'))
    await untilClosed(socket)
    await new Promise((resolve) => server.close(resolve))
    await tracer.close()
    expect(caught).toEqual([error])
    expect(caught[0]).toBe(error)
    expect(tracer.stats().open).toBe(0)
    expect(recorder.spans[0]?.data).toMatchObject({
      'error.type': 'TypeError',
      'error.message': 'thrown',
      [REASON]: 'error',
    })
  })

  test('keeps its result, and a thenable is not started', () => {
    const lazy = {
      then: () => {
        throw new Error('started')
      },
    }
    const listener = traceNode(() => lazy, { tracer: createTracer({ recorder: memoryRecorder() }) })
    const server = createServer((req, res) => {
      expect(listener(req, res)).toBe(lazy)
      res.end('#')
    })
    return new Promise<void>((resolve) =>
      server.listen(0, async () => {
        expect((await send((server.address() as AddressInfo).port, '/')).status).toBe(200)
        server.close(() => resolve())
      }),
    )
  })
})
