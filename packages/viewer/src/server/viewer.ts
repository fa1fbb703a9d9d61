import type { IncomingMessage, ServerResponse } from 'node:http'
import { checkOptions, type OptionRule, parseId, type TraceReader } from '@trace/core'
import { writeSpans } from '../wire/write.js'
import { type Answer, json, send } from './answer.js'
import { isPageFile, pageFile } from './files.js'
import { refusal } from './guard.js'
import { ledgersFor } from './ledgers.js'
import { listAnswer, Turns, valuesAnswer } from './list.js'
import { sendLive } from './live.js'
import { nameAnswer } from './same-name.js'
import { savedPage } from './saved.js'

/** Options of {@link traceViewer}. */
export interface ViewerOptions {
  /** The store that is shown: nothing else can be read through the page. */
  readonly reader: TraceReader
  /** Whether the page answers. Default: unless `NODE_ENV` is `production`. */
  readonly enabled?: boolean
  /**
   * Names, in lower case and without a port, by which the page may be reached besides `localhost` and the loopback addresses.
   * Default: none.
   */
  readonly hosts?: readonly string[]
}

/** Answers a request of Node's `http`, or of what is built on it. */
export type ViewerHandler = (req: IncomingMessage, res: ServerResponse) => void

export const READER_RULE: OptionRule = {
  expected: "a reader, such as yamlReader({ path: 'traces.yaml' })",
  test: (value) => typeof value === 'object' && value !== null && 'traces' in value && 'trace' in value,
  required: true,
}

const RULES: Readonly<Record<keyof ViewerOptions, OptionRule>> = {
  reader: READER_RULE,
  enabled: { expected: 'true or false', test: (value) => typeof value === 'boolean' },
  hosts: {
    expected: "a list of host names, such as ['dev.example.com']",
    test: (value) => Array.isArray(value) && value.every((each) => typeof each === 'string'),
  },
}

/**
 * Serves the page that shows a store's traces, under any path of a server: `http.createServer(traceViewer({ reader }))`.
 *
 * @throws {TraceError} `TRACE_BAD_OPTION`: names the option, what was expected, and what was got
 */
export function traceViewer(options: ViewerOptions): ViewerHandler {
  checkOptions('traceViewer', options, RULES)
  const { reader, enabled = process.env['NODE_ENV'] !== 'production', hosts = [] } = options
  const store: Store = { reader, turns: new Turns() }
  return (req, res) => {
    const refused = enabled ? refusal(req, hosts) : OFF
    if (refused !== undefined) return send(req, res, plain(refused.status, refused.message))
    const url = new URL(targetOf(req), 'http://localhost')
    if (url.pathname.endsWith('/api/live')) return void sendLive(req, res, reader, url.searchParams.get('q') ?? '')
    const gone = new AbortController()
    res.once('close', () => gone.abort())
    answer(store, url, gone.signal).then(
      (found) => send(req, res, found),
      (error: unknown) => send(req, res, failed(error)),
    )
  }
}

const OFF = {
  status: 404,
  message: 'The trace viewer is off, since NODE_ENV is production. The option "enabled: true" switches it on.',
}

/** Express takes the path under which a handler is mounted off `url`. */
function targetOf(req: IncomingMessage & { originalUrl?: string }): string {
  return (req.originalUrl ?? req.url ?? '/').replace(/^\/+/, '/')
}

interface Store {
  readonly reader: TraceReader
  readonly turns: Turns
}

/** @param signal aborts where whoever asked has gone, so that nothing is read for nobody */
async function answer({ reader, turns }: Store, url: URL, signal: AbortSignal): Promise<Answer> {
  const { pathname, searchParams } = url
  if (pathname.endsWith('/api/traces')) return turns.take(signal, () => listAnswer(reader, searchParams, signal))
  if (pathname.endsWith('/api/values')) return turns.take(signal, () => valuesAnswer(reader, signal))
  if (pathname.endsWith('/api/name')) return turns.take(signal, () => nameAnswer(reader, searchParams, signal))
  if (pathname.endsWith('/api/trace')) return traceAnswer(reader, url, signal)
  if (pathname.endsWith('/api/saved')) return traceAnswer(reader, url, signal)
  const name = pathname.slice(pathname.lastIndexOf('/') + 1)
  if (name === '') return { status: 200, ...indexPage(searchParams) }
  if (name !== 'index.html' && isPageFile(name)) return { status: 200, ...pageFile(name) }
  if (/\.\w+$|\/api\//.test(pathname)) return plain(404, 'There is no such page.')
  // Everything that the page asks for is relative to a path that ends with a slash.
  return { ...plain(302, ''), headers: { Location: `./${name}/` } }
}

/** The page, which says what it will ask for: so a trace is read while the browser still reads the code of the page. */
function indexPage(asked: URLSearchParams): Pick<Answer, 'type' | 'text'> {
  const { type, text } = pageFile('index.html')
  const ids = ['trace', 'compare'].map((name) => asked.get(name) ?? '').filter((id) => /^\d{1,20}$/.test(id))
  const links = ids.map((id) => `<link rel="preload" as="fetch" crossorigin="anonymous" href="api/trace?id=${id}">\n`)
  return { type, text: text.replace('</head>', `${links.join('')}</head>`) }
}

async function traceAnswer(reader: TraceReader, url: URL, signal: AbortSignal): Promise<Answer> {
  const traceId = parseId(url.searchParams.get('id') ?? '')
  if (traceId === undefined) return json(400, { message: 'A trace id is a number of up to 20 digits.' })
  const { spans, skipped, places, ...report } = await reader.trace(traceId, { signal })
  if (spans.length === 0) return json(404, { message: `${reader.name} has no trace ${traceId}.` })
  const { ledgers, problem } = await ledgersFor(reader, spans, signal)
  if (!url.pathname.endsWith('/saved')) {
    const incomplete = report.incomplete ?? problem
    const known = ledgers.length === 0 ? {} : { ledgers: writeSpans(ledgers) }
    const text = writeSpans(spans, { skipped, places, incomplete, store: reader.name, ...known })
    return { status: 200, type: 'text/plain; charset=utf-8', text }
  }
  const headers = { 'Content-Disposition': `attachment; filename="trace-${traceId}.html"` }
  return { status: 200, type: 'text/html; charset=utf-8', text: savedPage([...spans, ...ledgers]), headers }
}

function plain(status: number, text: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', text }
}

function failed(error: unknown): Answer {
  return json(500, { message: error instanceof Error ? error.message : String(error) })
}
