// A program under OpenTelemetry's instrumentations, with its own SDK or the bridge behind them: prints its spans as JSON.
const [, , side, line, servers] = process.argv
const { redis, postgres, mongodb } = JSON.parse(servers)
const { context, propagation, trace } = require('@opentelemetry/api')

/** What differs from run to run. */
const ports = new Set()
const OF_A_CONNECTION = /^(net\.peer\.port|network\.peer\.port|client\.port)$/

const recorded = side === 'bridge' ? onTheBridge() : onTheSdk()
for (const name of [
  'HttpInstrumentation',
  'GraphQLInstrumentation',
  'IORedisInstrumentation',
  'PgInstrumentation',
  'MongoDBInstrumentation',
]) {
  const Instrumentation = require(
    `@opentelemetry/instrumentation-${name.replace('Instrumentation', '').toLowerCase()}`,
  )[name]
  new Instrumentation()
}

function onTheBridge() {
  const { createTracer, memoryRecorder } = require('@trace/core')
  const { openTelemetryBridge } = require('@trace/otel')
  const recorder = memoryRecorder()
  const tracer = createTracer({ recorder, service: 'test' })
  openTelemetryBridge(tracer)
  return async () => {
    await tracer.idle()
    return recorder.spans
  }
}

function onTheSdk() {
  const [exporter, provider] = line === 'newest' ? newestSdk() : olderSdk()
  return async () => {
    await provider.forceFlush()
    return exporter.getFinishedSpans().map((span) => {
      const { name, kind, startTime, endTime, status, attributes, links, events, instrumentationScope } = span
      const ids = { context: span.spanContext(), parentSpanContext: span.parentSpanContext }
      return { ...ids, name, kind, startTime, endTime, status, attributes, links, events, instrumentationScope }
    })
  }
}

function olderSdk() {
  const { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-node')
  const exporter = new InMemorySpanExporter()
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
  provider.register()
  return [exporter, provider]
}

function newestSdk() {
  const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks')
  const { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } = require('@opentelemetry/core')
  const { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } = require('@opentelemetry/sdk-trace')
  const exporter = new InMemorySpanExporter()
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
  trace.setGlobalTracerProvider(provider)
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  const propagators = [new W3CTraceContextPropagator(), new W3CBaggagePropagator()]
  propagation.setGlobalPropagator(new CompositePropagator({ propagators }))
  return [exporter, provider]
}

const http = require('node:http')
const graphql = require('graphql')
const { Redis } = require('ioredis')
const { MongoClient } = require('mongodb')
const pg = require('pg')

/** @param work done below a span of the program's own */
function inSpan(name, work) {
  return trace.getTracer('program').startActiveSpan(name, async (span) => {
    await work().catch(() => {})
    span.end()
  })
}

function get(port, path) {
  return new Promise((resolve, reject) => {
    const asked = http.get({ port, path, host: '127.0.0.1', agent: false }, (res) => res.resume().on('end', resolve))
    asked.on('error', reject)
  })
}

async function requests() {
  const server = http.createServer(async (req, res) => {
    if (req.url === '/relay') await get(server.address().port, '/ok?secret=1')
    if (req.url === '/break') return res.destroy()
    res.statusCode = req.url === '/wrong' ? 500 : req.url === '/missing' ? 404 : 200
    res.end('answer')
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  ports.add(port)
  for (const path of ['/relay', '/wrong', '/missing', '/break']) await inSpan(path, () => get(port, path))
  await new Promise((resolve) => server.close(resolve))
  await inSpan('refused', () => get(port, '/'))
}

async function queries() {
  const schema = graphql.buildSchema('type User { name: String } type Query { user(id: Int): User, fails: String }')
  const rootValue = {
    user: async () => ({ name: 'ann' }),
    fails: () => {
      throw new TypeError('no field')
    },
  }
  const run = (source) => async () => void (await graphql.graphql({ schema, source, rootValue }))
  await inSpan('graphql', run('query One { user(id: 7) { name } }'))
  await inSpan('graphql that fails', run('{ fails }'))
  await inSpan('graphql that is wrong', run('{ none }'))
  await inSpan('graphql that is none', run('{ user('))
}

async function commands() {
  const client = new Redis({ port: redis, host: '127.0.0.1', lazyConnect: true })
  await client.connect()
  await inSpan('redis', async () => {
    await client.set('key', 'value')
    await client.get('key')
    await client.pipeline().set('a', '1').get('a').exec()
    await client.multi().incr('n').exec()
  })
  await inSpan('redis that fails', () => client.lpush('key', 'value'))
  await client.quit()
}

async function statements() {
  const config = { host: '127.0.0.1', port: postgres, user: 'postgres', database: 'postgres' }
  const pool = new pg.Pool({ ...config, max: 1 })
  await inSpan('pg', async () => {
    await pool.query('SELECT $1::text AS a', ['secret'])
    await pool.query({ name: 'named', text: 'SELECT 1' })
    const client = await pool.connect()
    await new Promise((resolve) => client.query('SELECT 2', resolve))
    client.release()
  })
  await inSpan('pg that fails', () => pool.query('SELECT none'))
  await pool.end()
}

async function documents() {
  ports.add(mongodb)
  const client = new MongoClient(`mongodb://127.0.0.1:${mongodb}/`, { maxPoolSize: 1, heartbeatFrequencyMS: 600_000 })
  await client.connect()
  const users = client.db('test').collection('users')
  await inSpan('mongodb', async () => {
    await users.insertOne({ _id: 7, name: 'secret' })
    await users.find({ name: 'secret' }).toArray()
    await users.updateOne({ _id: 7 }, { $set: { name: 'other' } })
    await users.deleteMany({ name: 'other' })
  })
  await inSpan('mongodb that fails', () => client.db('test').command({ refuse: 'it' }))
  await client.close()
}

async function main() {
  await requests()
  await queries()
  await commands()
  await statements()
  await documents()
  const spans = await recorded()
  const text = JSON.stringify(spans, (key, value) => {
    if (OF_A_CONNECTION.test(key)) return 'PORT'
    if (key === 'exception.stacktrace') return value.split('\n')[0]
    return typeof value === 'bigint' ? `${value}n` : value
  })
  console.log([...ports].reduce((masked, port) => masked.replaceAll(new RegExp(`\\b${port}\\b`, 'g'), '1234'), text))
}

main().catch((error) => {
  console.error(error)
  process.exitCode = 1
})
