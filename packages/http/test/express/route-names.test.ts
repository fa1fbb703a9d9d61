import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from '@jest/globals'
import { createTracer, memoryRecorder, type Span } from '@trace/core'
import express5, { type Express } from 'express'
import { traceExpress } from '../../src/express.js'
import { send } from '../support/raw-client.js'

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
])('%s', (_version, express) => {
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
      seen.push(req.baseUrl, req.route.path, req.url, req.originalUrl, 'baseUrl' in req && 'route' in req)
      res.send('#')
    })
    made.use('/a/:b', router)
    await nameOf(made, '/a/1/2')
    expect(seen).toEqual(['/a/1', '/:id', '/2', '/a/1/2', true])
  })
})
