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

const joins: [string, bigint, bigint][] = [
  ['42:43', 42n, 43n],
  [' 42:43 ', 42n, 43n],
  ['042:043', 42n, 43n],
  ['9223372036854775807:9223372036854775807', 2n ** 63n - 1n, 2n ** 63n - 1n],
  ['9223372036854775808:1', 2n ** 63n, 1n],
  ['18446744073709551615:1', 2n ** 64n - 1n, 1n],
]
const begins = [
  '18446744073709551616:1',
  '1:18446744073709551616',
  '42',
  '42:0',
  '0:5',
  '-1:5',
  'abc',
  '42 :43',
  '0x2a:0x2b',
  '4_2:4_3',
  '42:43:44',
  '42:43junk',
  '42: 43',
  '+42:+43',
  '',
  ':',
  `${'0'.repeat(4_000)}42:43`,
]

describe.each(Object.keys(frameworks))('%s', (name) => {
  test.each(joins)('%j joins the trace', async (header, traceId, parentId) => {
    app = await startApp(name, undefined, { honorReqHeader: true })
    const { seen, response } = await echo([`X-Request-Id: ${header}`])
    const [span] = await app.spans()
    expect(span).toMatchObject({ traceId, parentId })
    expect(response).toBe(String(traceId))
    expect(seen.header).toBe(`${traceId}:${span?.spanId}`)
    expect(seen).toMatchObject({ raw: [seen.header], distinct: [seen.header], traceId: String(traceId) })
  })

  test.each(begins)('%j begins a new trace', async (header) => {
    app = await startApp(name, undefined, { honorReqHeader: true })
    const { seen, response } = await echo([`x-request-ID: ${header}`])
    const [span] = await app.spans()
    if (span === undefined) throw new Error('no span')
    expect(span.parentId).toBe(0n)
    expect(span.traceId).not.toBe(42n)
    expect(response).toBe(String(span.traceId))
    const ids = `${span.traceId}:${span.spanId}`
    expect(seen).toMatchObject({ header: ids, raw: [ids] })
    expect(span.data['request.id']).toBe(header === '' || header.length > 128 ? undefined : header)
  })

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

  test('two headers do not join, and leave one', async () => {
    app = await startApp(name, undefined, { honorReqHeader: true })
    const { seen } = await echo(['X-Request-Id: 42:43', 'x-request-id: 44:45'])
    const [span] = await app.spans()
    expect(span?.parentId).toBe(0n)
    expect(seen.raw).toEqual([seen.header])
    expect(seen.distinct).toEqual([seen.header])
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

  test("a handler's own response header stands", async () => {
    app = await startApp(name, (_req, res) => res.writeHead(200, { 'X-Request-Id': 'mine' }).end())
    expect((await send(app.port, '/raw')).headers['x-request-id']).toBe('mine')
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
