import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import { createTracer, memoryRecorder } from '@trace/core'
import { traceNode } from '../../src/node.js'
import { LiveRequests } from '../../src/server/ending.js'
import { open, requestText, send, untilClosed } from '../support/raw-client.js'

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
      'http.end_reason': 'error',
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

test('what a server that is closing breaks off is no failure', async () => {
  const recorder = memoryRecorder()
  const tracer = createTracer({ recorder })
  const server = createServer(traceNode((_req, res) => void res.write('event'), { tracer }))
  await new Promise<void>((resolve) => server.listen(0, resolve))
  const socket = await open((server.address() as AddressInfo).port)
  socket.write(requestText('/events'))
  await new Promise((resolve) => socket.once('data', resolve))
  const closed = new Promise((resolve) => server.close(resolve))
  server.closeAllConnections()
  await closed
  for (let time = 0; tracer.stats().open > 0 && time < 500; time++) await new Promise((r) => setTimeout(r, 5))
  await tracer.close()
  expect(recorder.spans[0]?.data).toMatchObject({ 'http.end_reason': 'aborted', 'http.response.status_code': 200 })
  expect(recorder.spans[0]?.data).not.toHaveProperty(['error.type'])
})

test('a mock of a response that lacks methods gets its header all the same', () => {
  const headers: Record<string, unknown> = {}
  const res = {
    emit: () => true,
    write: () => true,
    setHeader: (name: string, value: unknown) => {
      headers[name] = value
    },
  }
  const req = { method: 'GET', url: '/', headers: {}, rawHeaders: [], emit: () => true }
  const listener = traceNode(() => 'done', { tracer: createTracer({ recorder: memoryRecorder() }) })
  for (let time = 0; time < 2; time++) {
    delete headers['X-Request-Id']
    expect(Reflect.apply(listener, undefined, [{ ...req, headers: {}, rawHeaders: [] }, { ...res }])).toBe('done')
    expect(headers).toHaveProperty('X-Request-Id')
  }
})

test('a request whose headers were sent before it was traced ends with its response, however that names its request', async () => {
  const recorder = memoryRecorder()
  const tracer = createTracer({ recorder })
  const listener = traceNode((_req, res) => res.end('b'), { tracer })
  const server = createServer((req, res) => {
    res.write('a')
    Object.defineProperty(res, 'req', { value: {}, writable: true })
    listener(req, res)
  })
  await new Promise<void>((resolve) => server.listen(0, resolve))
  const socket = await open((server.address() as AddressInfo).port)
  socket.write(requestText('/any'))
  // The connection stays open.
  while (tracer.stats().started === 0 || tracer.stats().open > 0) await new Promise((resolve) => setTimeout(resolve, 5))
  expect(socket.destroyed).toBe(false)
  socket.destroy()
  await new Promise((resolve) => server.close(resolve))
  await tracer.close()
  expect(recorder.spans.map(({ data }) => data['http.response.status_code'])).toEqual([200])
})

test('requests that one connection has sent at once all end with it, answered or not, and each once', async () => {
  const recorder = memoryRecorder()
  const tracer = createTracer({ recorder })
  const waiting: (() => void)[] = []
  const listener = traceNode((_req, res) => void waiting.push(() => res.end('#')), { tracer })
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, resolve))
  const socket = await open((server.address() as AddressInfo).port)
  for (const name of ['a', 'b', 'c', 'd']) socket.write(requestText(`/${name}`))
  while (waiting.length < 4) await new Promise((resolve) => setTimeout(resolve, 5))
  // The first is answered, and the third, which waits for the second.
  waiting[0]?.()
  waiting[2]?.()
  await new Promise((resolve) => socket.once('data', resolve))
  expect(tracer.stats().open).toBe(3)
  socket.destroy()
  while (tracer.stats().open > 0) await new Promise((resolve) => setTimeout(resolve, 5))
  await new Promise((resolve) => server.close(resolve))
  await tracer.close()
  const ends = recorder.spans.map(({ name, data }) => [name, data['http.end_reason']])
  expect(ends.sort()).toEqual([
    ['GET /a', undefined],
    ['GET /b', 'aborted'],
    ['GET /c', 'aborted'],
    ['GET /d', 'aborted'],
  ])
})

test('what has ended of a connection is not kept, in whatever order', () => {
  const ended: string[] = []
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => ({ end: () => void ended.push(name) }))
  const live = new LiveRequests()
  for (const each of [a, b, c, d]) if (each !== undefined) live.add(each)
  for (const each of [c, a, a]) if (each !== undefined) live.remove(each)
  live.endAll()
  return new Promise<void>((resolve) => {
    process.nextTick(() => {
      expect(ended).toEqual(['b', 'd'])
      resolve()
    })
  })
})
