import { equal, notEqual, ok } from 'node:assert/strict'
import { assertSeen, hexIds, parseSeen } from './seen.js'
import type { HttpAbilities, MiddlewareOptions, SuiteRequest } from './server.js'
import { type Add, onlySpan, requestSpans, type Setup } from './stand.js'

interface Trust {
  readonly honorReqHeader: NonNullable<MiddlewareOptions['honorReqHeader']>
  readonly joins: boolean
}

const TRUSTS: Readonly<Record<string, Trust>> = {
  'a header that is right': { honorReqHeader: ({ headers }) => headers['x-token'] === 'right', joins: true },
  'a header that is wrong': { honorReqHeader: ({ headers }) => headers['x-token'] === 'wrong', joins: false },
  'an address': { honorReqHeader: ({ socket }) => socket.remoteAddress === '127.0.0.1', joins: true },
  'another address': { honorReqHeader: ({ socket }) => socket.remoteAddress === '10.0.0.1', joins: false },
  'a function that throws': {
    honorReqHeader: () => {
      throw new Error('thrown by the suite')
    },
    joins: false,
  },
  // Parsed from JSON, because the types forbid it.
  'a function that answers otherwise': { honorReqHeader: () => JSON.parse('"yes"'), joins: false },
}

/** Which callers' ids are trusted, and what is recorded of the others. */
export function addTrustCases(add: Add, suite: HttpAbilities): void {
  if (suite.allOptions === false) return
  for (const [what, { honorReqHeader, joins }] of Object.entries(TRUSTS)) {
    add(`by ${what}, ids are ${joins ? '' : 'not '}honoured`, { options: { honorReqHeader } }, async (stand) => {
      const headers = [
        ['X-Request-Id', '42:43'],
        ['X-Token', 'right'],
      ] as const
      equal((await stand.client.ask({ path: '/own', headers })).status, 200)
      const span = await onlySpan(stand)
      equal(span.traceId === 42n, joins)
      equal(span.parentId, joins ? 43n : 0n)
      if (suite.conventions !== false) equal(span.data['untrusted.parent'], joins ? undefined : '42:43')
    })
  }
}

/** Trust if there are several formats of ids. */
export function addFormatTrustCases(add: Add, suite: HttpAbilities): void {
  const formats = ['w3c', 'b3', 'b3Multi', 'requestId'] as const
  add("an untrusted client's ids of any format are noted, and none goes on", { formats }, async (stand) => {
    const { body } = await stand.client.ask({ path: '/own', headers: UNTRUSTED })
    const seen = parseSeen(body)
    const span = await onlySpan(stand)
    equal(span.parentId, 0n)
    ok(![7n, 42n].includes(span.traceId), 'the request joined the trace of an untrusted client')
    if (suite.conventions !== false) {
      equal(span.data['untrusted.parent'], '42:43')
      equal(span.data['request.id'], 'some-uuid')
    }
    for (const gone of ['tracestate', 'x-b3-parentspanid', 'x-b3-flags']) assertSeen(seen, gone, undefined, suite)
    const [trace, id] = hexIds(span)
    assertSeen(seen, 'traceparent', `00-${trace.padStart(32, '0')}-${id}-01`, suite)
    assertSeen(seen, 'b3', `${trace}-${id}-1`, suite)
    assertSeen(seen, 'x-b3-traceid', trace, suite)
    assertSeen(seen, 'x-request-id', `${span.traceId}:${span.spanId}`, suite)
  })
  if (suite.rewritesHeader === false || suite.allOptions === false) return
  add('a handler that passes all headers on, knowing none, keeps the tree', { ...passing, formats }, async (stand) => {
    equal((await stand.client.ask({ path: '/any', headers: UNTRUSTED })).status, 200)
    const [below, above] = await requestSpans(stand)
    equal(below?.parentId, above?.spanId)
    equal(below?.traceId, above?.traceId)
    notEqual(above?.traceId, 42n)
  })
}

const UNTRUSTED = [
  ['traceparent', '00-000000000000000a000000000000002a-000000000000002b-01'],
  ['tracestate', 'mine=1'],
  ['b3', '0000000000000007-0000000000000008-1'],
  ['X-B3-ParentSpanId', '0000000000000009'],
  ['X-B3-Flags', '1'],
  ['x-B3-traceid', '0000000000000007'],
  ['X-Request-Id', 'some-uuid'],
] as const

/** Sends a request for `/own` to the same server, on another connection and with the headers that came in. */
const passing: Setup = {
  options: { honorReqHeader: ({ url }) => url === '/own' },
  handle: (stand) => async (req, res) => {
    const client = await stand.connect()
    const { status } = await client.ask({ path: '/own', headers: pairsOf(req) })
    res.writeHead(status)
    res.end()
  },
}

function pairsOf({ rawHeaders }: SuiteRequest): readonly (readonly [string, string])[] {
  const names = rawHeaders.filter((_, at) => at % 2 === 0)
  const pairs = names.map((name, at) => [name, rawHeaders[2 * at + 1] ?? ''] as const)
  return pairs.filter(([name]) => !name.startsWith(':') && name.toLowerCase() !== 'host')
}
