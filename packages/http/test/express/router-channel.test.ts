import { tracingChannel } from 'node:diagnostics_channel'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { span } from '@trace/core'
import express, { type ErrorRequestHandler, type Express } from 'express'
import { traceExpressErrors } from '../../src/express.js'
import { printedBy } from '../support/express-program.js'
import { express4, Refused, recorder, serve, spanOf, traced, tracer } from '../support/express-stand.js'
import { open, requestText, send } from '../support/raw-client.js'

const MAKERS: Readonly<Record<string, [add: (made: Express) => unknown, name: string]>> = {
  'a handler throws': [
    (made) =>
      made.get('/a/:id', () => {
        throw new Refused('no')
      }),
    'GET /a/:id',
  ],
  'a handler rejects': [(made) => made.get('/a/:id', async () => Promise.reject(new Refused('no'))), 'GET /a/:id'],
  'a handler passes on': [(made) => made.get('/a/:id', (_req, _res, next) => next(new Refused('no'))), 'GET /a/:id'],
  'a handler passes on later': [
    (made) => made.get('/a/:id', (_req, _res, next) => void setImmediate(() => next(new Refused('no')))),
    'GET /a/:id',
  ],
  'middleware throws': [
    (made) =>
      made.use('/a', () => {
        throw new Refused('no')
      }),
    'GET',
  ],
  'a mounted router throws': [
    (made) =>
      made.use(
        '/:tenant',
        express.Router().use(
          express.Router().get('/:id', () => {
            throw new Refused('no')
          }),
        ),
      ),
    'GET /:tenant/:id',
  ],
  'a mounted application throws': [
    (made) =>
      made.use(
        '/a',
        express().get('/:id', () => {
          throw new Refused('no')
        }),
      ),
    'GET /a/:id',
  ],
  'a param callback of a route throws': [
    (made) => {
      made.param('id', () => {
        throw new Refused('no')
      })
      made.get('/a/:id', (_req, res) => void res.end())
    },
    'GET /a/:id',
  ],
  'a param callback of a mounted router passes on': [
    (made) => {
      const router = express.Router().param('id', (_req, _res, next) => next(new Refused('no')))
      made.use(
        '/:tenant',
        router.get('/:id', (_req, res) => void res.end()),
      )
    },
    'GET /:tenant/:id',
  ],
}

describe.each([
  ['', undefined],
  [', while others listen to the routers, too', () => {}],
])('an error has its type and stack without an error handler%s', (_who, listener) => {
  const { start } = tracingChannel('express.router.request')
  beforeAll(() => listener && start.subscribe(listener))
  afterAll(() => void (listener && start.unsubscribe(listener)))

  test.each(Object.entries(MAKERS))('where %s', async (_what, [add, name]) => {
    const made = traced()
    add(made)
    const found = await spanOf(made, '/a/42')
    expect(found.name).toBe(name)
    expect(found.data).toMatchObject({
      'http.response.status_code': 500,
      'error.type': 'Refused',
      'error.message': 'no',
      'error.stack': expect.stringContaining('router-channel.test'),
    })
  })

  test('that stands on the inner span that it failed, if there is one', async () => {
    const made = traced().get('/a', async () => span('work', 'inner', async () => Promise.reject(new Refused('no'))))
    await send(serve(made), '/a')
    await tracer.idle()
    const stacks = recorder.spans.map(({ name, data }) => [name, data['error.type'], 'error.stack' in data])
    expect(stacks).toEqual([
      ['inner', 'Refused', true],
      ['GET /a', 'Refused', false],
    ])
  })

  test.each<[string, unknown, string, string]>([
    ['a text', 'gone', 'string', 'gone'],
    ['an object', { code: 7 }, 'Object', '{ code: 7 }'],
    ['a number', 7, 'number', '7'],
  ])('if it is %s', async (_what, thrown, type, message) => {
    const made = traced().get('/a', () => {
      throw thrown
    })
    expect((await spanOf(made, '/a')).data).toMatchObject({ 'error.type': type, 'error.message': message })
  })

  test('the one that an error handler puts in its place, and none that the program has dealt with', async () => {
    const replace: ErrorRequestHandler = (error, _req, _res, next) => next(new RangeError('other', { cause: error }))
    const made = traced()
      .get('/a', () => Promise.reject(new Refused('no')))
      .use(replace)
    expect((await spanOf(made, '/a')).data).toMatchObject({
      'error.type': 'RangeError',
      'error.cause': [{ type: 'Refused', message: 'no' }],
    })
    recorder.clear()
    const recover: ErrorRequestHandler = (_error, _req, _res, next) => next()
    const well = traced().use((_req, _res, next) => next(new Refused('no')))
    expect(
      (
        await spanOf(
          well.use(recover).get('/a', (_req, res) => void res.end()),
          '/a',
        )
      ).data,
    ).toEqual({
      'http.request.method': 'GET',
      'http.route': '/a',
      'url.path': '/a',
      'http.response.status_code': 200,
      'http.response.body.size': 0,
    })
  })

  test('unless it is answered with a 4xx, or is a signal of the router', async () => {
    const answer: ErrorRequestHandler = (_error, _req, res, _next) => void res.status(422).end()
    const refused = traced()
      .get('/a', () => Promise.reject(new Refused('no')))
      .use(answer)
    expect((await spanOf(refused, '/a')).data).not.toHaveProperty(['error.type'])
    recorder.clear()
    const routed = traced().get('/a', (_req, _res, next) => next('route'))
    routed.get('/a', (_req, res) => void res.status(500).end())
    expect((await spanOf(routed, '/a')).data).toMatchObject({ 'error.type': '500' })
  })

  test('with traceExpressErrors, too, it is one error', async () => {
    const made = traced()
      .get('/a', () => Promise.reject(new Refused('no')))
      .use(traceExpressErrors())
    expect((await spanOf(made, '/a')).data).toMatchObject({ 'error.type': 'Refused' })
  })

  test('a client that leaves after an error that the program has dealt with has left, and nothing more', async () => {
    const recover: ErrorRequestHandler = (_error, _req, _res, next) => next()
    const made = traced().use((_req, _res, next) => next(new Refused('no')))
    const begun = new Promise<void>((resolve) => {
      made.use(recover).get('/a', (_req, res) => {
        res.write('some')
        resolve()
      })
    })
    const socket = await open(serve(made))
    socket.write(requestText('/a'))
    await begun
    socket.destroy()
    await tracer.idle()
    expect(recorder.spans[0]?.data).toMatchObject({ 'http.end_reason': 'aborted' })
    expect(recorder.spans[0]?.data).not.toHaveProperty(['error.type'])
  })
})

test('Express 4 and 5 within each other name their routes, and tell what they can', async () => {
  const fails = () => {
    throw new Refused('no')
  }
  const five = traced().use('/Four/:a', express4().use('/In', express4.Router().get('/:id', fails)))
  const inFive = await spanOf(five, '/four/1/in/2')
  expect([inFive.name, inFive.data['error.type']]).toEqual(['GET /Four/:a/In/:id', 'Refused'])
  recorder.clear()
  const four = traced(express4).use('/Five/:a', express().use('/In', express.Router().get('/:id', fails)))
  const inFour = await spanOf(four, '/five/1/in/2')
  expect([inFour.name, inFour.data['error.type']]).toEqual(['GET /Five/:a/In/:id', 'Refused'])
  recorder.clear()
  const only = await spanOf(traced(express4).get('/:id', fails), '/4')
  expect([only.name, only.data['error.type']]).toEqual(['GET /:id', '500'])
  recorder.clear()
  const told = traced(express4).get('/:id', fails).use(traceExpressErrors())
  expect((await spanOf(told, '/4')).data).toMatchObject({ 'error.type': 'Refused' })
})

test.each([
  ['/b/2/c', 'GET /b/:id/c'],
  ['/e/2', 'GET /e/:id'],
])(
  'what a router is about to run is listened to only from the first request on that needs it, as for %s',
  (path, name) => {
    const printed = printedBy(`
    app.get('/a/:id', answer).use('/b/:id', express.Router().get('/c', answer)).get(['/d/:id', '/e/:id'], answer)
    console.log([await ask('/a/1'), await ask('${path}'), await ask('/a/1')].join(';'))`)
    expect(printed).toBe(`;start;start\nGET /a/:id,${name},GET /a/:id\n`)
  },
)

test('errors of routers are listened to only while a request is under way that has failed', () => {
  const printed = printedBy(`
    let fail
    app.get('/a', answer).get('/fails', (_req, _res, next) => void (fail = next))
    app.use((error, _req, res, _next) => setTimeout(() => res.status(500).end(listened()), 100))
    const both = [ask('/fails'), ask('/a')]
    const before = await both[1]
    fail(new RangeError('no'))
    const others = await ask('/a')
    const own = await both[0]
    await tracer.idle()
    console.log([before, others, own, await ask('/a'), listened()].join(';'))`)
  expect(printed).toBe(';error;error;;\nGET /a,GET /a,GET /fails RangeError,GET /a\n')
})

test('errors of routers are listened to for good from the first route on that has error handlers of its own', () => {
  const printed = printedBy(`
    const fails = () => { throw new RangeError('no') }
    app.get('/a', answer)
    const route = app.route('/b').get(answer)
    const before = [await ask('/a'), await ask('/b')]
    route.post(fails, (_error, _req, res, _next) => res.status(500).end(listened()))
    console.log([...before, await ask('/b'), await ask('/a')].join(';'))
    await ask('/b', { method: 'POST' })`)
  expect(printed).toBe(';;error;error\nGET /a,GET /b,GET /b,GET /a,POST /b RangeError\n')
})

test('an error that a router tells and does not keep is the error of the span', async () => {
  const { error } = tracingChannel('express.router.request')
  const made = traced(express4).get('/a', (req, res) => {
    error.publish({ req, error: new Refused('no') })
    res.status(500).end()
  })
  expect((await spanOf(made, '/a')).data).toMatchObject({ 'error.type': 'Refused', 'error.message': 'no' })
})

test('messages of other requests, and such as are none, do no harm', () => {
  const channel = tracingChannel('express.router.request')
  for (const message of [undefined, null, 5, {}, { req: null }, { req: {} }]) {
    channel.start.publish(message as object)
    channel.error.publish(message as object)
  }
  expect(channel.start.hasSubscribers).toBe(true)
})
