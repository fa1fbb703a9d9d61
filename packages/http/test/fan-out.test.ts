import http, { Agent } from 'node:http'
import { afterEach, expect, test } from '@jest/globals'
import type { Span } from '@trace/core'
import { traceClients } from '../src/client.js'
import { type App, frameworks, startApp } from './frameworks.js'
import { ask, open, requestText } from './raw-client.js'

let above: App
let below: App
let off: () => void

afterEach(async () => {
  off()
  await above.close()
  await below.close()
})

const REQUESTS = 2_500
const CONNECTIONS = 100

/** 10,000 in all, over the four of them. */
test.each(Object.keys(frameworks))(
  '%s: many requests at a time on kept-alive connections: every client span is under its own request',
  async (name) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 20 })
    below = await startApp('node', (_req, res) => res.end('#'), { honorReqHeader: true })
    above = await startApp(name, (req, res) => {
      const url = `http://127.0.0.1:${below.port}${req.url}`
      if (Number(req.url?.split('-')[1]) % 2 === 0) {
        http.request(url, { agent }, (answer) => answer.on('end', () => res.end('#')).resume()).end()
      } else {
        fetch(url).then(async (answer) => res.end(await answer.text()))
      }
    })
    off = traceClients(above.tracer)
    await Promise.all(Array.from({ length: CONNECTIONS }, (_, at) => visit(at)))
    const [requests, clients] = parted(await above.spans())
    const served = await below.spans()
    expect([requests.size, clients.size, served.length]).toEqual([REQUESTS, REQUESTS, REQUESTS])
    const wrong = [...clients.values()].filter((client) => {
      const parent = requests.get(client.parentId)
      return parent?.data['url.path'] !== client.data['url.path'] || parent?.traceId !== client.traceId
    })
    const lost = served.filter((span) => clients.get(span.parentId)?.data['url.path'] !== span.data['url.path'])
    expect([wrong, lost]).toEqual([[], []])
    expect(above.tracer.stats()).toMatchObject({ open: 0, started: 2 * REQUESTS })
    agent.destroy()
  },
  60_000,
)

async function visit(first: number): Promise<void> {
  const socket = await open(above.port)
  for (let time = 0; time < REQUESTS / CONNECTIONS; time++) await ask(socket, requestText(`/${first}-${time}`))
  socket.destroy()
}

function parted(spans: readonly Span[]): [Map<bigint, Span>, Map<bigint, Span>] {
  const of = (kind: string) => new Map(spans.filter((span) => span.kind === kind).map((span) => [span.spanId, span]))
  return [of('request'), of('client')]
}
