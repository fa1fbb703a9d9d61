import { afterEach, describe, expect, test } from '@jest/globals'
import { currentSpan } from '@trace/core'
import { defineHandler, H3 } from 'h3'
import { tracingPlugin as h3Tracing } from 'h3/tracing'
import { serve } from 'srvx'
import { tracingPlugin as srvxTracing } from 'srvx/tracing'
import { traceChannels } from '../../src/index.js'
import { recorded } from '../support/recorded.js'

let stop = (): void => {}
afterEach(() => stop())

describe('of h3', () => {
  function appOf(): H3 {
    const app = new H3({ silent: true })
    app.register(h3Tracing())
    app.use((_event, next) => next())
    app.get('/users/:id', (event) => `${currentSpan()?.name} ${event.context.params?.['id']}`)
    app.get('/fails', () => {
      throw new RangeError('no such shelf')
    })
    return app.mount(
      '/api',
      new H3().get(
        '/items/:id',
        defineHandler(() => 'item'),
      ),
    )
  }

  test('middleware and routes have spans, the route below the middleware that called it', async () => {
    const { tracer, ...then } = recorded()
    stop = traceChannels(tracer)
    const app = appOf()
    const text = await tracer.trace('request', 'outer', async () => (await app.request('/users/42')).text())
    expect(text).toBe('route /users/:id 42')
    expect(await then.tree()).toEqual(['request outer', '  handler middleware', '    handler route /users/:id'])
    const [, , route] = await then.spans()
    expect({ ...route?.data }).toEqual({ 'http.route': '/users/:id' })
  })

  test('what a route throws fails its span, and what is around it', async () => {
    const { tracer, ...then } = recorded()
    stop = traceChannels(tracer)
    const app = appOf()
    expect((await tracer.trace('request', 'outer', async () => app.request('/fails'))).status).toBe(500)
    const [request, middleware, route] = await then.spans()
    expect(route?.data).toMatchObject({ 'error.type': 'RangeError', 'error.message': 'no such shelf' })
    expect(route?.data).toHaveProperty(['error.stack'])
    expect(middleware?.data).not.toHaveProperty(['error.stack'])
    expect(request?.data).toEqual({})
  })

  test('outside a trace nothing is recorded', async () => {
    const { tracer, ...then } = recorded()
    stop = traceChannels(tracer)
    expect(await (await appOf().request('/users/42')).text()).toBe('undefined 42')
    expect(await then.tree()).toEqual([])
  })
})

test('of srvx, middleware and fetch have spans', async () => {
  const { tracer, ...then } = recorded()
  stop = traceChannels(tracer)
  const server = serve({
    manual: true,
    plugins: [srvxTracing()],
    middleware: [function auth(_request, next) { return next() }, (_request, next) => next()], // biome-ignore format: one line
    fetch: () => new Response(currentSpan()?.name),
  })
  const text = await tracer.trace('request', 'outer', async () =>
    (await server.fetch(new Request('http://a/b'))).text(),
  )
  expect(text).toBe('fetch')
  expect(await then.tree()).toEqual([
    'request outer',
    '  handler middleware auth',
    '    handler middleware 2',
    '      handler fetch',
  ])
})
