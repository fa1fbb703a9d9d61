// A service that waits for a cache and a database, traced by what their libraries publish; prints its trace, and what was lost.
import { tracingChannel } from 'node:diagnostics_channel'
import { createServer, get as httpGet } from 'node:http'
import { context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { traceChannel, traceChannels } from '@trace/channels'
import { createTracer, currentSpan, span } from '@trace/core'
import { w3c } from '@trace/http'
import { traceClients } from '@trace/http/client'
import { traceNode } from '@trace/http/node'
import { openTelemetryBridge } from '@trace/otel'
import { yamlReader, yamlRecorder } from '@trace/yamlrec'
import { Redis } from 'ioredis'
import { createPool } from 'mysql2/promise'

const store = { path: process.env.TRACE_FILE }
const tracer = createTracer({ service: 'shop', recorder: yamlRecorder(store) })
const propagators = [w3c()]
const own = tracingChannel('shop:pack')
const redis = new Redis(Number(process.env.REDIS), '127.0.0.1', { lazyConnect: true })
const maria = createPool({ host: '127.0.0.1', port: Number(process.env.MARIADB), user: 'root', connectionLimit: 1 })
const lost = []

/** What runs after a wait is to be in the span that it was in before. */
async function waitFor(name, work) {
  const before = currentSpan()
  await work().catch(() => {})
  if (before === undefined || currentSpan() !== before) lost.push(name)
}

async function main() {
  traceClients(tracer, { propagators })
  traceChannels(tracer)
  traceChannel(tracer, 'shop:pack', { kind: 'work', name: 'pack' })
  openTelemetryBridge(tracer)
  await redis.connect()
  await maria.query('SELECT 1')

  const handler = traceNode(
    async (_req, res) => {
      await waitFor('set', () => redis.set('key', 'secret'))
      await waitFor('a command that fails', () => redis.lpush('key', 'secret'))
      await waitFor('a pipeline', () => redis.pipeline().get('key').incr('n').exec())
      await waitFor('a query', () => maria.query("SELECT 'secret' AS a"))
      await waitFor('a query that fails', () => maria.execute('SELECT nothing FROM nowhere'))
      await waitFor('a channel', () => own.tracePromise(() => span('work', 'label', async () => {}), {}))
      await waitFor('a span of the API', () =>
        trace.getTracer('library').startActiveSpan('render', async (active) => {
          await span('work', 'page', async () => {})
          active.end()
        }),
      )
      res.end()
    },
    { tracer, propagators, honorReqHeader: true, name: () => 'shop' },
  )
  const server = createServer(handler)
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))

  // The caller's trace has no span here but what starts below it.
  const caller = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }
  await context.with(propagation.extract(ROOT_CONTEXT, caller), () => get(server.address().port))
  server.closeAllConnections()
  server.close()
  await redis.quit()
  await maria.end()
  await tracer.close()

  const { spans } = await yamlReader(store).trace(0x8448eb211c80319cn)
  const text = JSON.stringify(spans.map(({ data }) => data))
  if (text.includes('secret')) lost.push('a secret')
  if (!text.includes('0af7651916cd43dd8448eb211c80319c')) lost.push('the whole id')
  console.log(JSON.stringify({ lost, tree: tree(spans, 0xb7ad6b7169203331n) }))
}

function tree(spans, parent, indent = '') {
  return spans
    .filter(({ parentId }) => parentId === parent)
    .toSorted((a, b) => (a.start < b.start ? -1 : 1))
    .flatMap(({ spanId, kind, name, data }) => [
      `${indent}${kind} ${name.replace(/:\d+$/, '')}${data['error.type'] === undefined ? '' : ' failed'}`,
      ...tree(spans, spanId, `${indent}  `),
    ])
}

function get(port) {
  return new Promise((resolve, reject) => {
    httpGet({ host: '127.0.0.1', port }, (answer) => answer.resume().once('end', resolve)).once('error', reject)
  })
}

void main()
