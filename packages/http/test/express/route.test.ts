import { execFileSync } from 'node:child_process'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from '@jest/globals'
import { createTracer, memoryRecorder, type Span } from '@trace/core'
import express5, { type ErrorRequestHandler, type Express, type RequestHandler, type Router } from 'express'
import { traceExpress } from '../../src/express.js'
import { send } from '../support/raw-client.js'

const express4 = createRequire(import.meta.url)('express4') as typeof express5

/** Of a router as of Express 5.0 to 5.2, for which there are no types. */
interface OldRouter {
  (req: unknown, res: unknown, done: () => void): void
  use(...args: unknown[]): this
  get(path: string, handler: RequestListener): this
}
const router22: () => OldRouter = createRequire(import.meta.url)('router22')

/** Where the package keeps what Express sets outside of a span. */
const GIVEN = Symbol.for('@trace/http/given/1')
const recorder = memoryRecorder()
const tracer = createTracer({ recorder })

describe.each([
  ['Express 4', express4, '*'],
  ['Express 5', express5, '*rest'],
])('%s', (version, express, wildcard) => {
  let server: Server
  afterEach(() => {
    recorder.clear()
    server.close()
  })

  /** A traced application, and a router; `add` completes them. */
  function appWith(add: (app: Express, items: Router) => void): Express {
    const app = express()
    app.set('env', 'test').use(traceExpress({ tracer }))
    const items = express.Router({ mergeParams: true })
    items.get('/items/:id', (_req, res) => void res.send('#'))
    add(app, items)
    return app
  }

  async function spansOf(app: RequestListener, ...paths: string[]): Promise<readonly Span[]> {
    server = createServer(app)
    await new Promise<void>((resolve) => server.listen(0, resolve))
    for (const path of paths) await send((server.address() as AddressInfo).port, path)
    for (let turn = 0; tracer.stats().open > 0 && turn < 2_000; turn++) await new Promise((r) => setTimeout(r, 5))
    await tracer.flush()
    return recorder.spans
  }

  async function namesOf(app: RequestListener, ...paths: string[]): Promise<readonly string[]> {
    return (await spansOf(app, ...paths)).map((span) => span.name.replace('GET ', ''))
  }

  test.each([
    ['/Tenants/:tenant/things', '/TENANTS/42/Things'],
    ['/Tenants/:tenant/things', '/tenants/things/things'],
    ['/Tenants/:tenant/things', '/tenants/tenants/things'],
    ['/Tenants/:tenant/things', '/tenants/a%2Fb/things'],
    ['/Tenants/:tenant/things', '/tenants/.*+(x)[$/things'],
    ['/Tenants/:tenant/things', '/tenants/:tenant/things'],
    ['/:lang/users', '/users/users'],
    ['/a-:from-:to', '/A-a-a'],
    ['/same/:a/:b', '/same/same/same'],
    ['/files/:name.txt', '/FILES/txt.txt'],
    [`/wild/${wildcard}/end`, '/WILD/end/wild/end'],
    ['/Mixed', '/mIXED'],
    ['/enc%20oded', '/ENC%20oded'],
  ])('what is mounted at %s is named so for %s', async (mount, path) => {
    const app = appWith((made, items) => made.use(mount, items))
    const [name, again] = await namesOf(app, `${path}/items/1`, `${path}/ITEMS/2/?a=/b`)
    expect([name, again]).toEqual([`${mount}/items/:id`, `${mount}/items/:id`])
  })

  test('nested mounts with parameters at two levels', async () => {
    const app = appWith((made, items) => {
      const inner = express.Router().use('/Sub/:x', items)
      made.use('/deep/:d', express.Router().use(inner))
    })
    const names = await namesOf(app, '/DEEP/7/SUB/8/items/9', '/deep/sub/sub/deep/items/items', '/deep/1/sub/2/none')
    expect(names).toEqual(['/deep/:d/Sub/:x/items/:id', '/deep/:d/Sub/:x/items/:id', 'GET'])
  })

  test('an application within another, at a path or at none, and what is mounted behind it', async () => {
    const app = appWith((made, items) => {
      made.use('/Sub', express().use('/:at/In', items))
      made.use(express().use('/none/:x', items))
      made.use('/:last/Behind', items)
    })
    const names = await namesOf(app, '/SUB/in/IN/items/1', '/none/none/items/2', '/behind/behind/items/3')
    const written = ['/Sub/:at/In/items/:id', '/none/:x/items/:id', '/:last/Behind/items/:id']
    expect(names).toEqual(written)
  })

  test('of mounts that match the same part of a path, the one that the request has entered', async () => {
    const app = appWith((made, items) => {
      made.use('/:x/users', (_req, _res, next) => next())
      made.use(express.Router().use('/users/:x', items))
    })
    expect(await namesOf(app, '/users/users/items/1')).toEqual(['/users/:x/items/:id'])
  })

  test('the middleware in a router, which the request leaves', async () => {
    const app = express()
    const router = express.Router().use(traceExpress({ tracer }))
    const items = express.Router().get('/:id', (_req, res) => void res.send('#'))
    router.use('/In/:x', items)
    app.use('/Api', router).use('/Elsewhere/:y', items)
    app.use('/api/:z', (_req, res) => void res.send('#'))
    app.use((req, _res, next) => {
      req.url = '/elsewhere/1/2'
      next()
    })
    app.use('/elsewhere/:Y', items)
    expect(await namesOf(app, '/API/in/1/2', '/api/1/2', '/api')).toEqual([
      '*/In/:x/:id',
      '/api/:z',
      '/elsewhere/:Y/:id',
    ])
  })

  test('a router added later', async () => {
    const app = appWith((made, items) => {
      made.use(/^\/a/, (_req, _res, next) => next())
      made.get('/add', (_req, res) => void res.send(String(made.use('/A', items))))
    })
    expect(await namesOf(app, '/a/items/1', '/add', '/a/items/1')).toEqual(['GET', '/add', '/A/items/:id'])
  })

  test('a router that a function calls has a name where Express tells it, and otherwise shows nothing of the path', async () => {
    const app = appWith((made, items) => {
      const hidden = express.Router().use('/Secret/:x', items)
      made.use('/hidden', (req, res, next) => hidden(req, res, next))
    })
    const written = version === 'Express 4' ? '/*' : '/Secret/:x'
    expect(await namesOf(app, '/hidden/secret/1/items/2')).toEqual([`/hidden${written}/items/:id`])
  })

  test('a parameter without a value matches nothing', async () => {
    const app = appWith((made, items) => made.use('/tenants/:tenant', items))
    expect(await namesOf(app, '/tenants//items/1')).toEqual(['GET'])
  })

  test('an error that middleware answers with 503 is one failed span named by the route', async () => {
    const app = appWith((made) => {
      made.get('/fails/:id', (_req, _res, next) => next(new TypeError('mine')))
      const answer: ErrorRequestHandler = (_error, _req, res, _next) => void res.status(503).end()
      made.use(answer)
    })
    const type = version === 'Express 4' ? '503' : 'TypeError'
    const data = { 'http.response.status_code': 503, 'http.route': '/fails/:id', 'error.type': type }
    expect(await spansOf(app, '/FAILS/1')).toMatchObject([{ name: 'GET /fails/:id', data }])
  })

  test('a parameter that may be missing', async () => {
    const optional = version === 'Express 4' ? '/a/:b?' : '/A{/:b}'
    const app = appWith((made, items) => made.use(optional, items).use(optional, (_req, res) => void res.send('#')))
    expect(await namesOf(app, '/A', '/A/2/items/1')).toEqual([optional, `${optional}/items/:id`])
  })

  if (version !== 'Express 4') {
    test("a request's baseUrl is right, traced or not, and takes a property of its own only where it is a path", async () => {
      const seen: unknown[] = []
      const app = express()
      const note: RequestHandler = (req, _res, next) => {
        seen.push([req.path, req.baseUrl, Object.getOwnPropertySymbols(req).includes(GIVEN)])
        next()
      }
      app.use(traceExpress({ tracer, ignore: ({ url }) => url?.startsWith('/ignored') === true }))
      app.use(note).use('/ignored/mount', note).use('/mount', note)
      app.use(note, (_req, res) => void res.send('#'))
      // The first one has Express's prototype changed, and came before that.
      await spansOf(app, '/first', '/mount/a', '/ignored/mount/b')
      expect(seen.slice(2)).toEqual([
        ['/mount/a', '', false],
        ['/a', '/mount', false],
        ['/mount/a', '', false],
        ['/ignored/mount/b', '', false],
        ['/b', '/ignored/mount', true],
        ['/ignored/mount/b', '', true],
      ])
    })

    test('where the router publishes nothing, before its release 2.3, mounts show nothing of the path', async () => {
      const items = router22().get('/items/:id', (_req, res) => void res.end('#'))
      const inner = router22().use('/:kind/x', items)
      const outer = router22().use(traceExpress({ tracer })).use('/Plain', items).use('/Tenants/:tenant', inner)
      outer.get('/route/:id', (_req, res) => void res.end('#'))
      const paths = ['/plain/items/1', '/tenants/7/a/x/items/2', '/tenants/7/none', '/route/4']
      const listener: RequestListener = (req, res) => outer(req, res, () => res.writeHead(404).end())
      const names = await namesOf(listener, ...paths)
      expect(names).toEqual(['/*/items/:id', '/*/*/items/:id', 'GET', '/route/:id'])
    })

    test('a route of several paths is named by the one that has matched', async () => {
      const app = appWith((made) =>
        made.use(
          '/in',
          express.Router().get(['/a/:a', '/b/:b'], (_req, res) => void res.send('#')),
        ),
      )
      expect(await namesOf(app, '/in/a/1', '/in/b/1')).toEqual(['/in/a/:a', '/in/b/:b'])
    })
  }

  test('the program may set anything as the route: the one that has matched stays where that has no path', async () => {
    const fails = () => {
      throw new Error('no')
    }
    const routes = [
      {
        get path() {
          return fails()
        },
      },
      { path: { toString: fails } },
      {},
      { path: undefined },
      5,
      null,
      undefined,
    ]
    const set: unknown[] = []
    const app = appWith((made) =>
      made.get('/in/:at', (req, res) => {
        const route = routes[Number(req.params.at)]
        req.route = route
        set.push(req.route === route)
        res.send('#')
      }),
    )
    const spans = await spansOf(app, ...routes.map((_, at) => `/in/${at}`))
    const names = ['/in/:at', '/*', '/in/:at', '/in/:at', '/in/:at', '/in/:at', '/in/:at']
    expect(spans.map(({ name, data }) => [name, data['http.response.status_code']])).toEqual(
      names.map((name) => [`GET ${name}`, 200]),
    )
    expect(set).toEqual(routes.map(() => true))
  })

  test('a wildcard that takes all', async () => {
    const app = appWith((made) => made.use(`/${wildcard}`, (_req, res) => void res.send('#')))
    expect(await namesOf(app, '/any/thing', '/Any%2Fthing/')).toEqual([`/${wildcard}`, `/${wildcard}`])
  })
})

test('what one copy of this package keeps for a request that is under way another one finds', async () => {
  const copy: typeof import('../../src/express.js') = await import(
    new URL('../../dist/express.js', import.meta.url).href
  )
  const seen: unknown[] = []
  let proceed = () => {}
  const app = express5().use(traceExpress({ tracer, ignore: () => true }))
  app.use('/in', (req, res) => {
    proceed = () => {
      seen.push(req.baseUrl)
      res.end()
    }
    begun()
  })
  let begun = () => {}
  const hasBegun = new Promise<void>((resolve) => {
    begun = resolve
  })
  const later = express5()
    .use(copy.traceExpress({ tracer }))
    .get('/a/:id', (req, res) => {
      seen.push(req.baseUrl)
      res.end()
    })
  const servers = [app, later].map((each) => createServer(each).listen(0))
  const [first = 0, second = 0] = servers.map((each) => (each.address() as AddressInfo).port)
  const answered = send(first, '/in')
  await hasBegun
  await send(second, '/a/1')
  proceed()
  await answered
  for (const each of servers) each.close()
  expect(seen).toEqual(['', '/in'])
})

test('a copy of this package tells what Express has set where the accessors are those of another', () => {
  const copy = (which: number) => JSON.stringify(new URL(`../../dist/express.js?${which}`, import.meta.url).href)
  const program = `
    import { once } from 'node:events'
    import { createTracer, memoryRecorder } from '@trace/core'
    import express from 'express'
    import { traceExpress as first } from ${copy(1)}
    import { traceExpress as second } from ${copy(2)}
    const tracer = createTracer({ recorder: memoryRecorder() })
    const baseUrl = (req, res) => res.end(req.baseUrl)
    for (const [path, trace] of [['/', first], ['/', second], ['/api', first]]) {
      const server = express().use(path, express.Router().use(trace({ tracer }), baseUrl)).listen(0)
      await once(server, 'listening')
      const answer = await fetch('http://localhost:' + server.address().port + path)
      console.log(JSON.stringify(await answer.text()))
      server.close()
      server.closeAllConnections()
    }`
  const cwd = fileURLToPath(new URL('.', import.meta.url))
  const printed = execFileSync(process.execPath, ['--input-type=module', '-e', program], { cwd, encoding: 'utf8' })
  expect(printed).toBe('""\n""\n"/api"\n')
})
