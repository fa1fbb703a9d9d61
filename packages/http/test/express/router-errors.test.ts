import { Readable } from 'node:stream'
import { expect, test } from '@jest/globals'
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'
import { traceExpressErrors } from '../../src/express.js'
import { printedBy } from '../support/express-program.js'
import { express4, Refused, recorder, spanOf, traced } from '../support/express-stand.js'

/** What fails by `req.next`, and what the span's error has. */
const FAILURES: Readonly<Record<string, readonly [add: (made: Express) => unknown, message: string]>> = {
  'res.render': [(made) => made.get('/a', (_req, res) => res.render(import.meta.filename, {})), 'Cannot find module'],
  'res.render, by its engine': [
    (made) =>
      made
        .set('view', View)
        .engine('x', (_path, _options, done) => done(new RangeError('template')))
        .get('/a', (_req, res) => res.render('a.x')),
    'template',
  ],
  'res.sendFile': [(made) => made.get('/a', (_req, res) => res.sendFile('/nope.txt')), 'Not Found'],
  'res.download': [(made) => made.get('/a', (_req, res) => res.download('/nope.txt')), 'Not Found'],
  'req.next, in a router': [
    (made) =>
      made.use(
        '/a',
        express.Router().get('/', (req) => req.next?.(new Refused('no'))),
      ),
    'no',
  ],
  'req.next, later': [(made) => made.get('/a', (req) => void setImmediate(() => req.next?.(new Refused('no')))), 'no'],
}

/** Finds each template. */
class View {
  readonly path = 'a'
  readonly #engine: Engine
  constructor(_name: string, { engines }: { readonly engines: Readonly<Record<string, Engine>> }) {
    this.#engine = engines['.x'] ?? ((_path, _options, done) => done(null))
  }
  render(options: object, done: (error: Error | null) => void): void {
    this.#engine(this.path, options, done)
  }
}
type Engine = (path: string, options: object, done: (error: Error | null) => void) => void

const answers500: ErrorRequestHandler = (_error, _req, res, _next) => void res.status(500).send('sorry')

test.each(Object.keys(FAILURES))('what %s fails with is the error of the span, whoever answers it', async (failure) => {
  const [add, message] = FAILURES[failure] ?? []
  for (const handlers of [[answers500], []]) {
    const made = traced()
    add?.(made)
    for (const handler of handlers) made.use(handler)
    // Express itself answers it with 404.
    if (message === 'Not Found' && handlers.length === 0) continue
    const { data } = await spanOf(made, '/a')
    expect(data).toMatchObject({
      'http.response.status_code': 500,
      'error.message': expect.stringContaining(message ?? ''),
    })
    expect(data['error.stack']).toContain(message)
    recorder.clear()
  }
})

test('an error that an error handler has dealt with is not that of a later one by req.next', async () => {
  const made = traced().use((_req, _res, next) => next(new RangeError('earlier')))
  made.use(recover).get('/a', (req) => req.next?.(new Refused('no')))
  expect((await spanOf(made, '/a')).data).toMatchObject({ 'error.type': 'Refused' })
})

const recover: ErrorRequestHandler = (_error, _req, _res, next) => next()
const refuse: RequestHandler = (_req, _res, next) => next(new Refused('no'))
const refuseByRequest: RequestHandler = (req) => req.next?.(new Refused('no'))

test.each<[string, (made: Express) => Express]>([
  ['passed on', (made) => made.use(refuse, recover)],
  ['thrown in a mounted router', (made) => made.use('/a', express.Router().use(refuse, recover))],
  [
    'thrown in a mounted router, and dealt with outside',
    (made) => made.use('/a', express.Router().use(refuse)).use(recover),
  ],
  ['given to req.next', (made) => made.use(refuseByRequest, recover)],
])('an error that an error handler has dealt with is not that of a later 5xx: %s', async (_how, add) => {
  const answers: RequestHandler = (_req, res) => void res.status(503).end()
  expect((await spanOf(add(traced()).get('/a', answers), '/a')).data).toMatchObject({ 'error.type': '503' })
  recorder.clear()
  expect((await spanOf(add(traced()).use(answers), '/a')).data).toMatchObject({ 'error.type': '503' })
})

test('an error that an error handler answers by a router of its own is that of the 5xx', async () => {
  const pages = express.Router().get('/a', (_req, res) => void res.status(500).end())
  const handler: ErrorRequestHandler = (_error, req, res, next) => pages(req, res, next)
  expect((await spanOf(traced().get('/a', refuse).use(handler), '/a')).data).toMatchObject({ 'error.type': 'Refused' })
})

test.each([
  ['an error that was dealt with', `app.use(refuse, recover).use(sorry)`, 'GET 503'],
  ['an error that was dealt with, before a route', `app.use(refuse, recover).get('/a', sorry)`, 'GET /a 503'],
  [
    'the same error once more',
    `const error = new RangeError('no')
     const fails = (_req, _res, next) => next(error)
     app.use(fails, recover).get('/a', fails)`,
    'GET /a RangeError',
  ],
  [
    'an error before the request came to be traced',
    `app = traced(express().use(refuse, recover)).get('/a', sorry)`,
    'GET /a 503',
  ],
  ['an error after that', `app = traced(express().use(refuse, recover)).get('/a', refuse)`, 'GET /a RangeError'],
  [
    'an error after that, dealt with',
    `app = traced(express().use(refuse, recover)).use(refuse, recover, sorry)`,
    'GET 503',
  ],
  [
    'an error after the response',
    `app.get('/a', (req, res, next) => res.end(() => setImmediate(next, new Error())))`,
    'GET /a',
  ],
])('where nothing listens to the routers before: %s', (_what, made, spans) => {
  const printed = printedBy(`
    const sorry = (_req, res) => res.status(503).end()
    ${made}
    await ask('/a')
    await ask('/a')
    await tracer.idle()
    await new Promise((resolve) => setTimeout(resolve, 20))
    console.log(listened())`)
  expect(printed).toBe(`\n${spans},${spans}\n`)
})

test('what breaks a body that Express sends is the error of the span', async () => {
  const made = traced().get('/a', (req, res) => {
    const body = Readable.from(
      (async function* () {
        yield 'some'
        throw new Refused('no')
      })(),
    )
    body.on('error', (error) => req.next?.(error)).pipe(res)
  })
  expect((await spanOf(made, '/a')).data).toMatchObject({ 'http.end_reason': 'error', 'error.type': 'Refused' })
})

test('what a router before 2.3, or something else, keeps in that place does no harm', async () => {
  const seen = Symbol.for('router.tracing.publishedErrors')
  for (const value of [undefined, 5, {}, new Set()]) {
    const made = traced(express4).get('/a', (req, res) => {
      Reflect.set(req, seen, value)
      res.status(500).end()
    })
    expect((await spanOf(made, '/a')).data).toMatchObject({ 'error.type': '500' })
    recorder.clear()
  }
  const told = traced(express4).get('/a', (req) => req.next?.(new Refused('no')))
  expect((await spanOf(told.use(traceExpressErrors()), '/a')).data).toMatchObject({ 'error.type': 'Refused' })
})
