import { deepStrictEqual, equal, ok } from 'node:assert/strict'
import { currentSpanId, DATA_KEYS, isFailed, type Span } from '@trace/core'
import type { HttpAbilities, SuiteSocket } from './server.js'
import { type Add, isAnswered, onlySpan, requestSpans, type Setup, until } from './stand.js'

/** Pipelining, `100-continue`, server-sent events, timeouts and upgrades. */
export function addConnectionCases(add: Add, suite: HttpAbilities): void {
  addContinue(add)
  addPipelined(add, suite)
  addTimeout(add, suite)
  addEvents(add, suite)
  if (suite.http2 !== true) addListeners(add)
  if (suite.upgrades === true) addUpgrades(add, suite)
}

/** How long a case waits while something goes on, in ms. */
const A_WHILE = 30

const { httpStatus: STATUS, httpEndReason: REASON, httpTimeToFirstByte: FIRST_BYTE } = DATA_KEYS

function addContinue(add: Add): void {
  const handle: Setup['handle'] = () => async (req, res) => {
    let text = ''
    for await (const chunk of req) text += chunk
    res.end(text)
  }
  add('a body that is sent when the server says so belongs to one span', { handle }, async (stand) => {
    const reply = await stand.client.ask({
      path: '/any',
      method: 'POST',
      headers: [['Expect', '100-continue']],
      body: 'some body',
    })
    deepStrictEqual([reply.interim, reply.status, reply.body], [[100], 200, 'some body'])
    equal(isFailed(await onlySpan(stand)), false)
  })
}

function addPipelined(add: Add, suite: HttpAbilities): void {
  const handle: Setup['handle'] = () => {
    const waiting: (() => void)[] = []
    return (req, res) => {
      waiting.unshift(() => void res.end(req.url ?? ''))
      if (waiting.length === 3) for (const answer of waiting) answer()
    }
  }
  add('requests sent at once, and answered in another order, have a span each', { handle }, async (stand) => {
    const paths = ['/any/1', '/any/2', '/any/3']
    const replies = await Promise.all(paths.map((path) => stand.client.ask({ path })))
    deepStrictEqual(
      replies.map(({ body }) => body),
      paths,
    )
    const spans = await requestSpans(stand)
    equal(spans.length, 3)
    const ids = replies.map(({ headers }) => headers['x-request-id'])
    deepStrictEqual(new Set(spans.map(({ traceId }) => String(traceId))), new Set(ids))
    if (suite.conventions !== false) equal(spans.filter(({ data }) => REASON in data).length, 0)
  })
}

function addTimeout(add: Add, suite: HttpAbilities): void {
  const handle: Setup['handle'] = () => (req) => {
    const session = req.stream?.session
    // Node does this itself if an HTTP/2 server got its timeout before its clients connected.
    if (session !== undefined) session.setTimeout(A_WHILE, () => session.destroy())
    else req.socket.setTimeout(A_WHILE)
  }
  add('a server that gives up on a handler has failed', { handle }, async (stand) => {
    equal(await isAnswered(stand), false)
    const span = await onlySpan(stand)
    equal(isFailed(span), true)
    if (suite.conventions !== false) deepStrictEqual([span.data[REASON], span.data[STATUS]], ['error', undefined])
  })
}

function addEvents(add: Add, suite: HttpAbilities): void {
  const handle: Setup['handle'] = (stand) => (_req, res) => {
    res.writeHead(200, { 'Content-Type': 'text/event-stream' })
    res.write('data: 1\n\n')
    const timer = setInterval(() => res.write('data: 2\n\n'), 5)
    res.on('close', () => clearInterval(timer))
    setTimeout(() => stand.client.leave(), A_WHILE)
  }
  add('server-sent events are one span, until the client goes', { handle }, async (stand) => {
    equal(await isAnswered(stand), false)
    const span = await onlySpan(stand)
    equal(isFailed(span), false)
    if (suite.conventions === false) return
    deepStrictEqual([span.data[REASON], span.data[STATUS]], ['aborted', 200])
    checkFirstByte(span, A_WHILE)
  })
}

/** @param before the first byte must have been sent at least so many ms before the end */
function checkFirstByte(span: Span, before: number): void {
  const elapsed = Number((span.finish ?? 0n) - span.start) / 1e6
  const firstByte = span.data[FIRST_BYTE]
  // Timers may fire a millisecond early.
  ok(
    typeof firstByte === 'number' && firstByte <= elapsed - before + 2,
    `${firstByte} ms of ${elapsed} to the first byte`,
  )
}

function addListeners(add: Add): void {
  const counts: number[] = []
  const handle: Setup['handle'] = () => (req, res) => {
    counts.push(['close', 'error', 'timeout', 'data'].reduce((sum, event) => sum + req.socket.listenerCount(event), 0))
    res.end('fine')
  }
  add('listeners do not add up on a connection', { handle }, async (stand) => {
    counts.splice(0)
    for (let time = 0; time < 12; time++) await stand.client.ask({ path: '/any' })
    equal(counts.at(-1), counts[1])
  })
}

const ACCEPT = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'

interface Upgrade {
  answer(socket: SuiteSocket): void
  readonly got: string
  readonly data: Readonly<Record<string, unknown>>
}

function accepted(head: string | Uint8Array): Upgrade {
  return {
    answer: (socket) => {
      socket.write(head)
      setTimeout(() => socket.end('bye'), A_WHILE)
    },
    got: `${ACCEPT}bye`,
    data: { [STATUS]: 101, [REASON]: 'upgraded' },
  }
}

const REFUSAL = 'HTTP/1.1 401 Unauthorized\r\n\r\n'

const UPGRADES: Readonly<Record<string, Upgrade>> = {
  'accepted by text': accepted(ACCEPT),
  'accepted by bytes': accepted(Buffer.from(ACCEPT)),
  refused: { answer: (socket) => socket.end(REFUSAL), got: REFUSAL, data: { [STATUS]: 401, [REASON]: undefined } },
  'dropped without a word': {
    answer: (socket) => socket.destroy(),
    got: '',
    data: { [STATUS]: undefined, [REASON]: 'error' },
  },
}

function addUpgrades(add: Add, suite: HttpAbilities): void {
  for (const [what, { answer, got, data }] of Object.entries(UPGRADES)) {
    let inside: bigint | undefined
    const upgrade: Setup['upgrade'] = () => (socket) => {
      inside = currentSpanId()
      answer(socket)
    }
    add(`an upgrade that is ${what} is one span, as long as the connection`, { upgrade }, async (stand) => {
      equal(await stand.client.upgrade('/any', [['X-Request-Id', '42:43']]), got)
      await until(() => stand.tracer.stats().started > 0, 'the upgrade has no span')
      const span = await onlySpan(stand)
      equal(inside, span.spanId)
      equal(span.parentId, 0n)
      if (suite.conventions === false) return
      equal(span.data[DATA_KEYS.untrustedParent], '42:43')
      for (const [key, value] of Object.entries(data)) equal(span.data[key], value)
      if (data[STATUS] === 101) checkFirstByte(span, A_WHILE)
    })
  }
}
