import { equal, ok } from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTracer, currentSpan, memoryRecorder, type Span, type Tracer } from '@trace/core'
import type { Case } from '../suite.js'
import { type HttpClient, openHttp1 } from './client.js'
import { openHttp2 } from './http2-client.js'
import { seenText } from './seen.js'
import type {
  Formats,
  HttpRoutes,
  HttpServer,
  HttpSuiteOptions,
  MiddlewareOptions,
  SuiteHandler,
  SuiteSocket,
} from './server.js'

/** The default of {@link HttpSuiteOptions.patience}, in ms. */
const PATIENCE = 4_000

/** The kinds of the suite's own spans begin with this. All other spans are the middleware's. */
export const OWN_KIND = 'suite.'

/** How the server of a case is set up. */
export interface Setup {
  readonly options?: Omit<MiddlewareOptions, 'propagators'>
  /** The formats of ids. Default: those of the middleware. */
  readonly formats?: readonly (keyof Formats<unknown>)[]
  /** Creates the handler of `/any`. Default: it answers 200. */
  readonly handle?: (stand: Stand) => SuiteHandler
  readonly upgrade?: (stand: Stand) => (socket: SuiteSocket) => void
  /** The tracer samples no trace. */
  readonly isUnsampled?: boolean
  /** The middleware is registered twice. */
  readonly isTwice?: boolean
}

/** What a case uses: a tracer, a server, and a connection to it. */
export interface Stand {
  readonly tracer: Tracer
  readonly client: HttpClient
  /** How many of the middleware's spans have finished so far. */
  finishes(): number
  /** Opens another connection. It is closed with the first. */
  connect(): Promise<HttpClient>
  /** Waits until no span is open. Resolves to all spans; rejects if one stays open, was lost, or finished more than once. */
  spans(): Promise<readonly Span[]>
}

export type Add = (name: string, setup: Setup, body: (stand: Stand) => Promise<void>) => void

/** @returns a function that adds a case, which runs with a server of its own */
export function adder<Propagator>(options: HttpSuiteOptions<Propagator>, cases: Case[]): Add {
  return (name, setup, body) => {
    cases.push({ name, run: () => withServer(options, setup, body) })
  }
}

async function withServer<Propagator>(
  options: HttpSuiteOptions<Propagator>,
  setup: Setup,
  body: (stand: Stand) => Promise<void>,
): Promise<void> {
  const recorder = memoryRecorder()
  const sample = setup.isUnsampled === true ? { sample: () => false } : {}
  const tracer = createTracer({ recorder, service: 'suite', buffer: 100_000, bufferBytes: 1e9, ...sample })
  const finishes = countFinishes(tracer)
  const clients: HttpClient[] = []
  const served: Served = { setup, stand: undefined }
  const warnings = setup.isTwice === true ? catchWarnings() : undefined
  const server = await start(options, tracer, served)
  try {
    const connect = async (): Promise<HttpClient> => {
      const client = await (options.http2 === true ? openHttp2 : openHttp1)(server.port)
      clients.push(client)
      return client
    }
    const spans = (): Promise<readonly Span[]> => settled(tracer, finishes, recorder.spans, options.patience)
    const stand: Stand = { tracer, client: await connect(), finishes: () => sum(finishes.values()), connect, spans }
    served.stand = stand
    await soon(body(stand), options.patience)
    await spans()
    equal(currentSpan(), undefined, 'there is a current span outside every request')
    if (warnings !== undefined) equal(warnings.count, 1, `there were ${warnings.count} warnings`)
  } finally {
    warnings?.stop()
    for (const client of clients) client.destroy()
    await server.close()
    await tracer.close()
  }
}

interface Served {
  readonly setup: Setup
  stand: Stand | undefined
}

async function start<Propagator>(
  { start, startTwice = start, propagators }: HttpSuiteOptions<Propagator>,
  tracer: Tracer,
  served: Served,
): Promise<HttpServer> {
  const { options = {}, formats, handle, upgrade, isTwice } = served.setup
  const chosen = propagators === undefined ? undefined : formats?.map((format) => propagators[format])
  const header = (options.headerKey ?? 'X-Request-Id').toLowerCase()
  const stand = (): Stand => {
    if (served.stand === undefined) throw new Error('a request came before there was a client')
    return served.stand
  }
  let handler: SuiteHandler | undefined
  const routes: HttpRoutes = {
    own: (req) => seenText(req, header),
    fail: () => {
      throw new TypeError('thrown by the suite')
    },
    handle: (req, res) => {
      // Created once, since the handler may keep state between requests.
      handler ??= handle?.(stand()) ?? ((_req, response) => void response.end('fine'))
      handler(req, res)
    },
    upgrade: (socket) => upgrade?.(stand())(socket),
  }
  const all = chosen === undefined ? options : { ...options, propagators: chosen }
  return (isTwice === true ? startTwice : start)(tracer, all, routes)
}

/** Counts how often each span is finished that `tracer.start` has returned. */
function countFinishes(tracer: Tracer): ReadonlyMap<bigint, number> {
  const finishes = new Map<bigint, number>()
  const start = tracer.start.bind(tracer)
  tracer.start = (...args) => {
    const span = start(...args)
    const finish = span.finish.bind(span)
    span.finish = () => {
      finishes.set(span.spanId, (finishes.get(span.spanId) ?? 0) + 1)
      finish()
    }
    return span
  }
  return finishes
}

async function settled(
  tracer: Tracer,
  finishes: ReadonlyMap<bigint, number>,
  spans: readonly Span[],
  patience: number | undefined,
): Promise<readonly Span[]> {
  await until(() => tracer.stats().open === 0, 'a span stays open', patience)
  await tracer.flush()
  const { started, unsampled, badInput } = tracer.stats()
  equal(spans.length + unsampled, started, 'spans were lost')
  equal(badInput, 0, 'the middleware gave the tracer values that it cannot use (stats().badInput)')
  equal(new Set(spans.map(({ spanId }) => spanId)).size, spans.length, 'a span was recorded twice')
  for (const times of finishes.values()) equal(times, 1, `a span was finished ${times} times`)
  return spans
}

/** Waits until a condition holds. Fails after `patience` ms. */
export async function until(isSo: () => boolean, otherwise: string, patience: number = PATIENCE): Promise<void> {
  const end = performance.now() + patience
  while (!isSo() && performance.now() < end) await sleep(1)
  ok(isSo(), otherwise)
}

async function soon(responses: Promise<void>, patience: number = PATIENCE): Promise<void> {
  const settled = new AbortController()
  const late = sleep(2 * patience, 'late', { signal: settled.signal }).catch(() => '')
  try {
    ok((await Promise.race([responses, late])) !== 'late', `the responses took more than ${2 * patience} ms`)
  } finally {
    settled.abort()
  }
}

function sum(numbers: Iterable<number>): number {
  let total = 0
  for (const number of numbers) total += number
  return total
}

/** The spans of the requests, in the order in which they finished. */
export async function requestSpans({ spans }: Stand): Promise<readonly Span[]> {
  return (await spans()).filter(({ kind }) => !kind.startsWith(OWN_KIND))
}

/** The span of the only request. */
export async function onlySpan(stand: Stand): Promise<Span> {
  const requests = await requestSpans(stand)
  const [span] = requests
  equal(requests.length, 1, `one request has ${requests.length} spans`)
  if (span === undefined) throw new Error('no span')
  return span
}

/** Whether a request gets a complete response. */
export async function isAnswered({ client }: Stand, path = '/any'): Promise<boolean> {
  try {
    await client.ask({ path })
    return true
  } catch {
    return false
  }
}

/** Warnings of the process, which are counted instead of being shown. */
interface Warnings {
  readonly count: number
  /** Lets the process show warnings again. */
  stop(): void
}

/** Replaces `process.emitWarning`, by which all of Node warns. A listener of the event `warning` would be called too late. */
function catchWarnings(): Warnings {
  const { emitWarning } = process
  let count = 0
  process.emitWarning = () => {
    count++
  }
  return {
    get count() {
      return count
    },
    stop: () => {
      process.emitWarning = emitWarning
    },
  }
}
