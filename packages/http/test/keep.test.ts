import http, { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from '@jest/globals'
import { createTracer, type MemoryRecorder, memoryRecorder, ratio, span, type Tracer } from '@trace/core'
import { inject, w3c } from '../src/index.js'
import { traceNode } from '../src/node.js'
import { isLong } from './support/long.js'

const TRACES = isLong ? 10_000 : 400
const FAILURES = TRACES / 200
const AT_ONCE = 20
const propagators = [w3c()]

interface Service {
  readonly tracer: Tracer
  readonly recorder: MemoryRecorder
  readonly server: Server
}

async function serve(
  service: string,
  handle: (req: IncomingMessage, res: ServerResponse) => unknown,
): Promise<Service> {
  const recorder = memoryRecorder()
  const tracer = createTracer({ service, recorder, sample: ratio(0), keep: { errors: true }, buffer: 100_000 })
  const server = createServer(
    traceNode((req, res) => void handle(req, res), { tracer, propagators, honorReqHeader: true }),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { tracer, recorder, server }
}

const agent = new http.Agent({ keepAlive: true, maxSockets: AT_ONCE })

/** Calls a service in a span of its own. @returns the status */
function call({ server }: Service, path: string): Promise<number> {
  return span('client', `GET ${path}`, async (s) => {
    const { port } = server.address() as AddressInfo
    const status = await new Promise<number>((resolve, reject) => {
      const headers = inject({}, { propagators })
      http
        .get({ host: '127.0.0.1', port, path, agent, headers }, (res) => {
          res.resume().on('end', () => resolve(res.statusCode ?? 0))
        })
        .on('error', reject)
    })
    if (status >= 500) s.fail(new Error(`answered ${status}`))
    return status
  })
}

/** Calls a service for all traces, a few of which fail. */
async function callOften(service: Service): Promise<void> {
  let next = 0
  const one = async (): Promise<void> => {
    for (let id = next++; id < TRACES; id = next++) {
      const isBad = id % (TRACES / FAILURES) === 7
      await call(service, `/${isBad ? 'bad' : 'good'}/${id}`)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, one))
}

/** The traces whose request to a service was recorded. */
function requests({ recorder }: Service): readonly string[] {
  return recorder.spans
    .filter(({ kind }) => kind === 'request')
    .map(({ traceId }) => String(traceId))
    .sort()
}

function expectBalance({ recorder, tracer }: Service): void {
  const { started, recorded, unsampled, open, held, dropped, failed } = tracer.stats()
  expect(recorder.spans.length).toBe(recorded)
  const rest = started - recorded - unsampled
  expect({ open, held, dropped, failed, rest }).toEqual({ open: 0, held: 0, dropped: 0, failed: 0, rest: 0 })
}

test('of many traces that are not sampled, the failed ones are kept where they failed, and what is called from then on knows', async () => {
  const audit = await serve('audit', (_req, res) => res.end())
  const stock = await serve('stock', async (req, res) => {
    await span('db', 'select', async () => {})
    res.writeHead(req.url?.startsWith('/bad') === true ? 500 : 200).end()
  })
  // It answers 200 although the service that it calls fails.
  const orders = await serve('orders', async (req, res) => {
    await call(stock, req.url ?? '/')
    await call(audit, '/log')
    res.end()
  })
  const services = [orders, stock, audit]
  try {
    await callOften(orders)
    for (const { tracer } of services) await tracer.idle()
    const failed = requests(stock)
    expect(new Set(failed).size).toBe(FAILURES)
    expect(failed.length).toBe(FAILURES)
    // The caller saw the failure, and passed it on to the next service that it called.
    expect(requests(orders)).toEqual(failed)
    expect(requests(audit)).toEqual(failed)
    for (const service of services) expectBalance(service)
    const kept = (await stock.recorder.traces({ error: true, limit: 100_000 })).traces
    expect(kept.map(({ spans, failed: count }) => [spans, count])).toEqual(kept.map(() => [2, 1]))
    expect(kept.length).toBe(FAILURES)
    expect(stock.recorder.spans.find(({ kind }) => kind === 'request')?.data).toMatchObject({
      'http.response.status_code': 500,
      'url.path': expect.stringMatching(/^\/bad\//),
      'parent.remote': true,
    })
  } finally {
    agent.destroy()
    for (const { server } of services) server.close()
  }
}, 60_000)
