import { execFileSync } from 'node:child_process'
import { tracingChannel } from 'node:diagnostics_channel'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'
import { span } from '@trace/core'
import express, { type ErrorRequestHandler, type Express } from 'express'
import { traceExpressErrors } from '../../src/express.js'
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

describe('an error has its type and stack without an error handler', () => {
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

test('what a router is about to run is listened to only from the first request on that enters a mount, which has its name', () => {
  const program = `
    import { tracingChannel } from 'node:diagnostics_channel'
    import { once } from 'node:events'
    import { createTracer, memoryRecorder } from '@trace/core'
    import { traceExpress } from '@trace/http/express'
    import express from 'express'
    const { start, error } = tracingChannel('express.router.request')
    const recorder = memoryRecorder()
    const tracer = createTracer({ recorder })
    const answer = (_req, res) => res.end(String(start.hasSubscribers))
    const app = express().use(traceExpress({ tracer })).get('/a/:id', answer)
    app.use('/b/:id', express.Router().get('/c', answer)).get(['/d/:id', '/e/:id'], answer)
    const server = app.listen(0)
    await once(server, 'listening')
    const ask = async (path) => (await fetch('http://localhost:' + server.address().port + path)).text()
    console.log(error.hasSubscribers, await ask('/a/1'), await ask(process.argv[1]))
    server.close()
    server.closeAllConnections()
    await tracer.close()
    console.log(recorder.spans.map(({ name }) => name).join())`
  const printed = (path: string) =>
    execFileSync(process.execPath, ['--input-type=module', '-e', program, path], {
      cwd: fileURLToPath(new URL('.', import.meta.url)),
      encoding: 'utf8',
    })
  expect(printed('/b/2/c')).toBe('true false true\nGET /a/:id,GET /b/:id/c\n')
  expect(printed('/e/2')).toBe('true false true\nGET /a/:id,GET /e/:id\n')
})

test('messages of other requests, and such as are none, do no harm', () => {
  const channel = tracingChannel('express.router.request')
  for (const message of [undefined, null, 5, {}, { req: null }, { req: {} }]) {
    channel.start.publish(message as object)
    channel.error.publish(message as object)
  }
  expect(channel.start.hasSubscribers).toBe(true)
})
