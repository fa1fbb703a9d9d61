import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'
import { yamlReader } from '@trace/yamlrec'

const here = fileURLToPath(new URL('..', import.meta.url))

const OPENTELEMETRY = `
  import { createRequire } from 'node:module'
  import { trace } from '@opentelemetry/api'
  import { HttpInstrumentation } from '@opentelemetry/instrumentation-http'
  import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'
  const exporter = new InMemorySpanExporter()
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
  provider.register()
  const instrumentation = new HttpInstrumentation()
  instrumentation.setTracerProvider(provider)
  instrumentation.enable()
  const http = createRequire(import.meta.url)('node:http')
  const theirs = trace.getTracer('test')`

const OURS = `
  const { createTracer, currentSpan, memoryRecorder, span } = await import('@trace/core')
  const { traceClients } = await import('@trace/http/client')
  const { traceNode } = await import('@trace/http/node')
  const recorder = memoryRecorder()
  const tracer = createTracer({ service: 'test', recorder })
  traceClients(tracer)`

/** A request to /a, which asks for /b, from spans of both; prints whether contexts held, and both trees. */
const PROGRAM = `
  const held = []
  const idOf = (active) => active?.spanContext().spanId
  async function inBoth(name, fn) {
    return theirs.startActiveSpan(name, (their) => span('work', name, async (our) => {
      const check = () => held.push(trace.getActiveSpan() === their, currentSpan() === our)
      check()
      await new Promise((resolve) => setTimeout(resolve, 2))
      check()
      await fn()
      check()
      their.end()
    }))
  }
  const ask = (path) => new Promise((resolve, reject) => {
    http.get({ port: server.address().port, path }, (res) => res.resume().on('end', resolve)).on('error', reject)
  })
  const server = http.createServer(traceNode(async (req, res) => {
    const begun = idOf(trace.getActiveSpan())
    await inBoth('in ' + req.url, () => req.url === '/a' ? ask('/b') : undefined)
    held.push(begun !== undefined, idOf(trace.getActiveSpan()) === begun)
    res.end()
  }, { tracer, honorReqHeader: true }))
  await new Promise((resolve) => server.listen(0, resolve))
  await tracer.trace('task', 'all', () => inBoth('main', () => ask('/a')))
  server.close()
  await tracer.flush()
  await provider.forceFlush()

  function tree(spans, parent, depth = 0) {
    const below = spans.filter((each) => each.parent === parent)
    return below.flatMap(({ id, name }) => ['  '.repeat(depth) + name, ...tree(spans, id, depth + 1)])
  }
  const root = recorder.spans.find(({ name }) => name === 'all')
  const ourSpans = recorder.spans.map(({ spanId, parentId, kind, name }) => (
    { id: spanId, parent: parentId, name: kind + ' ' + name.replace(/\\d+$/, 'PORT') }))
  const theirSpans = exporter.getFinishedSpans().map((each) => (
    { id: idOf(each), parent: each.parentSpanContext?.spanId, name: each.kind + ' ' + each.name }))
  console.log(JSON.stringify({ held, ours: tree(ourSpans, 0n), theirs: tree(theirSpans, undefined) }))`

test.each([
  ['OpenTelemetry first', OPENTELEMETRY + OURS],
  ['OpenTelemetry last', OURS + OPENTELEMETRY],
])('beside OpenTelemetry in one process, contexts and spans of each are as without the other: %s', (_which, setUp) => {
  const args = ['--no-warnings', '--input-type=module', '-e', setUp + PROGRAM]
  const { held, ours, theirs } = JSON.parse(execFileSync(process.execPath, args, { cwd: here, encoding: 'utf8' }))
  expect(held).toHaveLength(3 * 6 + 2 * 2)
  expect(new Set(held)).toEqual(new Set([true]))
  expect(ours).toEqual([
    'task all',
    '  work main',
    '    client GET localhost:PORT',
    '      request GET /a',
    '        work in /a',
    '          client GET localhost:PORT',
    '            request GET /b',
    '              work in /b',
  ])
  expect(theirs).toEqual([
    '0 main',
    '  2 GET',
    '    1 GET',
    '      0 in /a',
    '        2 GET',
    '          1 GET',
    '            0 in /b',
  ])
})

const APP = `
  import { createServer, get } from 'node:http'
  import { span } from '@trace/core'
  const server = createServer(async (req, res) => {
    await span('work', 'render', async () => {})
    res.end()
  })
  server.listen(0, '127.0.0.1', () => {
    get({ port: server.address().port, path: '/' }, (res) => res.resume().on('end', () => server.close()))
  })`

test("the README's set-up of instrumentations traces a program of ES modules", async () => {
  const readme = readFileSync(join(here, '../../packages/otel/README.md'), 'utf8')
  const setUp = /```js\n(\/\/ tracing\.mjs\n.*?)```/s.exec(readme)?.[1] ?? ''
  // Below this package, where the instrumentations are installed.
  const folder = mkdtempSync(join(here, 'node_modules/tracing-'))
  try {
    writeFileSync(join(folder, 'tracing.mjs'), setUp)
    writeFileSync(join(folder, 'app.mjs'), APP)
    const env = { ...process.env, TRACE_RECORDER: `yaml:${join(folder, 'traces.yaml')}`, NODE_OPTIONS: '--no-warnings' }
    execFileSync(process.execPath, ['--import', './tracing.mjs', 'app.mjs'], { cwd: folder, env })
    const { traces } = await yamlReader({ path: join(folder, 'traces.yaml') }).traces()
    const [trace] = traces
    expect(traces).toMatchObject([{ spans: 3 }])
    const { spans } = await yamlReader({ path: join(folder, 'traces.yaml') }).trace(trace?.traceId ?? 0n)
    const tree = spans.toSorted((a, b) => (a.start < b.start ? -1 : 1)).map(({ kind, name }) => `${kind} ${name}`)
    expect(tree).toEqual(['client GET', 'request GET', 'work render'])
  } finally {
    rmSync(folder, { recursive: true })
  }
})
