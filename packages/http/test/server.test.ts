import { afterEach, describe, expect, test } from '@jest/globals'
import { pathOf } from '../src/naming.js'
import { type App, frameworks, type Seen, startApp } from './frameworks.js'
import { send } from './raw-client.js'

let app: App

afterEach(() => app?.close())

async function echo(headers: readonly string[]): Promise<{ seen: Seen; response: string | undefined }> {
  const reply = await send(app.port, '/echo?a=1', headers)
  expect(reply.status).toBe(200)
  const body = reply.body.slice(reply.body.indexOf('{'), reply.body.lastIndexOf('}') + 1)
  return { seen: JSON.parse(body) as Seen, response: reply.headers['x-request-id'] }
}

describe.each(Object.keys(frameworks))('%s', (name) => {
  test('without a header a new trace begins, and by default with one too', async () => {
    app = await startApp(name)
    const first = await echo([])
    const second = await echo(['X-Request-Id: 042:43'])
    const [one, two] = await app.spans()
    expect(one).toMatchObject({ kind: 'request', name: 'GET /echo', parentId: 0n })
    expect(one?.data).toEqual({
      'http.request.method': 'GET',
      ...(name === 'node' ? {} : { 'http.route': '/echo' }),
      'url.path': '/echo',
      'http.response.status_code': 200,
    })
    expect(first.response).toBe(String(one?.traceId))
    expect(first.seen.header).toBe(`${one?.traceId}:${one?.spanId}`)
    expect(first.seen).toMatchObject({ raw: [first.seen.header], distinct: [first.seen.header] })
    expect(two?.data['untrusted.parent']).toBe('42:43')
    expect(two?.parentId).toBe(0n)
    expect(second.response).toBe(String(two?.traceId))
    expect(second.seen.header).toBe(`${two?.traceId}:${two?.spanId}`)
  })

  test('another header, another kind, no response header', async () => {
    const options = { headerKey: 'X-Trace-Id', kind: 'web', addRespHeader: false, honorReqHeader: true }
    app = await startApp(name, (_req, res) => res.end('#'), options)
    const { seen, response } = await echo(['X-Trace-Id: 42:43', 'X-Request-Id: 7:8'])
    const other = await send(app.port, '/raw')
    const [span] = await app.spans()
    expect(span).toMatchObject({ kind: 'web', traceId: 42n, parentId: 43n })
    expect(seen).toMatchObject({ header: '7:8', other: `42:${span?.spanId}` })
    expect(response).toBeUndefined()
    expect(other.headers).not.toHaveProperty('x-trace-id')
  })
})

test.each([
  ['/a/b?c#d', '/a/b'],
  ['/a#b?c', '/a'],
  ['/', '/'],
  ['*', '*'],
  ['', ''],
  ['http://user:secret@host/a?b', '/a'],
  ['http://host', '/'],
  ['http://host?a=/b', '/'],
])('the path of %j is %j', (target, path) => expect(pathOf(target)).toBe(path))
