import { deepStrictEqual, equal, ok } from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { isFailed } from '@trace/core'
import type { HttpAbilities } from './http-server.js'
import { type Add, isAnswered, onlySpan, type Setup } from './http-stand.js'

const STATUS = 'http.response.status_code'
const REASON = 'http.end_reason'
const FIRST_BYTE = 'http.time_to_first_byte'

/** Responses that end before they are whole, by whose doing it may be; and those that begin before their body does. */
export function addCutCases(add: Add, suite: HttpAbilities): void {
  addCutByServer(add, suite)
  addLargeBody(add, suite)
  if (suite.conventions !== false) addFlushedHeaders(add)
}

/** As frameworks do where the source of a body fails amid its sending: nobody but the server has had enough of it. */
function addCutByServer(add: Add, suite: HttpAbilities): void {
  const handle: Setup['handle'] = () => (req, res) => {
    res.write('some')
    setTimeout(() => {
      if (res.stream === undefined) req.socket.destroy()
      else res.stream.close(2)
    }, 5)
    res.stream?.on('error', () => {})
  }
  add('a response that the server itself cuts off fails', { handle }, async (stand) => {
    equal(await isAnswered(stand), false)
    const span = await onlySpan(stand)
    equal(isFailed(span), true, 'a response that was cut off by the server did not fail')
    if (suite.conventions !== false) deepStrictEqual([span.data[REASON], span.data[STATUS]], ['error', 200])
  })
}

/** More than the buffers on the way hold. */
const LARGE = Buffer.alloc(30_000_000, 'x')

function addLargeBody(add: Add, suite: HttpAbilities): void {
  const handle: Setup['handle'] = (stand) => (_req, res) => {
    res.writeHead(200, { 'Content-Type': 'text/x' })
    res.end(LARGE)
    stand.client.destroy()
  }
  add('a client that goes once the whole response is on its way has not got it', { handle }, async (stand) => {
    equal(await isAnswered(stand), false)
    const span = await onlySpan(stand)
    equal(isFailed(span), false, 'a client that goes is no failure')
    if (suite.conventions !== false) deepStrictEqual([span.data[REASON], span.data[STATUS]], ['aborted', 200])
  })
}

function addFlushedHeaders(add: Add): void {
  const handle: Setup['handle'] = () => async (_req, res) => {
    res.flushHeaders?.()
    await sleep(40)
    res.end('late')
  }
  add('headers that are sent by themselves are the first byte', { handle }, async (stand) => {
    equal((await stand.client.ask({ path: '/any' })).body, 'late')
    const span = await onlySpan(stand)
    const first = span.data[FIRST_BYTE]
    ok(typeof first === 'number', 'there is no time to the first byte')
    ok(first + 30 < Number((span.finish ?? 0n) - span.start) / 1e6, 'the first byte is taken for one of the last')
  })
}
