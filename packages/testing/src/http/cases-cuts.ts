import { deepStrictEqual, equal, ok } from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { DATA_KEYS, isFailed } from '@trace/core'
import type { HttpAbilities, SuiteHandler } from './server.js'
import { type Add, isAnswered, onlySpan, type Setup } from './stand.js'

const { httpStatus: STATUS, httpEndReason: REASON, httpTimeToFirstByte: FIRST_BYTE } = DATA_KEYS

/** Responses that end before they are complete, whoever breaks them off; and responses whose headers are sent before the body. */
export function addCutCases(add: Add, suite: HttpAbilities): void {
  addCutByServer(add, suite)
  addLargeBody(add, suite)
  if (suite.conventions !== false) addFlushedHeaders(add)
}

/** Ways in which the server itself breaks a request off. */
const CUTS: Readonly<Record<string, SuiteHandler>> = {
  'by destroying the response': (_req, res) => res.destroy(),
  'by destroying the response for an error': (_req, res) => res.destroy(new RangeError('broken by the suite')),
  'by destroying the request': (req, res) => (res.stream ?? req).destroy(),
  'by destroying the request for an error': (req, res) =>
    (res.stream ?? req).destroy(new RangeError('broken by the suite')),
  'by destroying the connection': (req) => req.socket.destroy(),
}

function addCutByServer(add: Add, suite: HttpAbilities): void {
  for (const [how, cut] of Object.entries(CUTS)) {
    for (const status of [undefined, 200]) addCut(add, suite, { how, cut, status })
  }
  // Frameworks do this when a body fails while it is being sent.
  const reset: SuiteHandler = (req, res) => (res.stream === undefined ? req.socket.destroy() : res.stream.close(2))
  addCut(add, suite, { how: 'by resetting it', cut: reset, status: 200 })
}

interface Cut {
  readonly how: string
  readonly cut: SuiteHandler
  /** Undefined if the headers had not been sent by then. */
  readonly status: number | undefined
}

function addCut(add: Add, suite: HttpAbilities, { how, cut, status }: Cut): void {
  const handle: Setup['handle'] = () => (req, res) => {
    // These have no listener unless the program adds one.
    req.on('error', () => {})
    res.stream?.on('error', () => {})
    if (status !== undefined) res.write('some')
    setTimeout(() => cut(req, res), 5)
  }
  const when = status === undefined ? 'before its response' : 'amid its response'
  add(`a request that the server itself cuts off ${when}, ${how}, fails`, { handle }, async (stand) => {
    // HTTP/2 resets such a stream with a code that is no error to the client.
    equal((await isAnswered(stand)) && suite.http2 !== true, false)
    const span = await onlySpan(stand)
    equal(isFailed(span), true, 'the span did not fail although the server broke the request off')
    if (how.endsWith('error')) equal(span.data[DATA_KEYS.errorType], 'RangeError')
    if (suite.conventions !== false) deepStrictEqual([span.data[REASON], span.data[STATUS]], ['error', status])
  })
}

/** More bytes than all buffers on the way hold. */
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
    equal(isFailed(span), false, 'the span failed although the client left by itself')
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
    ok(typeof first === 'number', 'the span has no time to first byte')
    ok(
      first + 30 < Number((span.finish ?? 0n) - span.start) / 1e6,
      'the time to first byte is that of one of the last bytes',
    )
  })
}
