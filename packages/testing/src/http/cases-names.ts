import { deepStrictEqual, doesNotMatch, equal, ok } from 'node:assert/strict'
import { currentSpan, DATA_KEYS, type Span } from '@trace/core'
import { parseSeen } from './seen.js'
import type { HttpAbilities, MiddlewareOptions, SuiteRequest } from './server.js'
import { type Add, onlySpan, requestSpans, type Setup, type Stand } from './stand.js'

/** The name and data of a request's span, and which requests get no span. */
export function addNameCases(add: Add, suite: HttpAbilities): void {
  for (const [path, name] of Object.entries(suite.names ?? {})) addName(add, suite, path, name)
  addOwnName(add)
  if (suite.allOptions === false) return
  addGivenNames(add)
  addIgnored(add)
  if (suite.conventions !== false) addData(add)
}

const { httpMethod: METHOD, httpRoute: ROUTE, urlPath: PATH, httpStatus: STATUS, httpResponseSize: SIZE } = DATA_KEYS

function addName(add: Add, suite: HttpAbilities, path: string, name: string): void {
  add(`GET ${path} is called ${name}`, {}, async (stand) => {
    await stand.client.ask({ path })
    const span = await onlySpan(stand)
    equal(span.name, name)
    if (suite.conventions === false) return
    const { [METHOD]: method, [ROUTE]: route, [PATH]: recorded } = span.data
    const [bare] = path.split('?')
    deepStrictEqual([method, recorded], ['GET', bare])
    ok([`GET ${route}`, ...(route === undefined ? ['GET', `GET ${bare}`] : [])].includes(name), `the route is ${route}`)
  })
}

function addOwnName(add: Add): void {
  const handle: Setup['handle'] = () => (_req, res) => {
    const span = currentSpan()
    if (span !== undefined) span.name = 'mine'
    res.end('fine')
  }
  add('a name that the handler gives stays', { handle }, async (stand) => {
    await stand.client.ask({ path: '/any' })
    equal((await onlySpan(stand)).name, 'mine')
  })
}

/** Functions for the option `name` that return no name. */
const NAMELESS: Readonly<Record<string, (req: SuiteRequest) => string>> = {
  'that throws': () => {
    throw new Error('thrown by the suite')
  },
  // Parsed from JSON, because the types forbid it.
  'that gives no text': () => JSON.parse('5'),
  'that gives an empty text': () => '',
}

function addGivenNames(add: Add): void {
  const given: Setup = { options: { kind: 'web', name: ({ method, url }) => `my ${method} ${url}` } }
  add('the kind and the name are those of the options', given, async (stand) => {
    await stand.client.ask({ path: '/own', method: 'GET' })
    const { kind, name } = await onlySpan(stand)
    deepStrictEqual([kind, name], ['web', 'my GET /own'])
  })
  for (const [what, name] of Object.entries(NAMELESS)) {
    add(`a name function ${what} changes nothing`, { options: { name } }, async (stand) => {
      equal((await stand.client.ask({ path: '/own' })).status, 200)
      equal((await onlySpan(stand)).name, 'GET /own')
    })
  }
}

function addIgnored(add: Add): void {
  const ignore = ({ url }: SuiteRequest): boolean => {
    if (url === '/any/throws') throw new Error('thrown by the suite')
    return url === '/own'
  }
  add('what is ignored has no span, no ids and no context', { options: { ignore } }, async (stand) => {
    const ignored = await stand.client.ask({ path: '/own', headers: [['X-Request-Id', 'theirs']] })
    const { headers, traceId } = parseSeen(ignored.body)
    equal(ignored.status, 200)
    equal(ignored.headers['x-request-id'], undefined)
    equal(traceId, 'undefined')
    deepStrictEqual(new Set(headers['x-request-id']), new Set(['theirs']))
    equal(stand.tracer.stats().started, 0)
  })
  add('a function that throws ignores nothing', { options: { ignore } }, async (stand) => {
    const { headers } = await stand.client.ask({ path: '/any/throws' })
    equal(headers['x-request-id'], String((await onlySpan(stand)).traceId))
  })
}

const TARGET = '/any/42?a=1&Token=secret&to%6ben[x]=secret&b'

/** Sends one request: its path has a query, and request and response have headers that must not be recorded. */
async function dataOf(stand: Stand): Promise<Span['data']> {
  const headers = [
    ['User-Agent', 'the suite'],
    ['Authorization', 'secret'],
    ['Cookie', 'secret'],
  ] as const
  equal((await stand.client.ask({ path: TARGET, headers })).status, 200)
  return (await onlySpan(stand)).data
}

function addData(add: Add): void {
  const handle: Setup['handle'] = () => (_req, res) => {
    res.writeHead(200, { 'Content-Type': 'text/x', 'X-Count': '2', 'Set-Cookie': ['a=1', 'b=2'] })
    res.end('fine')
  }
  const cases: Readonly<Record<string, readonly [MiddlewareOptions, Span['data']]>> = {
    'neither the query nor a header is recorded': [{}, {}],
    'the query is recorded on request': [{ query: true }, { 'url.query': TARGET.slice(TARGET.indexOf('?') + 1) }],
    'the query is recorded without what is masked': [
      { query: { mask: ['token'] } },
      { 'url.query': 'a=1&Token=***&to%6ben[x]=***&b' },
    ],
    'the headers that are listed are recorded, and no other': [
      { requestHeaders: ['User-Agent', 'X-None'], responseHeaders: ['content-type', 'X-Count', 'Set-Cookie'] },
      {
        'http.request.header.user-agent': 'the suite',
        'http.response.header.content-type': 'text/x',
        'http.response.header.x-count': '2',
        'http.response.header.set-cookie': ['a=1', 'b=2'],
      },
    ],
  }
  for (const [name, [options, expected]] of Object.entries(cases)) {
    add(name, { options, handle }, async (stand) => {
      const { [ROUTE]: _, ...data } = await dataOf(stand)
      const always = { [METHOD]: 'GET', [PATH]: '/any/42', [STATUS]: 200, [SIZE]: 4 }
      deepStrictEqual({ ...data }, { ...always, ...expected })
      if (options.query !== true) doesNotMatch(JSON.stringify(data), /secret/)
    })
  }
}

/** Middleware that is registered twice by mistake. The stand checks after the case that there was one warning. */
export function addTwiceCase(add: Add): void {
  add('registered twice it makes one span a request, and warns once', { isTwice: true }, async (stand) => {
    for (let time = 0; time < 2; time++) equal((await stand.client.ask({ path: '/own' })).status, 200)
    equal((await requestSpans(stand)).length, 2)
  })
}
