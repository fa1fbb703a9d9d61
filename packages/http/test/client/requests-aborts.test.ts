import http, { type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { describe, expect, test } from '@jest/globals'
import { base, clientSpans, off, on, send } from '../support/client-stand.js'

/** A request that the client aborts when its response has begun or, if it never begins, after a while. */
function drop(
  path: string,
  breakOff: (request: ClientRequest, response: IncomingMessage | undefined) => void,
  options: RequestOptions = {},
): () => Promise<unknown> {
  return () =>
    new Promise((resolve) => {
      const request = http.get(base + path, options, (response) => {
        response.on('error', () => {}).resume()
        breakOff(request, response)
      })
      request.on('error', () => {}).on('close', resolve)
      if (path === '/never') setTimeout(() => breakOff(request, undefined), 20)
    })
}

function byAbort(reason?: unknown): (path: string) => () => Promise<unknown> {
  return (path) => () => {
    const abort = new AbortController()
    return drop(path, () => abort.abort(reason), { signal: abort.signal })()
  }
}

/** The error by which axios aborts a request. */
class CanceledError extends Error {
  readonly code = 'ERR_CANCELED'
}

const ABORTS: Readonly<Record<string, (path: string) => () => Promise<unknown>>> = {
  'request.destroy()': (path) => drop(path, (request) => request.destroy()),
  'request.abort()': (path) => drop(path, (request) => request.abort()),
  'a signal': byAbort(),
  'a signal with a reason': byAbort(new Error('the user left')),
  'a CanceledError': (path) => drop(path, (request) => request.destroy(new CanceledError('canceled'))),
  'the socket': (path) => drop(path, (request) => request.socket?.destroy()),
  'response.destroy()': () => drop('/half', (_request, response) => response?.destroy()),
}

describe.each(['/never', '/half'])('a request by node:http, of %s', (path) => {
  test.each(Object.entries(ABORTS))('that the program breaks off is no failure: %s', async (_what, abort) => {
    on()
    const [span] = await clientSpans(abort(path))
    expect(span?.data['http.end_reason']).toBe('aborted')
    expect(span?.data).not.toHaveProperty(['error.type'])
  })

  test.each<[string, () => Promise<unknown>, string]>([
    ['an error', drop(path, (request) => request.destroy(new RangeError('mine'))), 'RangeError'],
    ['a timeout', drop(path, () => {}, { signal: AbortSignal.timeout(30) }), 'AbortError'],
    ['an idle connection', onTimeout(path), 'Error'],
  ])('that breaks off by %s fails', async (_what, ask, type) => {
    on()
    const [span] = await clientSpans(ask)
    expect(span?.data).toMatchObject({ 'http.end_reason': 'error', 'error.type': type })
  })
})

function onTimeout(path: string): () => Promise<unknown> {
  const options = { timeout: 20 }
  return () =>
    new Promise((resolve) => {
      const request = http.get(base + path, options, (response) => response.on('error', () => {}).resume())
      request.on('timeout', () => request.destroy())
      request.on('error', () => {}).on('close', resolve)
    })
}

test.each([
  ['/cut', 'aborted'],
  ['/reset', 'socket hang up'],
])('a request that the server breaks off fails: %s', async (path, message) => {
  on()
  const [span] = await clientSpans(() => send(path))
  expect(span?.data).toMatchObject({ 'http.end_reason': 'error', 'error.type': 'Error', 'error.message': message })
})

/** An error that throws if anything is read that Node itself does not read. */
const unreadable: unknown = new Proxy(new Error('x'), {
  get(error, name) {
    if (['name', 'cause'].includes(String(name))) throw new RangeError('not to be read')
    return Reflect.get(error, name)
  },
})

test.each<[string, () => Promise<unknown>]>([
  ['node:http', drop('/never', (request) => request.destroy(unreadable as Error))],
  [
    'fetch',
    async () => {
      const abort = new AbortController()
      setTimeout(() => abort.abort(unreadable), 20)
      await fetch(`${base}/never`, { signal: abort.signal }).catch(() => {})
    },
  ],
])('an error that cannot be read ends the span all the same: %s', async (_what, ask) => {
  on()
  expect(await clientSpans(ask)).toHaveLength(1)
})

test('a body of fetch that is not wanted is no failure', async () => {
  on()
  const [span] = await clientSpans(async () => (await fetch(`${base}/half`)).body?.cancel())
  expect(span?.data).toMatchObject({ 'http.response.status_code': 200, 'http.end_reason': 'aborted' })
  expect(span?.data).not.toHaveProperty(['error.type'])
})

test('what is under way when tracing is switched off ends as it does', async () => {
  on()
  const spans = await clientSpans(async () => {
    const asked = [send('/reset'), fetch(`${base}/reset`).catch(() => {}), fetch(`${base}/a`).then((res) => res.text())]
    off()
    await Promise.all(asked)
  })
  expect(spans.map(({ data }) => [data['url.path'], data['http.end_reason']]).sort()).toEqual([
    ['/a', undefined],
    ['/reset', 'error'],
    ['/reset', 'error'],
  ])
})
