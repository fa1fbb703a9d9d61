import http, { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { createTracer, type Recorder, type Span, span } from '@trace/core'
import { traceNode } from '../src/node.js'
import { isLong } from './support/long.js'

const REQUESTS = isLong ? 20_000 : 200
const AT_ONCE = 20
const BUFFER = 100

/** Stores its first batch when `release` is called. Afterwards it is slow, and every third call fails. */
class SlowRecorder implements Recorder {
  readonly name = 'slow'
  readonly durable = true
  readonly stored = new Map<bigint, Span>()
  #calls = 0
  isReleased = false
  release = (): void => {}
  readonly #released = new Promise<void>((resolve) => {
    this.release = () => {
      this.isReleased = true
      resolve()
    }
  })

  async record(spans: readonly Span[]): Promise<void> {
    await this.#released
    await sleep(1)
    if (++this.#calls % 3 === 0 && spans.every(({ kind }) => kind !== 'ledger')) throw new Error('not now')
    for (const each of spans) this.stored.set(each.spanId, each)
  }
}

const handle: RequestListener = async (req, res) => {
  const rows = await span('db', 'select', async () => req.url?.length ?? 0)
  res.writeHead(rows % 2 === 0 ? 200 : 404, { 'Content-Type': 'text/plain' }).end(`${req.url}: ${rows}`)
}

/** Sends all requests. @returns the status, type and body of each response */
async function answersOf(listener: RequestListener, seen: () => void = () => {}): Promise<readonly string[]> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const agent = new http.Agent({ keepAlive: true, maxSockets: AT_ONCE })
  const answers: string[] = []
  const ask = (path: string): Promise<string> =>
    new Promise((resolve, reject) => {
      http
        .get({ host: '127.0.0.1', port, path, agent }, async (res) => {
          let body = ''
          for await (const part of res.setEncoding('utf8')) body += part
          resolve(`${res.statusCode} ${res.headers['content-type']} ${body}`)
        })
        .on('error', reject)
    })
  let next = 0
  const visit = async (): Promise<void> => {
    for (let id = next++; id < REQUESTS; id = next++) {
      answers[id] = await ask(`/${id}`)
      seen()
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, visit))
  agent.destroy()
  server.close()
  return answers
}

test('a recorder that hangs or is too slow changes no answer and holds up no request, and the ledger says what is missing', async () => {
  const recorder = new SlowRecorder()
  const tracer = createTracer({ service: 'shop', recorder, buffer: BUFFER, batch: 10, logger: { warn() {} } })
  const listener = traceNode(handle, { tracer })
  const expected = await answersOf(handle)
  let mostQueued = 0
  const look = (): void => {
    mostQueued = Math.max(mostQueued, tracer.stats().queued)
  }

  const whileItHangs = await answersOf(listener, look)
  expect(whileItHangs).toEqual(expected)
  expect([recorder.isReleased, recorder.stored.size]).toEqual([false, 0])

  recorder.release()
  const whileItIsSlow = await answersOf(listener, look)
  expect(whileItIsSlow).toEqual(expected)
  expect(mostQueued).toBeLessThanOrEqual(BUFFER)
  await tracer.close()
  const spans = [...recorder.stored.values()]
  const ledgers = spans.filter(({ kind }) => kind === 'ledger')
  const sum = (key: string): number => ledgers.reduce((total, { data }) => total + Number(data[key] ?? 0), 0)
  const there = spans.length - ledgers.length
  expect([sum('started'), sum('recorded')]).toEqual([4 * REQUESTS, there])
  expect(sum('dropped.queue_full') + sum('failed')).toBe(4 * REQUESTS - there)
  expect(sum('failed')).toBeGreaterThan(0)
  expect(sum('dropped.queue_full')).toBeGreaterThan(REQUESTS)
}, 60_000)
