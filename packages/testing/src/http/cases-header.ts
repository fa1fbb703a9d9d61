import { equal, notEqual, ok } from 'node:assert/strict'
import { DATA_KEYS, type Span } from '@trace/core'
import type { Reply } from './client.js'
import { assertSeen, parseSeen } from './seen.js'
import type { HttpAbilities } from './server.js'
import { type Add, onlySpan, type Setup, type Stand } from './stand.js'

const MAX_INT64 = 2n ** 63n - 1n
const MAX_ID = 2n ** 64n - 1n

/** Headers that carry ids, with these ids. */
const JOINING: readonly (readonly [header: string, traceId: bigint, parentId: bigint])[] = [
  ['42:43', 42n, 43n],
  [' 42:43 ', 42n, 43n],
  ['042:043', 42n, 43n],
  [`${MAX_INT64}:${MAX_INT64}`, MAX_INT64, MAX_INT64],
  [`${MAX_INT64 + 1n}:1`, MAX_INT64 + 1n, 1n],
  [`${MAX_ID}:1`, MAX_ID, 1n],
  [`1:${MAX_ID}`, 1n, MAX_ID],
]

/** Headers without ids, which a lax parser would take for ids. */
const OTHERS: readonly string[] = [
  `${MAX_ID + 1n}:1`,
  `1:${MAX_ID + 1n}`,
  '42',
  '42:0',
  '0:5',
  '-1:5',
  'abc',
  '42 :43',
  '0x2a:0x2b',
  '4_2:4_3',
  '42:43:44',
  '42:43junk',
  '42: 43',
  '+42:+43',
  '',
  ':',
  '42:43\u00b2',
  '3f2b8a52-6a0e-4f2e-9a53-0c2f4e1f7b11',
  `${'0'.repeat(4_000)}42:43`,
]

const HONOURING: Setup = { options: { honorReqHeader: true } }

/** The id header: which values continue a trace, and what handlers and clients get. */
export function addHeaderCases(add: Add, suite: HttpAbilities): void {
  // Some releases of nghttp2 refuse spaces around a value, others do not.
  const isTried = (header: string): boolean => suite.http2 !== true || header === header.trim()
  for (const [header, traceId, parentId] of JOINING.filter(([each]) => isTried(each))) {
    add(`${JSON.stringify(header)} is honoured where it is to be`, HONOURING, async (stand) => {
      const { span } = await askOwn(stand, suite, [header])
      equal(span.traceId, traceId)
      equal(span.parentId, parentId)
    })
    add(`${JSON.stringify(header)} is not honoured by default`, {}, async (stand) => {
      const { span } = await askOwn(stand, suite, [header])
      equal(span.parentId, 0n)
      notEqual(span.traceId, traceId)
      if (suite.conventions !== false) equal(span.data['untrusted.parent'], `${traceId}:${parentId}`)
    })
  }
  for (const header of OTHERS) addOther(add, suite, header)
  addPlain(add, suite)
  addOptions(add, suite)
}

function addOther(add: Add, suite: HttpAbilities, header: string): void {
  const shown = header.length > 100 ? `${header.length} characters` : JSON.stringify(header)
  for (const setup of [HONOURING, {}]) {
    const when = setup === HONOURING ? 'where ids are honoured' : 'by default'
    add(`${shown} begins a new trace ${when}`, setup, async (stand) => {
      const { reply, span } = await askOwn(stand, suite, [header])
      equal(span.parentId, 0n)
      ok(span.traceId !== 42n && span.traceId !== 1n, 'the request joined the trace of a header that is to be ignored')
      // The date may contain such digits, as in 04:42:05.
      const { date: _, ...headers } = reply.headers
      if (header.length > 3) ok(!JSON.stringify(headers).includes(header), 'the response has the header of the request')
      if (suite.conventions === false) return
      const isKept = header.length <= 128 && /^[ -~]+$/.test(header)
      equal(span.data['request.id'], isKept ? header : undefined)
      equal(span.data['untrusted.parent'], undefined)
    })
  }
}

function addPlain(add: Add, suite: HttpAbilities): void {
  for (const setup of [HONOURING, {}]) {
    const when = setup === HONOURING ? 'ids are honoured' : 'they are not'
    add(`without the header a trace begins, where ${when}`, setup, async (stand) => {
      const { span } = await askOwn(stand, suite, [])
      equal(span.parentId, 0n)
      equal(span.data[DATA_KEYS.errorType], undefined)
    })
  }
  add('two headers begin a new trace, and leave one', HONOURING, async (stand) => {
    const { span } = await askOwn(stand, suite, ['42:43', '44:45'])
    equal(span.parentId, 0n)
    ok(span.traceId !== 42n && span.traceId !== 44n)
  })
}

function addOptions(add: Add, suite: HttpAbilities): void {
  const headerKey = 'X-Suite-Trace'
  add('another header is read, rewritten and sent', { options: { headerKey, honorReqHeader: true } }, async (stand) => {
    const { reply, span } = await askOwn(stand, suite, ['42:43'], headerKey)
    equal(span.traceId, 42n)
    equal(reply.headers['x-request-id'], undefined)
  })
  add(
    'another header than the one to be read says nothing',
    { options: { headerKey, honorReqHeader: true } },
    async (stand) => {
      const { body } = await stand.client.ask({ path: '/own', headers: [['X-Request-Id', '42:43']] })
      equal((await onlySpan(stand)).parentId, 0n)
      assertSeen(parseSeen(body), 'x-request-id', '42:43', suite)
    },
  )
  add('no header is sent where none is to be', { options: { addRespHeader: false } }, async (stand) => {
    for (const path of ['/own', '/any']) {
      const { status, headers } = await stand.client.ask({ path })
      equal(status, 200)
      equal(headers['x-request-id'], undefined)
    }
    equal((await stand.spans()).length, 2)
  })
  const handle: Setup['handle'] = () => (_req, res) => {
    res.writeHead(200, { 'x-request-id': 'mine' })
    res.end()
  }
  add("a handler's own response header stands", { handle }, async (stand) => {
    equal((await stand.client.ask({ path: '/any' })).headers['x-request-id'], 'mine')
  })
}

/** Sends one request for `/own`, and checks what holds for every header. */
async function askOwn(
  stand: Stand,
  suite: HttpAbilities,
  values: readonly string[],
  headerKey: string = 'X-Request-Id',
): Promise<{ reply: Reply; span: Span }> {
  const headers = values.map((value, at) => [at === 0 ? headerKey : headerKey.toLowerCase(), value] as const)
  const reply = await stand.client.ask({ path: '/own', headers })
  equal(reply.status, 200)
  const span = await onlySpan(stand)
  equal(reply.headers[headerKey.toLowerCase()], String(span.traceId), 'the response header is not the trace id')
  const seen = parseSeen(reply.body)
  equal(seen.traceId, String(span.traceId), "the handler's trace is not that of the span")
  equal(seen.spanId, String(span.spanId), "the handler's current span is not the request's")
  assertSeen(seen, headerKey.toLowerCase(), `${span.traceId}:${span.spanId}`, suite)
  return { reply, span }
}
