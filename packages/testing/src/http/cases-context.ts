import { deepStrictEqual, equal, notEqual } from 'node:assert/strict'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { currentSpan, currentSpanId, type Span } from '@trace/core'
import type { HttpClient } from './client.js'
import { parseSeen } from './seen.js'
import type { HttpAbilities, SuiteHandler, SuiteRequest, SuiteResponse } from './server.js'
import { type Add, OWN_KIND, onlySpan, requestSpans, type Setup, type Stand, until } from './stand.js'

/** Which span is current, and that none leaks from one request to another. */
export function addContextCases(add: Add, suite: HttpAbilities): void {
  addPlaces(add, suite)
  addChild(add)
  addSequence(add)
  addLoad(add, suite)
}

type Note = (where: string) => void

function addPlaces(add: Add, suite: HttpAbilities): void {
  const found: Record<string, bigint> = {}
  const note: Note = (where) => {
    found[where] = currentSpanId()
  }
  const handle: Setup['handle'] = () => (req, res) => {
    if (suite.events !== false) noteEvents(req, res, note)
    void noteLater(req, res, note)
  }
  add('the context holds after await, in timers and in events', { handle }, async (stand) => {
    for (const place of Object.keys(found)) delete found[place]
    const { status, body } = await stand.client.ask({ path: '/any', method: 'POST', body: 'some body' })
    deepStrictEqual({ status, body }, { status: 200, body: 'some body' })
    const { spanId } = await onlySpan(stand)
    const places = ['handler', 'promise', 'tick', 'await', 'immediate', 'body', 'timer']
    if (suite.events !== false) places.push('data', 'end', 'finish', 'close')
    await until(() => places.every((place) => place in found), 'the handler did not get to its end')
    deepStrictEqual(found, Object.fromEntries(places.map((place) => [place, spanId])))
  })
}

function noteEvents(req: SuiteRequest, res: SuiteResponse, note: Note): void {
  req.on('data', () => note('data'))
  req.on('end', () => note('end'))
  res.on('finish', () => note('finish'))
  res.on('close', () => note('close'))
}

async function noteLater(req: SuiteRequest, res: SuiteResponse, note: Note): Promise<void> {
  note('handler')
  const body = textOf(req)
  queueMicrotask(() => note('promise'))
  process.nextTick(() => note('tick'))
  setImmediate(() => note('immediate'))
  await turn()
  note('await')
  const text = await body
  note('body')
  setTimeout(() => {
    note('timer')
    res.end(text)
  }, 2)
}

function textOf(req: SuiteRequest): Promise<string> {
  let text = ''
  req.on('data', (chunk) => {
    text += Buffer.from(chunk).toString('latin1')
  })
  return new Promise((resolve) => {
    req.on('end', () => resolve(text))
  })
}

function addChild(add: Add): void {
  const handle: Setup['handle'] =
    ({ tracer }) =>
    async (_req, res) => {
      await turn()
      await tracer.span(`${OWN_KIND}work`, 'outer', async () => {
        await sleep(1)
        tracer.span(`${OWN_KIND}work`, 'inner', () => {})
      })
      noteData()
      res.end('done')
    }
  add("what is traced in a handler is below the request's span, and so is its data", { handle }, async (stand) => {
    await stand.client.ask({ path: '/any' })
    const request = await onlySpan(stand)
    const spans = await stand.spans()
    const outer = spans.find(({ name }) => name === 'outer')
    const inner = spans.find(({ name }) => name === 'inner')
    equal(outer?.parentId, request.spanId)
    equal(inner?.parentId, outer?.spanId)
    equal(inner?.traceId, request.traceId)
    equal(request.data['suite.note'], 'kept')
  })
}

function noteData(): void {
  const data = currentSpan()?.data
  if (data !== undefined) data['suite.note'] = 'kept'
}

function addSequence(add: Add): void {
  add('requests of one connection know nothing of one another', {}, async (stand) => {
    const ids: string[] = []
    for (let time = 0; time < 3; time++) {
      const { traceId, spanId } = parseSeen((await stand.client.ask({ path: '/own' })).body)
      ids.push(traceId, spanId)
      equal(currentSpan(), undefined)
    }
    equal(new Set(ids).size, 6, 'two requests have the same ids')
    const spans = await stand.spans()
    deepStrictEqual(
      spans.map(({ traceId, spanId, parentId }) => [`${traceId}`, `${spanId}`, parentId]),
      [0, 2, 4].map((at) => [ids[at], ids[at + 1], 0n]),
    )
  })
  add('what began in one request stays there, while others come and go', { handle: lingering }, async (stand) => {
    await stand.client.ask({ path: '/any' })
    await stand.client.ask({ path: '/any' })
    await until(() => stand.tracer.stats().started === 4, 'what a request left behind did not run')
    const spans = await stand.spans()
    const late = spans.filter(({ kind }) => kind.startsWith(OWN_KIND))
    const requests = spans.filter(({ kind }) => !kind.startsWith(OWN_KIND))
    deepStrictEqual(
      late.map(({ parentId }) => parentId),
      requests.map(({ spanId }) => spanId),
    )
    notEqual(late[0]?.traceId, late[1]?.traceId)
  })
}

/** Starts work that goes on after the response has been sent. */
function lingering({ tracer }: Stand): SuiteHandler {
  return (_req, res) => {
    setTimeout(() => tracer.span(`${OWN_KIND}late`, 'late', () => {}), 40)
    res.end('done')
  }
}

const CONNECTIONS = 50
const EACH = 5

function addLoad(add: Add, suite: HttpAbilities): void {
  const handle: Setup['handle'] =
    ({ tracer }) =>
    async (req, res) => {
      const name = req.url ?? ''
      if (suite.events !== false) {
        req.on('data', () => {})
        req.on('end', () => tracer.span(`${OWN_KIND}event`, name, () => {}))
      }
      await turn()
      await tracer.span(`${OWN_KIND}work`, name, async () => {
        await sleep(name.length % 3)
        tracer.span(`${OWN_KIND}inner`, name, () => {})
      })
      res.end(`${currentSpanId()} ${name}`)
    }
  add(`${CONNECTIONS * EACH} requests at a time keep their spans apart`, { handle }, async (stand) => {
    const clients = [stand.client]
    while (clients.length < CONNECTIONS) clients.push(await stand.connect())
    const answers = await Promise.all(clients.map((client, at) => askMany(client, at)))
    const spans = await stand.spans()
    const perRequest = suite.events === false ? 3 : 4
    equal(spans.length, CONNECTIONS * EACH * perRequest)
    checkTrees(spans, new Map(answers.flat()))
  })
}

/** @returns pairs of the span id that the handler saw and the path of its request */
function askMany(client: HttpClient, connection: number): Promise<[string, string][]> {
  const paths = Array.from({ length: EACH }, (_, at) => `/any/load/${connection}-${at}`)
  return Promise.all(
    paths.map(async (path): Promise<[string, string]> => {
      const [id = '', served] = (await client.ask({ path })).body.split(' ')
      equal(served, path, "the response is another request's")
      return [id, path]
    }),
  )
}

/** @param paths the requests' paths, by the ids of their spans */
function checkTrees(spans: readonly Span[], paths: ReadonlyMap<string, string>): void {
  const byId = new Map(spans.map((span) => [span.spanId, span]))
  const wrong: string[] = []
  for (const { kind, name, parentId, traceId, spanId } of spans) {
    const parent = byId.get(parentId)
    const isRequest = !kind.startsWith(OWN_KIND)
    const above = parent?.kind === `${OWN_KIND}work` ? parent.name : paths.get(String(parentId))
    const isRight = isRequest
      ? parentId === 0n && paths.has(String(spanId))
      : above === name && parent?.traceId === traceId
    if (!isRight) wrong.push(`${kind} ${name} under ${parent?.kind} ${parent?.name}`)
  }
  deepStrictEqual(wrong, [])
  equal(new Set(spans.map(({ traceId }) => traceId)).size, CONNECTIONS * EACH, 'two requests have the same trace')
}

/** A log line has the ids of the span in which it is written. */
export function addLogCases(add: Add, logIds: () => object): void {
  const lines: object[] = []
  const handle: Setup['handle'] =
    ({ tracer }) =>
    async (_req, res) => {
      await sleep(2)
      const own = { ...logIds() }
      const inner = tracer.span(`${OWN_KIND}work`, 'work', () => ({ ...logIds() }))
      lines.push({ own, inner })
      res.end('fine')
    }
  add("log lines have the ids of their request's span, and of spans below it", { handle }, async (stand) => {
    lines.splice(0)
    await Promise.all([1, 2, 3].map(() => stand.client.ask({ path: '/any' })))
    const requests = await requestSpans(stand)
    const works = (await stand.spans()).filter(({ kind }) => kind.startsWith(OWN_KIND))
    const idsOf = ({ traceId, spanId }: { traceId: bigint; spanId: bigint }): object => ({
      trace_id: String(traceId),
      span_id: String(spanId),
    })
    const expected = works.map((work) => {
      const own = requests.find(({ spanId }) => spanId === work.parentId)
      return { own: own === undefined ? {} : idsOf(own), inner: idsOf(work) }
    })
    equal(requests.length, 3)
    deepStrictEqual(lines, expected)
    deepStrictEqual({ ...logIds() }, {}, 'there are ids outside of requests')
  })
}
