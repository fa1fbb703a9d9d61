import { appendFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { createServer, type IncomingMessage, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import {
  createTracer,
  memoryRecorder,
  type ReadOptions,
  type Span,
  type TraceList,
  type TraceQuery,
  type TraceReader,
} from '@trace/core'
import { spanToYaml, yamlReader } from '@trace/yamlrec'
import { traceViewer } from '../../dist/index.js'
import { aSpan, checkout, storeOf } from '../support/store.js'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

interface Served {
  readonly url: string
  /** A promise for each request, which resolves when it is over or its client has gone. */
  readonly requests: readonly Promise<void>[]
}

async function serve(reader: TraceReader): Promise<Served> {
  const requests: Promise<void>[] = []
  const viewer = traceViewer({ reader })
  const server = createServer((req, res) => {
    requests.push(new Promise((resolve) => res.once('close', resolve)))
    viewer(req, res)
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, requests }
}

const get = async (url: string): Promise<{ traces: { traceId: string; name: string }[]; more: boolean }> =>
  JSON.parse(await (await fetch(url)).text())

/** Server-sent events, one by one. */
async function* events(url: string, stop: AbortSignal): AsyncGenerator<string> {
  const response = await new Promise<IncomingMessage>((resolve, reject) =>
    request(url, { signal: stop }, resolve).on('error', reject).end(),
  )
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) {
    text += chunk
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      yield text.slice(0, end)
      text = text.slice(end + 2)
    }
  }
}

describe('of a large file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'trace-list-'))
  const [small, large] = [join(folder, 'small.yaml'), join(folder, 'large.yaml')]
  const SPANS = 4
  let bytes = 0
  let restore = (): void => {}

  /** A trace each second, so that the end of the file tells what is newest. */
  const traceAt = (n: number): string => {
    const traceId = 1_000_000n + BigInt(n)
    const spans: Span[] = []
    for (let at = 0; at < SPANS; at++) spans.push(aSpan({ traceId, from: n * 1_000, data: { 'url.path': '/items' } }))
    return spans.map((span, at) => spanToYaml(at === 0 ? span : { ...span, parentId: spans[0]?.spanId ?? 0n })).join('')
  }
  beforeAll(async () => {
    let text = ''
    for (let n = 0; n < 10_000; n++) text += traceAt(n)
    writeFileSync(small, text)
    for (let n = 10_000; n < 30_000; n++) text += traceAt(n)
    writeFileSync(large, text)
    // What Node reads of files for the readers, counted where it does so.
    const file = await open(small)
    const handle = Object.getPrototypeOf(file)
    const { readv, read } = handle
    const counted = (original: (...args: unknown[]) => Promise<{ bytesRead: number }>) =>
      async function (this: unknown, ...args: unknown[]): Promise<unknown> {
        const result = await original.apply(this, args)
        bytes += result.bytesRead
        return result
      }
    Object.assign(handle, { readv: counted(readv), read: counted(read) })
    restore = () => Object.assign(handle, { readv, read })
    await file.close()
  })
  afterAll(() => {
    restore()
    rmSync(folder, { recursive: true })
  })

  async function bytesOf(read: () => Promise<unknown>): Promise<number> {
    const before = bytes
    await read()
    return bytes - before
  }

  test('only the end is read for a list and for a new trace: as much of one as of one three times as large', async () => {
    const figures: number[][] = []
    for (const path of [small, large]) {
      const { url } = await serve(yamlReader({ path }))
      const newest = (await get(`${url}api/traces?limit=1`)).traces[0]?.traceId
      figures.push([
        await bytesOf(async () => expect((await get(`${url}api/traces`)).traces).toHaveLength(100)),
        await bytesOf(async () => expect((await get(`${url}api/traces?limit=300`)).traces).toHaveLength(300)),
        await bytesOf(async () => expect((await get(`${url}api/traces?q=%40url.path:*`)).more).toBe(true)),
        await bytesOf(async () => expect((await fetch(`${url}api/values`)).status).toBe(200)),
        await bytesOf(async () => expect((await fetch(`${url}api/trace?id=${newest}`)).status).toBe(200)),
      ])
    }
    const [ofSmall = [], ofLarge = []] = figures
    for (const [at, count] of ofLarge.entries()) {
      expect(count).toBeGreaterThan(0)
      expect(count).toBeLessThan((ofSmall[at] ?? 0) + 100_000)
      expect(count).toBeLessThan(statSync(small).size)
    }
  })

  test('the oldest trace is found by one reading of the file', async () => {
    const { url } = await serve(yamlReader({ path: large }))
    const read = await bytesOf(async () => expect((await fetch(`${url}api/trace?id=1000000`)).status).toBe(200))
    // And of a little of each part once more: it tells how old the part is.
    expect(read).toBeLessThan(2 * statSync(large).size)
  })

  test('nothing but what is new is read while one waits for it', async () => {
    const { url } = await serve(yamlReader({ path: small }))
    const stop = new AbortController()
    const told = events(`${url}api/live`, stop.signal)
    expect((await told.next()).value).toContain('ready')
    let n = 40_000
    // It follows from when it has opened the file, which nothing shows: traces are written until one is told of.
    const timer = setInterval(() => appendFileSync(small, traceAt(n++)), 100)
    expect((await told.next()).value).toContain('GET /')
    const before = [bytes, statSync(small).size] as const
    expect((await told.next()).value).toContain('GET /')
    clearInterval(timer)
    expect(bytes - before[0]).toBeLessThan(statSync(small).size - before[1] + 100_000)
    stop.abort()
    await told.next().catch(() => {})
  })
})

describe('while others are read', () => {
  /** A reader whose lists end when they are told to, or when nobody wants them any more. */
  class SlowReader implements TraceReader {
    readonly name = 'slow'
    readonly trace = memoryRecorder().trace
    /** The limits of the lists that have begun, in their order. */
    readonly begun: unknown[] = []
    running = 0
    end = (): void => {}
    #tell = (): void => {}

    async untilBegun(count: number): Promise<void> {
      while (this.begun.length < count) await new Promise<void>((resolve) => (this.#tell = resolve))
    }

    async traces({ limit }: TraceQuery = {}, { signal }: ReadOptions = {}): Promise<TraceList> {
      this.begun.push(limit)
      this.running++
      await new Promise<void>((resolve) => {
        this.end = resolve
        signal?.addEventListener('abort', () => resolve())
        this.#tell()
      })
      this.running--
      signal?.throwIfAborted()
      return { traces: [], skipped: 0, places: [] }
    }
  }

  test('a list waits for its turn', async () => {
    const reader = new SlowReader()
    const { url } = await serve(reader)
    const answers = [1, 2, 3].map(() => get(`${url}api/traces`))
    for (const count of [1, 2, 3]) {
      await reader.untilBegun(count)
      expect(reader.running).toBe(1)
      reader.end()
    }
    expect(await Promise.all(answers)).toHaveLength(3)
  })

  test('what nobody waits for any more is not begun', async () => {
    const reader = new SlowReader()
    const { url, requests } = await serve(reader)
    const first = get(`${url}api/traces?limit=1`)
    await reader.untilBegun(1)
    const gone = new AbortController()
    const left = fetch(`${url}api/traces?limit=2`, { signal: gone.signal }).catch(() => 'gone')
    while (requests.length < 2) await new Promise((resolve) => setImmediate(resolve))
    gone.abort()
    expect(await left).toBe('gone')
    await requests[1]
    const last = get(`${url}api/traces?limit=3`)
    reader.end()
    await first
    await reader.untilBegun(2)
    expect(reader.begun).toEqual([2, 4])
    reader.end()
    await last
  })

  test('what nobody waits for any more is not read on, and holds nobody up', async () => {
    const reader = new SlowReader()
    const { url } = await serve(reader)
    const gone = new AbortController()
    const left = fetch(`${url}api/traces?limit=1`, { signal: gone.signal }).catch(() => 'gone')
    await reader.untilBegun(1)
    const last = get(`${url}api/traces?limit=2`)
    gone.abort()
    expect(await left).toBe('gone')
    await reader.untilBegun(2)
    expect(reader.running).toBe(1)
    reader.end()
    expect(await last).toMatchObject({ traces: [] })
  })
})

test('tells what the newest spans have that a search may name', async () => {
  const { url } = await serve(await storeOf(checkout()))
  expect(JSON.parse(await (await fetch(`${url}api/values`)).text())).toEqual({
    services: ['gateway', 'orders', 'inventory', 'mailer'],
    kinds: ['request', 'db', 'work'],
    names: expect.arrayContaining(['GET /checkout/:item', 'select price', 'send receipt']),
    hosts: ['web-1', 'web-2', 'web-3', 'web-4'],
    keys: expect.arrayContaining(['http.route', 'user.id', 'db.query.text', 'error.type', 'events']),
  })
})

test('tells of arriving traces only where they match the search', async () => {
  const store = memoryRecorder()
  const { url } = await serve(store)
  const stop = new AbortController()
  const told = events(`${url}api/live?q=${encodeURIComponent('kind:db @rows:>5')}`, stop.signal)
  expect((await told.next()).value).toContain('ready')
  const tracer = createTracer({ service: 'shop', recorder: store })
  for (const rows of [5, 6]) {
    await tracer.trace('request', `with ${rows}`, async () => {
      await tracer.span('db', 'load', (span) => {
        span.data['rows'] = rows
      })
    })
  }
  await tracer.flush()
  const { value } = await told.next()
  expect(value).toContain('"name":"with 6"')
  expect(value).toContain('"spans":2')
  expect(value).not.toContain('with 5')
  stop.abort()
})

test('keeps of what arrives as much as it may, and forgets the oldest', async () => {
  const store = memoryRecorder()
  const { url } = await serve(store)
  const stop = new AbortController()
  const told = events(`${url}api/live`, stop.signal)
  expect((await told.next()).value).toContain('ready')
  const many = (traceId: bigint, spans: number): Span[] => Array.from({ length: spans }, () => aSpan({ traceId }))
  store.record([...many(1n, 15_000), ...many(2n, 15_000), ...many(3n, 30_000), ...many(4n, 1)])
  const { value } = await told.next()
  expect(JSON.parse(/^data: (.*)$/m.exec(value ?? '')?.[1] ?? '').traces).toMatchObject([{ traceId: '4', spans: 1 }])
  stop.abort()
})
