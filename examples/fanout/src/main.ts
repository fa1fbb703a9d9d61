import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { printTrace } from '@trace/analysis'
import { parseId, type TraceQuery, type TraceReader } from '@trace/core'
import { openReader } from '@trace/core/open'
import { type LocalTable, startLocalTable } from './dynamodb-local.js'
import { Processes } from './processes.js'

const USAGE = `usage: npm start -- [--once] [--file traces.yaml | --dynamodb] [--port N]

  --once      send a few requests, print their traces, and end
  --file      the YAML file where the spans go; default traces.yaml, or what TRACE_RECORDER says
  --dynamodb  start DynamoDB Local, and record to a table in it
  --port      where the gateway listens; default any free port
`

const ITEMS = [
  ['book', 'works'],
  ['unicorn', 'fails'],
  ['sofa', 'is slow'],
] as const

try {
  await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

async function main(): Promise<void> {
  const { once, file, dynamodb, port, help } = readArguments()
  if (help) return console.log(USAGE)
  const table = dynamodb ? await startLocalTable() : undefined
  const url = table?.url ?? (await recorderUrl(file))
  const folder = await mkdtemp(join(tmpdir(), 'trace-fanout-'))
  const processes = new Processes({ TRACE_RECORDER: url, JOBS: join(folder, 'jobs.db') })
  try {
    const store: Store = { reader: openReader(url), processes }
    const gateway = await startServices(processes, port)
    await sendRequests(gateway, store)
    console.log(`The spans are in ${placeOf(url, table)}`)
    if (!once) {
      console.log(`Send more:    curl ${gateway}/checkout/book`)
      console.log('Stop:         Ctrl-C')
    }
    // The table is gone when this ends.
    if (!once || table === undefined) console.log(`Look closer:  ${nextCommand(url, table)}`)
    if (once) return
    console.log('')
    await printUntilStopped(store)
  } finally {
    await processes.stop()
    await rm(folder, { recursive: true, force: true })
    table?.stop()
  }
}

/** Where the processes of this start record, which others may use at the same time. */
interface Store {
  readonly reader: TraceReader
  readonly processes: Processes
}

interface Arguments {
  readonly once: boolean
  readonly file: string | undefined
  readonly dynamodb: boolean
  readonly port: string
  readonly help: boolean
}

function readArguments(): Arguments {
  try {
    const { values } = parseArgs({
      options: {
        once: { type: 'boolean', default: false },
        file: { type: 'string' },
        dynamodb: { type: 'boolean', default: false },
        port: { type: 'string', default: '0' },
        help: { type: 'boolean', default: false },
      },
    })
    if (!/^\d{1,5}$/.test(values.port) || Number(values.port) > 65_535) {
      throw new Error(`--port: expected a port from 0 to 65535, got ${values.port}`)
    }
    if (values.dynamodb && values.file !== undefined) throw new Error('--file and --dynamodb: choose one of them')
    return { ...values, file: values.file }
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${USAGE}`)
  }
}

/** Where to record: the file asked for, or what the environment says, or a file in the current folder. */
async function recorderUrl(given: string | undefined): Promise<string> {
  const fromEnvironment = process.env['TRACE_RECORDER']
  if (given === undefined && fromEnvironment !== undefined) return shared(fromEnvironment)
  const file = resolve(given ?? 'traces.yaml')
  try {
    await (await open(file, 'a')).close()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`Cannot write spans to ${file}: ${reason}. Choose another file with --file.`)
  }
  return `yaml:${pathToFileURL(file).pathname}`
}

/** @throws {Error} where what the services record could not be read here */
function shared(url: string): string {
  if (!/^memory:/i.test(url)) return url
  throw new Error(
    `TRACE_RECORDER is ${url}, which each service keeps in its own memory, so that nothing could be shown here. ` +
      'Choose a file, such as yaml:traces.yaml.',
  )
}

function placeOf(url: string, table: LocalTable | undefined): string {
  if (table !== undefined) return 'the table Traces of DynamoDB Local, which is gone when this ends'
  return decodeURIComponent(url.replace(/^yaml:/, ''))
}

/** What shows more of these traces. */
function nextCommand(url: string, table: LocalTable | undefined): string {
  const shown = table === undefined && url.startsWith('yaml:') ? relative('', placeOf(url, table)) : url
  const source = /^[\w./:-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", "'\\''")}'`
  const credentials = table === undefined ? '' : 'AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local '
  return `${credentials}npx trace show last-error --from ${source}`
}

async function startServices(processes: Processes, port: string): Promise<string> {
  const inventory = await processes.start('inventory', {})
  const orders = await processes.start('orders', { INVENTORY_URL: inventory })
  const gateway = await processes.start('gateway', { ORDERS_URL: orders, PORT: port })
  await processes.start('mailer', {})
  await processes.start('restock', { INVENTORY_URL: inventory })
  console.log(`gateway    ${gateway}  Fastify`)
  console.log(`orders     ${orders}  Express, SQLite`)
  console.log(`inventory  ${inventory}  Node http, SQLite`)
  console.log('mailer     takes jobs from a queue')
  console.log('restock    a background task\n')
  return gateway
}

async function sendRequests(gateway: string, store: Store): Promise<void> {
  for (const [item, what] of ITEMS) {
    const answer = await fetch(`${gateway}/checkout/${item}`)
    await answer.arrayBuffer()
    console.log(`GET /checkout/${item}, which ${what}: ${answer.status}`)
    await printWhenComplete(store.reader, parseId(answer.headers.get('X-Request-Id') ?? '') ?? 0n)
  }
  console.log('The background task:')
  const [task] = await ownTraces(store, { kind: 'task' })
  if (task !== undefined) await printWhenComplete(store.reader, task)
}

/** The processes write on their own: a trace is complete once its first span has finished, and no more spans of it come. */
async function printWhenComplete(reader: TraceReader, traceId: bigint): Promise<void> {
  let { spans } = await reader.trace(traceId)
  for (let turn = 0; turn < 20; turn++) {
    await sleep(250)
    const before = spans.length
    spans = (await reader.trace(traceId)).spans
    const isOver = spans.some(({ parentId, finish }) => parentId === 0n && finish !== undefined)
    if (isOver && spans.length === before) break
  }
  // Some terminals report 0 columns.
  console.log(printTrace(spans, { width: process.stdout.columns || 100 }))
}

/** The newest traces that this start's processes began, and not another's which records to the same store. */
async function ownTraces({ reader, processes }: Store, query: TraceQuery = {}): Promise<bigint[]> {
  const { traces } = await reader.traces({ limit: 100, ...query })
  return traces.filter((trace) => processes.started(trace.process)).map((trace) => trace.traceId)
}

/** Looks for new traces every second: any store can be asked that. */
async function printUntilStopped(store: Store): Promise<void> {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  const printed = new Set(await ownTraces(store))
  while (!stop.signal.aborted) {
    await sleep(1_000, undefined, { signal: stop.signal }).catch(() => {})
    for (const traceId of (await ownTraces(store)).toReversed()) {
      if (printed.has(traceId) || stop.signal.aborted) continue
      printed.add(traceId)
      await printWhenComplete(store.reader, traceId)
    }
  }
}
