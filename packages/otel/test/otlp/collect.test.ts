import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { afterAll, expect, test } from '@jest/globals'
import { createTracer, type PlainData, type Span, type Tracer, tee } from '@trace/core'
import { yamlReader, yamlRecorder } from '@trace/yamlrec'
import { oddKeys, valueKinds } from '../../../testing/src/store/values.js'
import { otlpRecorder } from '../../src/otlp/index.js'

const bin = fileURLToPath(new URL('../../../cli/bin/trace.mjs', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'trace-collect-'))
const running: ChildProcess[] = []
afterAll(() => {
  for (const child of running) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

/** `trace collect` as a process. */
async function collect(to: string): Promise<{ readonly url: string; end(): Promise<string> }> {
  const env = { ...process.env, NODE_OPTIONS: '--no-warnings' }
  const child = spawn(process.execPath, [bin, 'collect', '--to', to, '--port', '0', '--json'], { env, cwd: folder })
  running.push(child)
  const closed = once(child, 'close')
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text))
  const address = (): string | undefined => /http:\/\/[\d.]+:\d+/.exec(said)?.[0]
  while (address() === undefined) {
    if (child.exitCode !== null) throw new Error(said)
    await Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data'), closed])
  }
  const end = async (): Promise<string> => {
    child.kill('SIGINT')
    await closed
    return said
  }
  return { url: address() ?? '', end }
}

/** What a file holds, in order of the ids. */
async function spansIn(file: string): Promise<Span[]> {
  const spans: Span[] = []
  for await (const batch of yamlReader({ path: join(folder, file) }).scan?.() ?? []) spans.push(...batch.spans)
  return spans.filter(({ kind }) => kind !== 'ledger').toSorted((a, b) => (a.spanId < b.spanId ? -1 : 1))
}

/** Hands requests on, and keeps the trace ids of their spans: links have no flags. */
async function passOn(
  url: string,
): Promise<{ readonly server: Server; readonly url: string; readonly traceIds: string[] }> {
  const traceIds: string[] = []
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray())
    traceIds.push(
      ...[
        ...gunzipSync(body)
          .toString()
          .matchAll(/"traceId":"(\w+)","spanId":"\w+","(?:parentSpanId|traceState|flags)"/g),
      ].map(([, id = '']) => id),
    )
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
    const answer = await fetch(url + request.url, { method: 'POST', headers, body })
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { server, url: `http://127.0.0.1:${port}`, traceIds }
}

const WHOLE = '0af7651916cd43dd8448eb211c80319c'
const REMOTE = { upperTraceId: 0x0af7651916cd43ddn, traceState: 'vendor=1', isRandom: true }

function failedWith(name: string, tracer: Tracer, error: unknown): void {
  const span = tracer.start('work', name)
  span.fail(error)
  span.finish()
}

function recordData(tracer: Tracer, name: string, data: Record<string, unknown>): void {
  const span = tracer.start('work', name)
  span.data = data
  span.finish()
}

function recordAll(tracer: Tracer): void {
  const ids = { traceId: 0x8448eb211c80319cn, parentId: 0xb7ad6b7169203331n, remote: REMOTE }
  tracer.trace(
    'request',
    'GET /users/:id',
    (first) => {
      first.data['url.path'] = '/users/7'
      tracer.span('client', 'below', (below) => {
        below.event('retry', { attempt: 2, again: [1, null, { a: 2n ** 60n }] })
        below.event('', {}, 1_700_000_000_123_456_789n)
        below.link(first, { why: 'batch' })
        below.link({ traceId: 1n, spanId: 2n ** 64n - 1n })
        below.data['otel.scope.name'] = 'a library'
        below.data['otel.scope.version'] = '1.2.3'
      })
      for (const kind of ['db', 'cache', 'queue', 'work', 'task', 'a kind of one’s own', ''])
        tracer.start(kind, `kind ${kind}`).finish()
      for (const kind of ['internal', 'server', 'client', 'producer', 'consumer'])
        tracer.span('queue', `told ${kind}`, ({ data }) => (data['otel.kind'] = kind))
      failedWith('error', tracer, new TypeError('no', { cause: new Error('why', { cause: 'text' }) }))
      failedWith('error with a code', tracer, Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }))
      failedWith('errors', tracer, new AggregateError([new Error('a'), new RangeError('b'), 7], 'all'))
      failedWith('no error', tracer, 'only text')
      failedWith('empty error', tracer, new Error(''))
      tracer.span('work', 'status beside the error', (span) => {
        span.fail(new Error('no'))
        span.data['otel.status_description'] = 'said more'
      })
      tracer.start('work', 'of another process', { root: true, process: 'batch' }).finish()
      tracer.start('work', 'given times', { start: 1n }).finish(2n ** 63n)
      tracer.start('work', '\u202eodd\u0000 name 🚀').finish()
      for (const [name, data] of Object.entries(valueKinds({ extremeNumbers: true, emptyInnerKeys: true })))
        recordData(tracer, name, data)
      recordData(tracer, 'odd keys', oddKeys())
      tracer.span('work', 'keys of this', ({ data }) => {
        for (const key of [
          'trace.kind',
          'trace.open',
          'data.x',
          'resource.a',
          'resource.service.name',
          'events.dropped',
        ])
          data[key] = 'own'
        data['links'] = ['none']
        data['events'] = 'none'
      })
      tracer.span('work', 'too many', (span) => {
        for (let at = 0; at < 130; at++) {
          span.event(`event ${at}`)
          span.link({ traceId: 9n, spanId: BigInt(at + 1) })
        }
      })
    },
    ids,
  )
}

const FOREIGN = {
  resourceSpans: [
    {
      resource: {
        attributes: [attribute('service.name', 'py'), attribute('host.name', 'h'), attribute('region', 'eu')],
      },
      scopeSpans: [
        {
          scope: { name: 'lib', version: '2' },
          spans: [
            { kind: 2, name: 'GET', spanId: 'b'.repeat(16), parentSpanId: 'a'.repeat(16), flags: 0x301 },
            {
              kind: 3,
              name: 'SELECT',
              spanId: 'c'.repeat(16),
              parentSpanId: 'b'.repeat(16),
              status: { code: 2, message: 'm' },
            },
            { kind: 5, name: 'work off', spanId: 'd'.repeat(16), parentSpanId: 'b'.repeat(16), traceState: 'a=1' },
          ].map((span) => ({ ...span, traceId: WHOLE, startTimeUnixNano: '5', endTimeUnixNano: '9' })),
        },
      ],
    },
  ],
}

function attribute(key: string, stringValue: string): object {
  return { key, value: { stringValue } }
}

test('what this process sends comes back the same from a collector, and from one that another collector sends to', async () => {
  const end = await collect('end.yaml')
  const between = await passOn(end.url)
  const relay = await collect(`otlp+${between.url}`)
  const direct = await collect('direct.yaml')
  const warnings: string[] = []
  const logger = { warn: (message: string) => void warnings.push(message) }
  const stores = [
    yamlRecorder({ path: join(folder, 'own.yaml') }),
    ...[direct, relay].map(({ url }) => otlpRecorder({ url })),
  ]
  const tracer = createTracer({ service: 'users', recorder: tee(...stores), logger })
  recordAll(tracer)
  expect(await tracer.close()).toMatchObject({ left: 0, lost: 0 })
  for (const { url } of [direct, relay]) {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${url}/v1/traces`, { method: 'POST', headers, body: JSON.stringify(FOREIGN) })
    expect(await answer.json()).toEqual({})
  }
  const said = [await direct.end(), await relay.end(), await end.end()]
  between.server.close()
  for (const text of said) expect(text).toContain('"rejected":0,"refused":0')
  const own = (await spansIn('own.yaml')).map((span) => ({ ...span, data: asText(span.data) }))
  const [ofDirect, ofEnd] = [await spansIn('direct.yaml'), await spansIn('end.yaml')]
  expect(own.length).toBeGreaterThan(40)
  expect(ofDirect.filter(({ process }) => process !== 'py')).toEqual(own)
  expect(ofEnd).toEqual(ofDirect)
  const ofWhole = ofEnd.filter(({ traceId }) => WHOLE.endsWith(traceId.toString(16)))
  expect(ofWhole.length).toBeGreaterThan(40)
  expect(between.traceIds.filter((id) => id === WHOLE)).toHaveLength(ofWhole.length)
  const scope = { 'otel.scope.name': 'lib', 'otel.scope.version': '2' }
  const resource = { 'resource.host.name': 'h', 'resource.region': 'eu' }
  const foreign = ofDirect.filter(({ process }) => process === 'py')
  expect(foreign.map(({ name, kind, parentId, data }) => [name, kind, parentId, data])).toEqual([
    ['GET', 'request', idOf('a'), { ...scope, ...resource, 'parent.remote': true, 'w3c.trace_id': WHOLE }],
    ['SELECT', 'client', idOf('b'), { ...scope, ...resource, 'error.type': 'Error', 'error.message': 'm' }],
    ['work off', 'queue', idOf('b'), { ...scope, ...resource, ...CONSUMER }],
  ])
  expect(warnings).toEqual([])
})

const idOf = (digit: string): bigint => BigInt(`0x${digit.repeat(16)}`)
const CONSUMER = { 'otel.kind': 'consumer', 'w3c.trace_id': WHOLE, 'w3c.tracestate': 'a=1' }

/** OTLP has no integers beyond 64 bits. */
function asText(data: PlainData): PlainData {
  const entries = Object.entries(data).map(([key, value]) => {
    const isTooLarge = typeof value === 'bigint' && BigInt.asIntN(64, value) !== value
    return [key, isTooLarge ? String(value) : value]
  })
  return Object.fromEntries(entries)
}
