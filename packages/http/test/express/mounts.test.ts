import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from '@jest/globals'
import { createTracer, memoryRecorder } from '@trace/core'
import express5, { type Express } from 'express'
import { traceExpress } from '../../src/express.js'
import { send } from '../support/raw-client.js'

const express4 = createRequire(import.meta.url)('express4') as typeof express5
const recorder = memoryRecorder()
const tracer = createTracer({ recorder })

/** Mounts routers in an application. The innermost has the route `/items/:id`. */
type Mounting = (app: Express, express: typeof express5, items: express5.Router) => void

const AT_ANY: Mounting = (app, _express, items) => {
  app.use(/.*/, (_req, _res, next) => next())
  app.use('/api', items)
  app.use('/users/:user', items)
}

const CASES: readonly [what: string, mounting: Mounting, path: string, name: string][] = [
  ['a regular expression', (app, _, items) => app.use(/^\/v\d+/, items), '/v12/items/7', '/*/items/:id'],
  ['one that looks ahead', (app, _, items) => app.use(/^\/v\d+(?=\/items)/, items), '/v12/items/7', '/*/items/:id'],
  ['one with a group', (app, _, items) => app.use(/^\/v\d+\/(\w+)/, items), '/v12/a/items/7', '/*/items/:id'],
  ['one of nothing but text', (app, _, items) => app.use(/^\/lit/i, items), '/LIT/items/7', '/lit/items/:id'],
  ['one whose router finds no route', (app, _, items) => app.use(/^\/v\d+/, items), '/v12/34', ''],
  [
    'a list, by a text',
    (app, _, items) => app.use(['/a/:tenant', /^\/x\d+/], items),
    '/a/9/items/7',
    '/a/:tenant/items/:id',
  ],
  ['a list, by an expression', (app, _, items) => app.use(['/a/:t', /^\/x\d+/], items), '/x55/items/7', '/*/items/:id'],
  ['a list, by its first', (app, _, items) => app.use([/^\/x\d+/, '/a/:t'], items), '/x55/items/7', '/*/items/:id'],
  [
    'a list of lists',
    (app, _, items) => app.use([['/b', [/^\/x\d+/]]] as unknown as string[], items),
    '/x55/items/7',
    '/*/items/:id',
  ],
  ['a text beside an expression for all', AT_ANY, '/api/items/7', '/api/items/:id'],
  ['a parameter beside an expression for all', AT_ANY, '/users/42/items/7', '/users/:user/items/:id'],
  [
    'an expression within a text',
    (app, express, items) => app.use('/api', express.Router().use(/^\/v\d+/, items)),
    '/api/v12/items/7',
    '/api/*/items/:id',
  ],
  [
    'an expression within an application',
    (app, express, items) => app.use('/sub', express().use(/^\/v\d+/, items)),
    '/sub/v12/items/7',
    '/sub/*/items/:id',
  ],
  [
    'an application at an expression',
    (app, express, items) => app.use(/^\/v\d+/, express().use('/sub', items)),
    '/v12/sub/items/7',
    '/*/sub/items/:id',
  ],
  ['an expression that answers by itself', (app) => app.use(/^\/\d+/, (_req, res) => void res.send('#')), '/42', '/*'],
]

describe.each([
  ['Express 4', express4],
  ['Express 5', express5],
])('%s shows nothing that a regular expression has matched', (version, express) => {
  let server: Server
  afterEach(() => {
    recorder.clear()
    server.close()
  })

  async function nameOf(mounting: Mounting, path: string): Promise<string | undefined> {
    const app = express()
    app.use(traceExpress({ tracer }))
    const items = express.Router()
    items.get('/items/:id', (_req, res) => void res.send('#'))
    mounting(app, express, items)
    server = createServer(app)
    await new Promise<void>((resolve) => server.listen(0, resolve))
    // The second request uses what was cached for the first.
    for (let time = 0; time < 2; time++) await send((server.address() as AddressInfo).port, path)
    for (let turn = 0; tracer.stats().open > 0 && turn < 2_000; turn++) await new Promise((r) => setTimeout(r, 5))
    await tracer.flush()
    expect(recorder.spans.map((span) => span.name)).toEqual([recorder.spans[0]?.name, recorder.spans[0]?.name])
    return recorder.spans[0]?.name
  }

  test.each(CASES)('%s', async (_what, mounting, path, name) =>
    expect(await nameOf(mounting, path)).toBe(`GET ${name}`.trim()),
  )

  if (version === 'Express 4') {
    test('an expression written as a text', async () => {
      expect(await nameOf((app, _, items) => app.use('/v\\d+', items), '/v12/items/7')).toBe('GET /*/items/:id')
    })
  }
})
