import { Readable } from 'node:stream'
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { createTracer, memoryRecorder, type Span, span } from '@trace/core'
import { frameworks, type Running, type Work } from './support/frameworks.js'
import { open, type Reply, requestText, send } from './support/raw-client.js'

const recorder = memoryRecorder()
const tracer = createTracer({ recorder, openAfter: false })
let hanging: (answer: () => void) => void = () => {}

const work: Work = {
  load: (id) => span('db', 'load user', async () => `user ${id}`),
  fail: (what) => {
    if (what === 'text') throw what
    throw new RangeError('no such shelf', { cause: new TypeError('disk 3 is gone') })
  },
  hang: () => new Promise((resolve) => hanging(() => resolve('late'))),
  stream: (what) =>
    Readable.from(
      (async function* () {
        yield 'te'
        // In a turn of its own, so that the first part has been sent.
        await new Promise(setImmediate)
        if (what === 'broken') throw new RangeError('disk 3 is gone')
        yield 'xt'
      })(),
    ),
}

interface Seen {
  readonly reply: Reply
  readonly request: Span
  readonly below: readonly Span[]
}

describe.each(Object.entries(frameworks))('%s', (_name, framework) => {
  let running: Running
  beforeAll(async () => {
    // Where a framework has no other way to be silent.
    jest.spyOn(console, 'error').mockImplementation(() => {})
    running = await framework.start(tracer, work)
  })
  afterEach(() => recorder.clear())
  afterAll(async () => {
    jest.restoreAllMocks()
    await running.close()
  })

  async function recorded(): Promise<readonly [Span, ...Span[]]> {
    await tracer.idle()
    const [request, ...below] = recorder.spans.toSorted((a, b) => Number(a.start - b.start))
    if (request === undefined) throw new Error('nothing was recorded')
    return [request, ...below]
  }

  async function ask(path: string, method = 'GET'): Promise<Seen> {
    const reply = await send(running.port, path, [], method)
    const [request, ...below] = await recorded()
    return { reply, request, below }
  }

  test('a request is named by its route, its tree is whole, and the id is sent', async () => {
    const { reply, request, below } = await ask('/users/42?token=1')
    expect([reply.status, reply.headers['x-own'], reply.body]).toEqual([
      200,
      /Nest/.test(_name) ? undefined : 'a',
      expect.stringContaining('user 42'),
    ])
    expect(reply.headers['x-request-id']).toBe(String(request.traceId))
    expect(request).toMatchObject({ kind: 'request', name: 'GET /users/:id', data: { 'http.route': '/users/:id' } })
    expect(request.data).not.toHaveProperty(['error.type'])
    const names = framework.middleware ? ['middleware', 'load user'] : ['load user']
    expect(below.map(({ name }) => name)).toEqual(names)
    const parents = [request, ...below].slice(0, -1).map(({ spanId }) => spanId)
    expect(below.map(({ parentId }) => parentId)).toEqual(parents)
  })

  test('a route below a prefix has it in its name', async () => {
    const { request } = await ask('/tenants/1/users/42')
    expect(request.name).toBe(`GET ${framework.nested ?? '/tenants/:tenant/users/:id'}`)
  })

  test('an error has its own type, message, stack and cause, and the answer has the id', async () => {
    const { reply, request } = await ask('/fails/42')
    expect([reply.status, reply.headers['x-request-id']]).toEqual([500, String(request.traceId)])
    expect(request.name).toBe('GET /fails/:id')
    expect(request.data).toMatchObject({
      'http.response.status_code': 500,
      'error.type': 'RangeError',
      'error.message': 'no such shelf',
    })
    const owner = (await recorded()).find(({ data }) => 'error.stack' in data)
    expect(owner?.data['error.stack']).toContain('frameworks.test')
    expect(owner?.data['error.cause']).toMatchObject([{ type: 'TypeError', message: 'disk 3 is gone' }])
  })

  test('what is thrown may be no error', async () => {
    const { reply, request } = await ask('/fails/text')
    expect([reply.status, request.name]).toEqual([500, 'GET /fails/:id'])
    expect(request.data).toMatchObject({ 'error.type': 'string', 'error.message': 'text' })
  })

  test('a 4xx is no failure', async () => {
    const { reply, request } = await ask('/refused/42')
    expect([reply.status, request.name]).toEqual([422, 'GET /refused/:id'])
    expect(reply.headers['x-request-id']).toBe(String(request.traceId))
    expect(request.data).not.toHaveProperty(['error.type'])
  })

  test('what no route matches has no path in its name', async () => {
    const { reply, request } = await ask('/none/4711')
    expect([reply.status, request.name]).toEqual([404, framework.unmatched ?? 'GET'])
    expect(reply.headers['x-request-id']).toBe(String(request.traceId))
  })

  test('HEAD is named by the route, and has no body', async () => {
    const { reply, request } = await ask('/users/42', 'HEAD')
    expect([reply.status, reply.body, request.name]).toEqual([200, '', 'HEAD /users/:id'])
    expect(request.data).toMatchObject({ 'http.response.body.size': 0 })
  })

  test('a stream is counted to its end', async () => {
    const { reply, request } = await ask('/streams/42')
    expect(reply.body).toContain('te')
    expect(request.name).toBe('GET /streams/:id')
    expect(request.data).toMatchObject({ 'http.response.status_code': 200, 'http.response.body.size': 4 })
    expect(request.data).not.toHaveProperty(['http.end_reason'])
  })

  if (framework.breaksOff) {
    test('a stream that breaks off is a failure, with its error', async () => {
      const { request } = await ask('/streams/broken')
      expect(request.name).toBe('GET /streams/:id')
      expect(request.data).toMatchObject({
        'http.end_reason': 'error',
        'error.type': 'RangeError',
        'error.message': 'disk 3 is gone',
      })
    })
  }

  test('a client that leaves is no failure, and the name is that of the route all the same', async () => {
    const reached = new Promise<() => void>((resolve) => {
      hanging = resolve
    })
    const socket = await open(running.port)
    socket.write(requestText('/hangs/42'))
    const answer = await reached
    socket.destroy()
    const requests = () => recorder.spans.filter(({ kind }) => kind === 'request')
    while (requests().length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 5))
      await tracer.flush()
    }
    answer()
    await tracer.idle()
    const [request] = requests()
    expect(request).toMatchObject({ name: 'GET /hangs/:id', data: { 'http.end_reason': 'aborted' } })
    expect(request?.data).not.toHaveProperty(['error.type'])
  })
})
