import http, { Agent } from 'node:http'
import { expect, test } from '@jest/globals'
import {
  createTracer,
  currentSpan,
  type MemoryRecorder,
  memoryRecorder,
  type Span,
  span,
  type Tracer,
} from '@trace/core'
import type { HttpRoutes, HttpServer, SuiteHandler } from '@trace/testing'
import { traceClients } from '../src/client.js'
import { isLong } from './support/long.js'
import { open, requestText } from './support/raw-client.js'
import { type Stand, stands } from './support/stands.js'

const REQUESTS = isLong ? 10_000 : 150
const CONNECTIONS = 50
const CALLS_AT_ONCE = 50

interface Service {
  readonly tracer: Tracer
  readonly recorder: MemoryRecorder
  readonly server: HttpServer
}

async function serve(stand: Stand, handle: SuiteHandler): Promise<Service> {
  const recorder = memoryRecorder()
  // On a busy machine the requests wait for each other for seconds; what is open then would be recorded as such.
  const tracer = createTracer({ recorder, buffer: 100_000, bufferBytes: 1e9, openAfter: false })
  const no = (): never => {
    throw new Error('this path is not requested')
  }
  const routes: HttpRoutes = { own: no, fail: no, upgrade: no, handle }
  const server = await stand.open({ tracer, options: { honorReqHeader: true }, routes })
  return { tracer, recorder, server }
}

const http1 = Object.entries(stands).filter(([, stand]) => !('http2' in stand))

test.each(http1)(
  `%s: ${REQUESTS} requests under way at once, each of which calls: every span is under its own`,
  async (_, stand) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 20 })
    const below = await serve(stands['Node http'], (_req, res) => void res.end('#'))
    const strays: string[] = []
    const all = gate(REQUESTS)
    const calls = turnstile(CALLS_AT_ONCE)
    const above = await serve(stand, async (req, res) => {
      const id = numberOf(req.url)
      req.on('end', () => span('event', id, () => {}))
      req.on('data', () => {})
      await all()
      await span('work', id, async (work) => {
        await calls(() => call(`http://127.0.0.1:${below.server.port}/any/${id}`, agent))
        if (currentSpan() !== work) strays.push(id)
        span('inner', id, () => {})
      })
      res.end('#')
    })
    const off = traceClients(above.tracer)
    await Promise.all(Array.from({ length: CONNECTIONS }, (_, at) => visit(above.server.port, at)))
    off()
    agent.destroy()
    for (const { server, tracer } of [above, below]) {
      await server.close()
      await tracer.close()
    }
    expect(strays).toEqual([])
    check(above.recorder.spans, below.recorder.spans)
    expect(above.tracer.stats()).toMatchObject({ open: 0, started: above.recorder.spans.length })
  },
)

function numberOf(path: string | undefined): string {
  return path?.split('/').at(-1) ?? ''
}

/** Calls by `node:http` or by `fetch`, in turn. */
async function call(url: string, agent: Agent): Promise<void> {
  if (Number(numberOf(url)) % 2 === 0) await (await fetch(url)).text()
  else await new Promise<void>((resolve) => http.get(url, { agent }, (answer) => answer.on('end', resolve).resume()))
}

/** Sends its share of the requests without waiting for responses, and then reads the responses. */
async function visit(port: number, first: number): Promise<void> {
  const socket = await open(port)
  let left = 0
  for (let id = first; id < REQUESTS; id += CONNECTIONS, left++) socket.write(requestText(`/any/${id}`))
  let text = ''
  await new Promise<void>((resolve, reject) => {
    socket.on('close', () => reject(new Error(`closed with ${left} responses to come`)))
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      const parts = (text + chunk).split('HTTP/1.1 200 OK')
      // The last part may be the beginning of a status line.
      text = (parts.at(-1) ?? '').slice(-16)
      left -= parts.length - 1
      if (left === 0 && chunk.includes('#')) resolve()
    })
  })
  socket.removeAllListeners('close').destroy()
}

/** Returns a function whose promises resolve once it has been called `count` times. */
function gate(count: number): () => Promise<void> {
  let missing = count
  let opening: () => void = () => {}
  const opened = new Promise<void>((resolve) => {
    opening = resolve
  })
  return () => {
    if (--missing === 0) opening()
    return opened
  }
}

/** Runs at most so many functions at a time, since each may open a connection. The others wait. */
function turnstile(most: number): (body: () => Promise<void>) => Promise<void> {
  let inside = 0
  const waiting: (() => void)[] = []
  return async (body) => {
    if (inside === most) await new Promise<void>((resolve) => waiting.push(resolve))
    else inside++
    try {
      await body()
    } finally {
      const next = waiting.shift()
      if (next === undefined) inside--
      else next()
    }
  }
}

const PARENTS: Readonly<Record<string, string>> = { event: 'request', work: 'request', inner: 'work', client: 'work' }

function check(spans: readonly Span[], served: readonly Span[]): void {
  const byId = new Map(spans.map((each) => [each.spanId, each]))
  const idOf = ({ kind, name, data }: Span): string =>
    kind === 'request' || kind === 'client' ? numberOf(String(data['url.path'])) : name
  const isBelow = (each: Span, kind: string | undefined): boolean => {
    const parent = byId.get(each.parentId)
    if (parent === undefined || kind === undefined) return parent?.kind === kind
    return parent.kind === kind && idOf(parent) === idOf(each) && parent.traceId === each.traceId
  }
  const wrong = [
    ...spans.filter((each) => !isBelow(each, PARENTS[each.kind])),
    ...served.filter((each) => !isBelow(each, 'client')),
  ]
  expect(wrong).toEqual([])
  for (const kind of ['request', 'event', 'work', 'inner']) expect(countOf(kind, spans)).toBe(REQUESTS)
  expect(countOf('client', spans)).toBe(REQUESTS)
  expect(served).toHaveLength(REQUESTS)
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(REQUESTS)
}

function countOf(kind: string, spans: readonly Span[]): number {
  return spans.filter((each) => each.kind === kind).length
}
