import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from '@jest/globals'
import { createTracer, currentSpan, memoryRecorder, type Span } from '@trace/core'
import express5, { type Express } from 'express'
import fastify from 'fastify'
import { traceExpress } from '../src/express.js'
import { traceFastify } from '../src/fastify.js'
import { queryOf } from '../src/naming.js'
import type { ServerOptions } from '../src/options.js'
import { type App, frameworks, startApp } from './frameworks.js'
import { send } from './raw-client.js'

const express4 = createRequire(import.meta.url)('express4') as typeof express5
const recorder = memoryRecorder()
const tracer = createTracer({ recorder })

async function recorded(): Promise<readonly Span[]> {
  for (let turn = 0; tracer.stats().open > 0 && turn < 2_000; turn++) await new Promise((r) => setTimeout(r, 5))
  await tracer.flush()
  return recorder.spans
}

describe.each([
  ['express4', express4],
  ['express5', express5],
])('%s', (version, express) => {
  let server: Server

  afterEach(() => {
    recorder.clear()
    server.close()
  })

  async function nameOf(app: Express, path: string): Promise<string | undefined> {
    server = createServer(app)
    await new Promise<void>((resolve) => server.listen(0, resolve))
    await send((server.address() as AddressInfo).port, path)
    const span = (await recorded()).at(-1)
    const route = span?.data['http.route']
    expect(span?.name).toBe(route === undefined ? 'GET' : `GET ${route}`)
    return span?.name
  }

  function app(): Express {
    const made = express()
    made.set('env', 'test')
    made.use(traceExpress({ tracer }))
    const users = express.Router({ mergeParams: true })
    users.use((_req, _res, next) => next())
    users.get('/', (_req, res) => void res.send('#'))
    users.get('/broken', () => {
      throw new Error('broken')
    })
    users.get('/:id', (_req, res) => void res.send('#'))
    users.get('/:id/late', (_req, _res, next) => setTimeout(() => next(new Error('late')), 5))
    users.get('/pass/on', (_req, _res, next) => next())
    const tenants = express.Router()
    tenants.use('/users', users)
    tenants.use('/:kind/x/users', users)
    made.use('/plain', users)
    made.use('/tenants/:tenant', tenants)
    made.use('/files/:name.txt', users)
    const sub = express()
    sub.get('/in/:id', (_req, res) => void res.send('#'))
    made.use('/sub/:at', sub)
    made.use('/assets/:version', (req, res, next) => (req.url === '/a.js' ? void res.send('#') : next()))
    made.get(['/one/:a', '/two/:b'], (_req, res) => void res.send('#'))
    made.get(/^\/regexp\/(\d+)$/, (_req, res) => void res.send('#'))
    made.get(version === 'express4' ? '/wild/*' : '/wild/*rest', (_req, res) => void res.send('#'))
    return made
  }

  test.each([
    ['/plain', 'GET /plain'],
    ['/plain/42?x=/y', 'GET /plain/:id'],
    ['/plain/plain', 'GET /plain/:id'],
    ['/plain/broken', 'GET /plain/broken'],
    ['/plain/42/late', 'GET /plain/:id/late'],
    ['/tenants/acme/users/42', 'GET /tenants/:tenant/users/:id'],
    ['/tenants/tenants/users/42', 'GET /tenants/:tenant/users/:id'],
    ['/tenants/a%20b%2Fc/users/42/late', 'GET /tenants/:tenant/users/:id/late'],
    ['/tenants/7/7/x/users/7', 'GET /tenants/:tenant/:kind/x/users/:id'],
    ['/tenants/acme/users/', 'GET /tenants/:tenant/users'],
    ['/files/report.txt/42', 'GET /files/:name.txt/:id'],
    ['/sub/9/in/42', 'GET /sub/:at/in/:id'],
    ['/assets/12/a.js', 'GET /assets/:version'],
    ['/assets/12/none', 'GET'],
    ['/tenants/acme/none/42', 'GET'],
    ['/none/42', 'GET'],
    ['/one/42', 'GET /one/:a,/two/:b'],
    ['/regexp/42', 'GET /^\\/regexp\\/(\\d+)$/'],
  ])('%s is %s', async (path, name) => expect(await nameOf(app(), path)).toBe(name))

  test('a wildcard', async () => {
    expect(await nameOf(app(), '/wild/a/b')).toBe(version === 'express4' ? 'GET /wild/*' : 'GET /wild/*rest')
  })

  test('a parameter that the program changed puts no id into the name', async () => {
    const made = express()
    made.use(traceExpress({ tracer }))
    const router = express.Router()
    router.param('user', (req, _res, next) => {
      req.params['user'] = 'somebody'
      next()
    })
    router.use('/:user/in', (_req, res) => void res.send('#'))
    made.use(router)
    expect(await nameOf(made, '/42/in')).toMatch(/^GET (\/:user\/in|\/\*)$/)
  })

  test('what Express keeps on the request is there as ever', async () => {
    const made = express()
    made.use(traceExpress({ tracer }))
    const seen: unknown[] = []
    const router = express.Router()
    router.get('/:id', (req, res) => {
      seen.push(req.baseUrl, req.route.path, req.url, req.originalUrl, Object.keys(req).includes('baseUrl'))
      res.send('#')
    })
    made.use('/a/:b', router)
    await nameOf(made, '/a/1/2')
    expect(seen).toEqual(['/a/1', '/:id', '/2', '/a/1/2', true])
  })
})

test('fastify: prefixes, parameters, wildcards, and a name for all that is not found', async () => {
  const app = fastify()
  app.register(traceFastify, { tracer })
  app.register(
    async (tenant) => {
      tenant.get('/users/:id', async () => '#')
      tenant.get('/files/*', async () => '#')
      tenant.setNotFoundHandler((_request, reply) => void reply.code(404).send('#'))
    },
    { prefix: '/tenants/:tenant' },
  )
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  for (const path of ['/tenants/a/users/1?x', '/tenants/a/files/b/c', '/tenants/a/none/1', '/none/1'])
    await send(port, path)
  expect((await recorded()).map(({ name }) => name)).toEqual([
    'GET /tenants/:tenant/users/:id',
    'GET /tenants/:tenant/files/*',
    'GET',
    'GET',
  ])
  recorder.clear()
  await app.close()
})

describe.each(Object.keys(frameworks))('%s', (name) => {
  let app: App

  afterEach(() => app.close())

  async function spanOf(options: Partial<ServerOptions>, headers: string[] = []): Promise<Span | undefined> {
    app = await startApp(
      name,
      (_req, res) => res.writeHead(200, { 'Content-Type': 'text/x', 'X-Count': 2, 'Set-Cookie': ['a', 'b'] }).end('#'),
      options,
    )
    expect((await send(app.port, '/any/42?a=1&Token=secret&to%6ben[x]=deep&b', headers)).status).toBe(200)
    return (await app.spans())[0]
  }

  test("the program's own name", async () => {
    expect((await spanOf({ name: (req) => `mine ${req.method}` }))?.name).toBe('mine GET')
  })

  test.each([
    [
      'throws',
      () => {
        throw new Error('no')
      },
    ],
    ['gives no text', () => 5 as never],
    ['gives an empty text', () => ''],
  ])('a name function that %s', async (_, given) => {
    const expected = { node: 'GET /any/42', fastify: 'GET /*' }[name] ?? 'GET'
    expect((await spanOf({ name: given }))?.name).toBe(expected)
  })

  test('a name that the handler gives stays', async () => {
    app = await startApp(name, (_req, res) => {
      const span = currentSpan()
      if (span !== undefined) span.name = 'mine'
      res.end('#')
    })
    await send(app.port, '/any')
    expect((await app.spans())[0]?.name).toBe('mine')
  })

  test('no query and no headers unless asked for', async () => {
    const data = (await spanOf({}, ['Authorization: secret', 'Cookie: secret']))?.data
    expect(JSON.stringify(data)).not.toMatch(/secret|Token|text\/x/)
  })

  test('the query, masked', async () => {
    expect((await spanOf({ query: { mask: ['token'] } }))?.data['url.query']).toBe('a=1&Token=***&to%6ben[x]=***&b')
  })

  test('the headers that are listed', async () => {
    const options = {
      requestHeaders: ['User-Agent', 'X-None'],
      responseHeaders: ['content-type', 'X-Count', 'set-cookie'],
    }
    const data = (await spanOf(options, ['User-Agent: me', 'Cookie: secret']))?.data
    expect(data).toMatchObject({
      'http.request.header.user-agent': 'me',
      'http.response.header.content-type': 'text/x',
      'http.response.header.x-count': '2',
      'http.response.header.set-cookie': ['a', 'b'],
    })
    expect(Object.keys(data ?? {}).filter((key) => key.includes('header'))).toHaveLength(4)
  })

  test('requests that are ignored have no span, no ids, and no context', async () => {
    app = await startApp(name, (req, res) => res.end(`${req.headers['x-request-id']} ${currentSpan()?.name}#`), {
      ignore: (req) => {
        if (req.url === '/throws') throw new Error('no')
        return req.url === '/health'
      },
    })
    const ignored = await send(app.port, '/health', ['X-Request-Id: theirs'])
    const traced = await send(app.port, '/throws')
    expect(ignored.body).toContain('theirs undefined')
    expect(ignored.headers).not.toHaveProperty('x-request-id')
    expect(traced.headers).toHaveProperty('x-request-id')
    expect(await app.spans()).toHaveLength(1)
    expect(app.tracer.stats()).toMatchObject({ started: 1, open: 0 })
  })
})

test.each<[string, string[], string | undefined]>([
  ['/a', [], undefined],
  ['/a?', [], ''],
  ['/a?b=1#c', [], 'b=1'],
  ['/a?b=1&B=2&c', ['b'], 'b=***&B=***&c'],
  ['/a?b=1=2&b', ['b'], 'b=***&b'],
  ['/a?b%5B%5D=1&b%zz=2&+b=3', ['b'], 'b%5B%5D=***&b%zz=2&+b=***'],
  ['/a?b=x?y&d=1', ['d'], 'b=x?y&d=***'],
])('the query of %j without %j is %j', (target, masked, query) => expect(queryOf(target, new Set(masked))).toBe(query))
