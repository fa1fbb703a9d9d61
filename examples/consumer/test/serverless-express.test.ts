import { configure } from '@codegenie/serverless-express'
import { expect, test } from '@jest/globals'
import { createTracer, memoryRecorder, span } from '@trace/core'
import { traceExpress } from '@trace/http/express'
import express from 'express'

/** What API Gateway calls a Lambda function with (HTTP API, payload format 2.0). */
function eventFor(method: string, path: string): object {
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: '',
    headers: { host: 'abc.execute-api.eu-west-1.amazonaws.com', 'content-type': 'application/json' },
    requestContext: {
      accountId: '123456789012',
      apiId: 'abc',
      domainName: 'abc.execute-api.eu-west-1.amazonaws.com',
      http: { method, path, protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent: 'curl' },
      requestId: 'id',
      routeKey: '$default',
      stage: '$default',
      time: '22/Nov/2026:18:48:42 +0000',
      timeEpoch: 1_795_373_322_000,
    },
    isBase64Encoded: false,
  }
}

test('spans of a Lambda function end with its answers, and are stored once it has flushed', async () => {
  const recorder = memoryRecorder()
  const tracer = createTracer({ service: 'function', recorder })
  const app = express()
  app.use(traceExpress({ tracer }))
  app.get('/users/:id', async (req, res) => {
    res.json(await span('db', 'load user', async () => ({ id: req.params.id })))
  })
  app.get('/broken', () => {
    throw new Error('broken')
  })
  app.use(((_error, _req, res, _next) => void res.status(500).send('sorry')) as express.ErrorRequestHandler)
  const handle = configure({ app })
  const handler = async (event: object): Promise<{ statusCode: number; body: string }> => {
    try {
      return await Reflect.apply(handle, undefined, [event, {}, undefined])
    } finally {
      // Lambda freezes the process as soon as it has the answer.
      await tracer.flush()
    }
  }

  for (let id = 0; id < 100; id++) {
    const { statusCode, body } = await handler(eventFor('GET', `/users/${id}`))
    expect([statusCode, JSON.parse(body)]).toEqual([200, { id: `${id}` }])
    expect(recorder.spans).toHaveLength(2 * (id + 1))
  }
  expect(await handler(eventFor('GET', '/broken'))).toMatchObject({ statusCode: 500, body: 'sorry' })

  expect(tracer.stats()).toMatchObject({ started: 201, open: 0, recorded: 201, dropped: 0, failed: 0 })
  const names = new Set(recorder.spans.map(({ kind, name }) => `${kind} ${name}`))
  expect(names).toEqual(new Set(['request GET /users/:id', 'db load user', 'request GET /broken']))
  const statuses = recorder.spans
    .map(({ data }) => data['http.response.status_code'])
    .filter((status) => status !== undefined)
  expect(statuses).toEqual([...Array.from({ length: 100 }, () => 200), 500])
})
