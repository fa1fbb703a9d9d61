import * as undici from 'undici'
import type { Form, Stand } from './differential-stand.js'

type Make = (dispatcher: undici.Agent, url: (path: string) => string, stand: Stand) => Promise<unknown>

/** Notes the outcome of a request. @param make makes it by the dispatcher that it gets, which has connections of its own */
function noted(make: Make): Form {
  return async (stand) => {
    const dispatcher = new undici.Agent()
    try {
      stand.note(JSON.stringify(await make(dispatcher, (path) => `http://localhost:${stand.port}${path}`, stand)))
    } catch (error) {
      const told = (each: unknown) => ['name', 'code', 'message'].map((key) => String(Reflect.get(Object(each), key)))
      stand.note(`throws ${told(error)} by ${told(Reflect.get(Object(error), 'cause'))}`)
    }
    await dispatcher.destroy()
  }
}

function byFetch(init: undici.RequestInit, path = '/ok'): Form {
  return noted(async (dispatcher, url) => {
    const answer = await undici.fetch(url(path), { ...init, dispatcher })
    return [answer.status, answer.redirected, await answer.text()]
  })
}

type Options = NonNullable<Parameters<typeof undici.request>[1]>

function byRequest(options: Options, path = '/ok'): Form {
  return noted(async (dispatcher, url) => {
    const { statusCode, body } = await undici.request(url(path), { ...options, dispatcher })
    return [statusCode, await body.text()]
  })
}

/** Requests of `fetch` and undici. */
export const FETCHES: Readonly<Record<string, Form>> = {
  'fetch of a string': byFetch({}),
  'fetch of a URL': noted((dispatcher, url) =>
    undici.fetch(new URL(url('/ok')), { dispatcher }).then((answer) => answer.text()),
  ),
  'fetch of a Request': noted((dispatcher, url) =>
    undici
      .fetch(new undici.Request(url('/ok'), { method: 'PUT', body: 'body' }), { dispatcher })
      .then((answer) => answer.text()),
  ),
  'fetch with headers': byFetch({ headers: { A: 'b', 'X-Own': 'c' } }),
  'fetch with a list of headers': byFetch({
    headers: [
      ['A', 'b'],
      ['a', 'c'],
    ],
  }),
  'fetch with Headers': byFetch({ headers: new undici.Headers({ A: 'b' }) }),
  'fetch with ids of its own': byFetch({ headers: { 'x-request-ID': 'mine' } }),
  'fetch with a body': byFetch({ method: 'POST', body: 'body' }),
  'fetch with a form': byFetch({ method: 'POST', body: new URLSearchParams({ a: 'b' }) }),
  'fetch with a stream': noted(async (dispatcher, url) => {
    const body = new Blob(['body']).stream()
    const answer = await undici.fetch(url('/ok'), { method: 'POST', duplex: 'half', body, dispatcher })
    return [answer.status, await answer.text()]
  }),
  'fetch with a method in lower case': byFetch({ method: 'patch' }),
  'fetch with an invalid method': byFetch({ method: 'a b' }),
  'fetch with an invalid header': byFetch({ headers: { 'a b': 'c' } }),
  'fetch that is redirected': byFetch({}, '/moved'),
  'fetch that does not follow': byFetch({ redirect: 'manual' }, '/moved'),
  'fetch with early hints': byFetch({}, '/hints'),
  'fetch that is aborted': byFetch({ signal: AbortSignal.abort() }),
  'fetch that is reset': byFetch({}, '/reset'),
  'fetch that is cut': byFetch({}, '/cut'),
  'fetch of nobody': noted((dispatcher) => undici.fetch('http://localhost:1', { dispatcher })),
  'fetch of no URL': noted((dispatcher) => undici.fetch('no url', { dispatcher })),
  request: byRequest({}),
  'request with headers': byRequest({ headers: { A: 'b', 'x-list': ['c', 'd'] } }),
  'request with a list': byRequest({ headers: ['A', 'b', 'a', 'c'] }),
  'request with a Map': byRequest({ headers: new Map([['A', 'b']]) }),
  'request with an odd list': byRequest({ headers: ['A'] }),
  'request with a Host': byRequest({ headers: { host: 'foo|bar' } }),
  'request with ids of its own': byRequest({ headers: { 'X-Request-Id': '1:2' } }),
  'request with several ids': byRequest({ headers: { 'X-Request-Id': ['1:2', '3:4'] } }),
  'request with a body': byRequest({ method: 'POST', body: 'body' }),
  'request with a frozen object': byRequest(Object.freeze({ headers: Object.freeze({ A: 'b' }) })),
  'request of a path that is a URL': noted(async (dispatcher, url) => {
    const { body } = await dispatcher.request({ origin: url(''), path: 'http://b.example/ok', method: 'GET' })
    return body.text()
  }),
  'one object for two requests': noted(async (dispatcher, url) => {
    const options = { dispatcher, headers: { A: 'b' } }
    const list = { dispatcher, headers: ['A', 'b'] }
    for (const each of [options, options, list, list])
      await undici.request(url('/ok'), each).then(({ body }) => body.text())
    return [options.headers, list.headers]
  }),
}
