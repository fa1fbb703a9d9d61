import { deepStrictEqual, equal, notEqual, ok } from 'node:assert/strict'
import { DATA_KEYS, isFailed, type Span } from '@trace/core'
import type { HttpAbilities, Outgoing, SuiteRequest } from './server.js'
import { type Add, OWN_KIND, requestSpans, type Setup, type Stand } from './stand.js'
import { openUpstream, SLOW, type Upstream, WAYS, type Way } from './upstream.js'

/** Requests that handlers make: each has a span, whose parent is the span of the incoming request. */
export function addOutgoingCases(add: Add, suite: HttpAbilities, outgoing: Outgoing): void {
  const ways = { ...WAYS, ...outgoing.ways }
  for (const [name, way] of Object.entries(ways)) {
    const calls = new Calls(outgoing, () => way)
    const addOne: Add = (what, ...rest) => add(`${name}: ${what}`, ...rest)
    addCarried(addOne, suite, calls)
    addEnds(addOne, suite, calls)
    addTargets(addOne, calls)
    addOff(addOne, outgoing, way)
  }
  const turns = Object.values(ways)
  addMany(add, new Calls(outgoing, (req) => turns[numberOf(req.url) % turns.length]))
}

const CLIENT = `${OWN_KIND}client`

/** A handler that makes the request named by its path: `/any/500` calls `/500`. */
class Calls {
  readonly #outgoing: Outgoing
  readonly #choose: (req: SuiteRequest) => Way | undefined
  #upstream: Upstream | undefined

  constructor(outgoing: Outgoing, choose: (req: SuiteRequest) => Way | undefined) {
    this.#outgoing = outgoing
    this.#choose = choose
  }

  readonly handle: NonNullable<Setup['handle']> = () => async (req, res) => {
    const path = req.url?.slice('/any'.length) ?? ''
    await this.#choose(req)?.(`${this.#upstream?.url}${path}`).catch(() => {})
    res.end('fine')
  }

  /** Starts the server that is called, and traces outgoing requests until the body has run. */
  async run(
    stand: Stand,
    use: (upstream: Upstream) => Promise<void>,
    options: { readonly propagateTo?: readonly string[] } = {},
  ): Promise<void> {
    const upstream = await openUpstream()
    this.#upstream = upstream
    const off = this.#outgoing.trace(stand.tracer, { kind: CLIENT, ...options })
    try {
      await use(upstream)
    } finally {
      off()
      await upstream.close()
    }
  }
}

/** The span of the only outgoing request. Fails unless its parent is the span of the only incoming one. */
async function clientSpan(stand: Stand): Promise<Span> {
  const [request] = await requestSpans(stand)
  const clients = (await stand.spans()).filter(({ kind }) => kind === CLIENT)
  const [client] = clients
  equal(clients.length, 1, `one outgoing request has ${clients.length} spans`)
  if (client === undefined) throw new Error('no span')
  equal(client.parentId, request?.spanId, "the outgoing request's span is not below the request's")
  equal(client.traceId, request?.traceId)
  return client
}

/** Every value of the id header that has arrived. */
function idsOf(received: Upstream['received']): readonly string[] {
  return received.flatMap(({ headersDistinct }) => headersDistinct['x-request-id'] ?? [])
}

function addCarried(add: Add, suite: HttpAbilities, calls: Calls): void {
  add('what a handler calls has a span, and gets its ids', calls, (stand) =>
    calls.run(stand, async ({ received, url }) => {
      equal((await stand.client.ask({ path: '/any/200' })).status, 200)
      const { traceId, spanId, name, data } = await clientSpan(stand)
      deepStrictEqual(idsOf(received), [`${traceId}:${spanId}`])
      if (suite.conventions === false) return
      const { host, hostname, port } = new URL(url)
      equal(name, `GET ${host}`)
      const expected = {
        'http.request.method': 'GET',
        'server.address': hostname,
        'server.port': Number(port),
        'url.path': '/200',
        'http.response.status_code': 200,
      }
      deepStrictEqual({ ...data }, expected)
    }),
  )
}

const FAILS: Readonly<Record<string, boolean>> = {
  '/slow': false,
  '/204': false,
  '/404': false,
  '/500': true,
  '/cut': true,
  '/reset': true,
}

function addEnds(add: Add, suite: HttpAbilities, calls: Calls): void {
  for (const [path, fails] of Object.entries(FAILS)) {
    add(`a call of ${path} ${fails ? 'fails' : 'does not fail'}`, calls, (stand) =>
      calls.run(stand, async () => {
        await stand.client.ask({ path: `/any${path}` })
        const client = await clientSpan(stand)
        equal(isFailed(client), fails)
        // Timers may fire a millisecond early.
        if (path === '/slow')
          ok(
            Number((client.finish ?? 0n) - client.start) / 1e6 >= SLOW - 2,
            'the span ended before the body of the response',
          )
        if (suite.conventions === false) return
        equal(client.data['http.end_reason'], ['/cut', '/reset'].includes(path) ? 'error' : undefined)
        if (path === '/500')
          deepStrictEqual(
            [client.data[DATA_KEYS.errorType], client.data[DATA_KEYS.errorMessage]],
            ['500', 'answered 500'],
          )
      }),
    )
  }
}

function addTargets(add: Add, calls: Calls): void {
  add('a target that is to get no ids gets none', calls, (stand) => {
    const use = async ({ received }: Upstream): Promise<void> => {
      await stand.client.ask({ path: '/any/200' })
      await clientSpan(stand)
      deepStrictEqual([received.length, idsOf(received)], [1, []])
    }
    return calls.run(stand, use, { propagateTo: ['elsewhere'] })
  })
}

function addOff(add: Add, outgoing: Outgoing, way: Way): void {
  let url = ''
  const handle: Setup['handle'] = (stand) => async (_req, res) => {
    outgoing.trace(stand.tracer, { kind: CLIENT })()
    await way(`${url}/200`)
    res.end('fine')
  }
  add('nothing is traced once that is switched off, nor outside of requests', { handle }, async (stand) => {
    const upstream = await openUpstream()
    url = upstream.url
    try {
      await stand.client.ask({ path: '/any' })
      const off = outgoing.trace(stand.tracer, { kind: CLIENT })
      await way(`${url}/200`).finally(off)
      deepStrictEqual([upstream.received.length, idsOf(upstream.received)], [2, []])
      equal((await stand.spans()).length, 1)
    } finally {
      await upstream.close()
    }
  })
}

const MANY = 60

function addMany(add: Add, calls: Calls): void {
  add(`${MANY} requests at a time, each of which calls another, keep their spans apart`, calls, (stand) =>
    calls.run(stand, async ({ received }) => {
      const paths = Array.from({ length: MANY }, (_, at) => `/any/200/${at}`)
      const replies = await Promise.all(paths.map((path) => stand.client.ask({ path })))
      const byId = new Map((await stand.spans()).map((span) => [String(span.spanId), span]))
      equal(received.length, MANY)
      for (const { url, headers } of received) {
        const [traceId, spanId = ''] = String(headers['x-request-id']).split(':')
        equal(traceId, replies[numberOf(url)]?.headers['x-request-id'], "a call carries another request's ids")
        const client = byId.get(spanId)
        equal(client?.kind, CLIENT)
        notEqual(byId.get(String(client?.parentId))?.kind, CLIENT)
        equal(byId.get(String(client?.parentId))?.traceId, client?.traceId)
      }
    }),
  )
}

/** The number at the end of a path. */
function numberOf(path: string | undefined): number {
  return Number(path?.split('/').at(-1))
}
