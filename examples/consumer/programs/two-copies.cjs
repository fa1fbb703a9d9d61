// Loads the packages twice in one process, as CommonJS and as ES modules, traces across both, and prints what came of it.
// Run with --no-experimental-require-module, as Node was before 20.19 and 22.12: without it Node loads one copy for both.
const { createServer } = require('node:http')
const express = require('express')
const fastify = require('fastify')

const warnings = []
process.on('warning', (warning) => {
  if (warning.name === 'TraceWarning') warnings.push(warning.message)
})

void main()

async function main() {
  const required = load((name) => require(name))
  const imported = load((name) => import(name))
  const copies = [await required, await imported]
  const found = {
    copies: copies[0].core.createTracer === copies[1].core.createTracer ? 1 : 2,
    context: context(...copies),
    unsampled: unsampled(...copies),
    memory: await memory(...copies),
    errors: errors(...copies),
    lost: await lost(...copies),
    clients: clients(...copies),
    trace: await requests(...copies),
    frames: await frames(...copies),
    express: await both(copies, startExpress),
    fastify: await both(copies, startFastify),
    node: await both(copies, startNode),
    warnings,
  }
  console.log(JSON.stringify(found))
  atExit(...copies)
}

async function load(get) {
  const names = { core: '', open: '/open' }
  const adapters = { node: '/node', express: '/express', fastify: '/fastify', client: '/client' }
  const loaded = {}
  for (const [key, path] of Object.entries(names)) loaded[key] = await get(`@trace/core${path}`)
  for (const [key, path] of Object.entries(adapters)) loaded[key] = await get(`@trace/http${path}`)
  return loaded
}

function context(one, other) {
  const recorder = one.core.memoryRecorder()
  const tracer = one.core.createTracer({ recorder })
  return tracer.trace('a', 'b', (outer) =>
    other.core.span('c', 'd', (inner) => [
      inner.parentId === outer.spanId,
      one.core.currentSpanId() === inner.spanId,
      other.core.currentTraceId() === outer.traceId,
      other.core.outsideTraces(() => one.core.currentSpan() === undefined),
    ]),
  )
}

function unsampled(one, other) {
  const tracers = [one, other].map(({ core }) =>
    core.createTracer({ recorder: core.memoryRecorder(), sample: () => false }),
  )
  tracers[0].trace('a', 'b', () => tracers[1].span('c', 'd', () => {}))
  return tracers.map((tracer) => tracer.stats().unsampled)
}

async function memory(one, other) {
  const tracer = one.core.createTracer({ recorder: one.open.openRecorder('memory:shared') })
  tracer.trace('a', 'recorded by one copy', () => {})
  await tracer.close()
  const { traces } = await other.open.openReader('memory:shared').traces()
  return traces.map(({ name }) => name)
}

function errors(one, other) {
  const mistake = caught(() => one.core.createTracer({}))
  const failure = new one.core.RecordError('none', [])
  class Own extends other.core.TraceError {}
  return {
    trace: [mistake instanceof one.core.TraceError, mistake instanceof other.core.TraceError],
    record: [failure instanceof one.core.RecordError, failure instanceof other.core.RecordError],
    others: [failure instanceof other.core.TraceError, mistake instanceof Own, new Error('x') instanceof Own],
    subclass: [new Own('CODE', 'text') instanceof Own, new Own('CODE', 'text') instanceof one.core.TraceError],
  }
}

function caught(fn) {
  try {
    fn()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

/** A recorder of one copy, which stores the first span of two, with the other copy's tracer. */
async function lost(one, other) {
  const recorder = {
    name: 'half',
    record(spans) {
      throw new one.core.RecordError('half', spans.slice(1))
    },
  }
  const tracer = other.core.createTracer({ recorder, logger: { warn() {} } })
  for (const name of ['first', 'second']) tracer.trace('a', name, () => {})
  await tracer.flush()
  const { recorded, failed } = tracer.stats()
  return { recorded, failed }
}

function clients(one, other) {
  const tracers = [one, other].map(({ core }) => core.createTracer({ recorder: core.memoryRecorder() }))
  const off = one.client.traceClients(tracers[0])
  const { code } = caught(() => other.client.traceClients(tracers[1]))
  off()
  return code
}

/** A service traced by one copy calls a service that is traced by the other, with requests of that traced by the first. */
async function requests(one, other) {
  const recorders = [one, other].map(({ core }) => core.memoryRecorder())
  const tracers = [one, other].map(({ core }, at) => core.createTracer({ recorder: recorders[at] }))
  const off = one.client.traceClients(tracers[0])
  const below = express()
  below.use(other.express.traceExpress({ tracer: tracers[1], honorReqHeader: true }))
  const router = express.Router()
  router.get('/:item', (_req, res) => res.json(other.core.span('db', 'look', () => 1)))
  below.use('/stock', router)
  const inner = await listen(createServer(below))
  const above = express()
  above.use(one.express.traceExpress({ tracer: tracers[0] }))
  above.get('/orders/:id', async (_req, res) => res.send(await get(`${inner.url}/stock/7`)))
  const outer = await listen(createServer(above))
  for (let turn = 0; turn < 3; turn++) await get(`${outer.url}/orders/${turn}`)
  off()
  await Promise.all([inner.close(), outer.close(), ...tracers.map((tracer) => tracer.close())])
  const spans = recorders.flatMap((recorder) => recorder.spans)
  const roots = spans.filter(({ parentId }) => parentId === 0n)
  return roots.map((root) => chain(spans, root).map(({ kind, name }) => `${kind} ${name.replace(/:\d+$/, '')}`))
}

function chain(spans, span) {
  const child = spans.find(({ parentId, traceId }) => parentId === span.spanId && traceId === span.traceId)
  return [span, ...(child === undefined ? [] : chain(spans, child))]
}

/** How deep the stack is in a listener, and where the head is written, after few and after many requests that the copies trace in turns. */
async function frames(one, other) {
  Error.stackTraceLimit = Number.POSITIVE_INFINITY
  const depths = { listener: [], head: [] }
  const servers = []
  for (const { core, express: adapter } of [one, other]) {
    const app = express()
    app.use(adapter.traceExpress({ tracer: core.createTracer({ recorder: core.memoryRecorder() }) }))
    app.get('/', (_req, res) => {
      res.once('finish', () => depths.listener.push(depth()))
      // Read when it is set, and again as the head is written.
      let inHead = 0
      res.setHeader('X-Depth', {
        toString() {
          inHead = depth()
          return 'any'
        },
      })
      res.end('ok')
      depths.head.push(inHead)
    })
    servers.push(await listen(createServer(app)))
  }
  for (let turn = 0; turn < 50; turn++) for (const { url } of servers) await get(url)
  for (const { close } of servers) await close()
  return Object.values(depths).map((all) => ({ early: Math.max(...all.slice(4, 8)), late: Math.max(...all.slice(-4)) }))
}

function depth() {
  return new Error('here').stack.split('\n').length
}

/** Both copies on one server: requests keep one span, and somebody is told. */
async function both(copies, start) {
  const recorders = copies.map(({ core }) => core.memoryRecorder())
  const tracers = copies.map(({ core }, at) => core.createTracer({ recorder: recorders[at] }))
  const { url, close } = await start(copies, tracers)
  for (let turn = 0; turn < 2; turn++) await get(`${url}/users/7`)
  await close()
  await Promise.all(tracers.map((tracer) => tracer.close()))
  return recorders.map((recorder) => recorder.spans.map(({ name }) => name))
}

function startExpress(copies, tracers) {
  const app = express()
  for (const [at, copy] of copies.entries()) app.use(copy.express.traceExpress({ tracer: tracers[at] }))
  app.get('/users/:id', (_req, res) => res.send('ok'))
  return listen(createServer(app))
}

async function startFastify(copies, tracers) {
  const app = fastify({ forceCloseConnections: true })
  for (const [at, copy] of copies.entries()) app.register(copy.fastify.traceFastify, { tracer: tracers[at] })
  app.get('/users/:id', async () => 'ok')
  return { url: await app.listen({ port: 0, host: '127.0.0.1' }), close: () => app.close() }
}

function startNode(copies, tracers) {
  let listener = (_req, res) => res.end('ok')
  copies.forEach((copy, at) => {
    listener = copy.node.traceNode(listener, { tracer: tracers[at] })
  })
  return listen(createServer(listener))
}

function listen(server) {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const close = () => {
        server.closeAllConnections()
        return new Promise((closed) => server.close(closed))
      }
      resolve({ url: `http://127.0.0.1:${server.address().port}`, close })
    })
  })
}

async function get(url) {
  const answer = await fetch(url)
  if (answer.status !== 200) throw new Error(`${url} answered ${answer.status}`)
  return answer.text()
}

/** What both still hold as the process exits is stored. */
function atExit(...copies) {
  copies.forEach(({ core }, at) => {
    const recorder = {
      name: `exit ${at}`,
      record: () => new Promise(() => {}),
      recordSync: (spans) => console.log(`${at}: ${spans.map(({ name }) => name).join(' ')}`),
    }
    const tracer = core.createTracer({ recorder })
    tracer.trace('a', 'last', () => {})
  })
  process.exit()
}
