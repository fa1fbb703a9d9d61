import { describe, expect, jest, test } from '@jest/globals'
import { isFailed } from '@trace/core'
import express from 'express'
import { traceExpress } from '../src/express.js'
import { listen, traced, warnings } from './support/traced-apps.js'

describe('an internal redirect', () => {
  const emitted = jest.fn()
  test.each([
    ['app(req, res)', (app: express.Express, req: express.Request, res: express.Response) => app(req, res)],
    [
      'app.handle',
      (app: express.Express, req: express.Request, res: express.Response) =>
        Reflect.apply(Reflect.get(app, 'handle'), app, [req, res]),
    ],
  ])('by %s is one span, and there is no warning', async (_, redirect) => {
    const { tracer, spans } = traced()
    process.on('warning', emitted)
    const app = express()
    app.use(traceExpress({ tracer }))
    app.get('/old', (req, res) => {
      req.url = '/new/42'
      redirect(app, req, res)
    })
    app.get('/new/:id', (_req, res) => void res.send('new'))
    const port = await listen(app)
    expect(await (await fetch(`http://127.0.0.1:${port}/old`)).text()).toBe('new')
    const all = await spans()
    process.off('warning', emitted)
    expect(all).toHaveLength(1)
    expect(all[0]?.name).toMatch(/^GET \/(new\/:id|old)$/)
    expect([warnings, emitted.mock.calls]).toEqual([[], []])
  })
})

test('a 4xx that an Express error handler answers is no failure, and a 5xx is one', async () => {
  const { tracer, spans } = traced()
  const app = express()
  app.use(traceExpress({ tracer }))
  app.get('/:status', (req) => {
    throw Object.assign(new RangeError('no'), { status: Number(req.params.status) })
  })
  app.use((error: { status: number }, _req: express.Request, res: express.Response, _next: express.NextFunction) => {
    res.status(error.status).send('sorry')
  })
  const port = await listen(app)
  for (const status of [404, 503]) expect((await fetch(`http://127.0.0.1:${port}/${status}`)).status).toBe(status)
  expect((await spans()).map((span) => [span.data['http.response.status_code'], isFailed(span)])).toEqual([
    [404, false],
    [503, true],
  ])
})
