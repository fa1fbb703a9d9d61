import type { RequestListener } from 'node:http'
import { describe, expect, test } from '@jest/globals'
import { currentSpan, isFailed } from '@trace/core'
import express from 'express'
import { createMocks } from 'node-mocks-http'
import { traceExpress } from '../../src/express.js'
import { traceNode } from '../../src/node.js'
import { reasonOf, traced } from '../support/traced-apps.js'

describe('responses that say finish and never close', () => {
  test.each(['json', 'end', 'sendStatus'] as const)('of node-mocks-http: %s', async (way) => {
    const { tracer, spans } = traced()
    const app = express()
    app.use(traceExpress({ tracer }))
    app.get('/users/:id', (_req, res) => void (way === 'sendStatus' ? res.sendStatus(200) : res[way]('x')))
    const { EventEmitter } = await import('node:events')
    for (let at = 0; at < 10; at++) {
      const { req, res } = createMocks({ method: 'GET', url: '/users/42' }, { eventEmitter: EventEmitter })
      const ended = new Promise((resolve) => res.on('end', resolve))
      app(req, res)
      await ended
    }
    expect((await spans()).map(({ name }) => name)).toEqual(
      // The mock has a `baseUrl`, as if it were mounted at a path.
      Array(10).fill('GET */users/:id'),
    )
  })

  test.each<[string, RequestListener, number]>([
    ['its own methods', (_req, res) => void Reflect.apply(Reflect.get(res, 'sendStatus'), res, [503]), 503],
    ['writeHead', (_req, res) => void res.writeHead(201, { 'X-Other': 'a' }).end('x'), 201],
  ])('of node-mocks-http, which emits no events by default: %s', async (_, handler, status) => {
    const { tracer, spans } = traced()
    const { req, res } = createMocks({ method: 'GET', url: '/users/42', headers: { 'X-Request-Id': 'theirs' } })
    Reflect.apply(traceNode(handler, { tracer }), undefined, [req, res])
    const [span] = await spans()
    expect([span?.data['http.response.status_code'], reasonOf(span)]).toEqual([status, 'completed'])
    expect(res.getHeader('X-Request-Id')).toBe(String(span?.traceId))
    expect(req.headers['x-request-id']).toBe(`${span?.traceId}:${span?.spanId}`)
  })

  test('of node-mocks-http, whose status asks for the data of the span', async () => {
    const { tracer, spans } = traced()
    const { req, res } = createMocks({ method: 'GET', url: '/users/42' })
    const handler: RequestListener = (_req, answer) => {
      const span = currentSpan()
      Object.defineProperty(answer, 'statusCode', { get: () => (span?.data['url.path'] === '/users/42' ? 201 : 500) })
      answer.end('x')
    }
    Reflect.apply(traceNode(handler, { tracer }), undefined, [req, res])
    expect((await spans())[0]?.data).toMatchObject({ 'http.response.status_code': 201, 'http.response.body.size': 1 })
  })

  test.each(['@codegenie/serverless-express', 'serverless-http'])('of %s', async (name) => {
    const { tracer, spans } = traced()
    const app = express().set('env', 'test')
    app.use(traceExpress({ tracer }))
    app.get('/users/:id', (_req, res) => void res.json({}))
    app.get('/fail', () => {
      throw new RangeError('no')
    })
    const { default: wrap } = await import(name)
    const handler = name === 'serverless-http' ? wrap(app) : (wrap.default ?? wrap)({ app })
    const event = (path: string): object => ({
      version: '2.0',
      rawPath: path,
      rawQueryString: '',
      headers: { host: 'example.com' },
      requestContext: { http: { method: 'GET', path, sourceIp: '127.0.0.1' }, stage: '$default' },
      isBase64Encoded: false,
    })
    for (let at = 0; at < 10; at++) {
      const answer = await handler(event('/users/42'), {}, () => {})
      expect(answer.statusCode).toBe(200)
      expect(answer.headers['x-request-id']).toMatch(/^\d+$/)
    }
    expect((await handler(event('/fail'), {}, () => {})).statusCode).toBe(500)
    const all = await spans()
    expect(
      all.map((span) => [span.name, span.data['http.response.status_code'], isFailed(span), reasonOf(span)]),
    ).toEqual([...Array(10).fill(['GET /users/:id', 200, false, 'completed']), ['GET /fail', 500, true, 'completed']])
  })
})
