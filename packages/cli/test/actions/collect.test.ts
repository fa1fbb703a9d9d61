import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'
import { yamlReader } from '@trace/yamlrec'
import { type Printed, trace } from '../support/run.js'

const cwd = mkdtempSync(join(tmpdir(), 'trace-cli-'))
afterAll(() => rmSync(cwd, { recursive: true }))

/** Runs `trace collect` while something is sent to it. */
async function collecting(args: readonly string[], send: (url: string) => Promise<void>): Promise<Printed> {
  const stop = new AbortController()
  let started = (_url: string): void => {}
  const url = new Promise<string>((resolve) => {
    started = resolve
  })
  const onText = (text: string): void => {
    const found = /http:\/\/\S+/.exec(text)?.[0]
    if (found !== undefined) started(found)
  }
  const world = { cwd, signal: stop.signal, onOut: onText, onErr: onText }
  const printed = trace(['collect', '--port', '0', ...args], world)
  await send(await url)
  stop.abort()
  const { code, out, err } = await printed
  const masked = (text: string): string => text.replace(/:\d+$/gm, ':PORT')
  return { code, out: masked(out), err: masked(err) }
}

/** A client span below a server span, as OpenTelemetry's SDK and exporters send them. @returns the id of their trace */
async function sendSpans(exporter: JsonExporter | ProtobufExporter): Promise<string> {
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
  const tracer = provider.getTracer('lib', '1.0')
  const server = tracer.startSpan('GET /users/:id', { kind: 1, attributes: { 'user.id': 42, list: ['a', 'b'] } })
  server.addEvent('cache.miss', { key: 'k' })
  server.setStatus({ code: 2, message: 'no such user' })
  server.end()
  const { traceId } = server.spanContext()
  await provider.forceFlush()
  await provider.shutdown()
  return traceId
}

describe("what OpenTelemetry's own exporters send", () => {
  test.each([
    ['json.yaml', JsonExporter, undefined],
    ['json-gzip.yaml', JsonExporter, 'gzip'],
    ['protobuf.yaml', ProtobufExporter, undefined],
    ['protobuf-gzip.yaml', ProtobufExporter, 'gzip'],
  ])('is recorded: %s', async (file, Exporter, compression) => {
    let traceId = ''
    const printed = await collecting(['--to', file], async (url) => {
      const options = { url: `${url}/v1/traces`, ...(compression === undefined ? {} : { compression }) }
      // Its enum is that text.
      traceId = await sendSpans(new Exporter(options as ConstructorParameters<typeof Exporter>[0]))
    })
    expect(printed).toEqual({
      code: 0,
      out: 'http://127.0.0.1:PORT\n',
      err: `trace: records what it receives by OTLP/HTTP into ${file} until Ctrl-C
trace: received 1 span in 1 request into ${file}
`,
    })
    const reader = yamlReader({ path: join(cwd, file) })
    const id = BigInt(`0x${traceId.slice(16)}`)
    const [span] = (await reader.trace(id)).spans
    expect(span).toMatchObject({ kind: 'request', name: 'GET /users/:id', parentId: 0n })
    expect(span?.data).toMatchObject({
      'w3c.trace_id': traceId,
      'user.id': 42,
      list: ['a', 'b'],
      events: [{ name: 'cache.miss', key: 'k' }],
      'error.message': 'no such user',
      'otel.scope.name': 'lib',
    })
  })
})

const SPAN = `{"traceId":"${'1'.repeat(32)}","spanId":"${'2'.repeat(16)}","startTimeUnixNano":"1","endTimeUnixNano":"2"}`

async function post(url: string, spans: string): Promise<void> {
  const body = `{"resourceSpans":[{"scopeSpans":[{"spans":[${spans}]}]}]}`
  await fetch(`${url}/v1/traces`, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
}

test('without a store spans are printed, and all else goes to standard error', async () => {
  const { code, out, err } = await collecting(['--json'], (url) => post(url, SPAN))
  expect([code, JSON.parse(out)]).toMatchObject([0, { trace_id: String(0x1111_1111_1111_1111n) }])
  expect(err.split('\n')).toEqual([
    'trace: http://127.0.0.1:PORT',
    'trace: records what it receives by OTLP/HTTP until Ctrl-C',
    '{"spans":1,"requests":1,"rejected":0,"refused":0,"to":null}',
    '',
  ])
})

test('what is not taken is said: the first at once, all at the end', async () => {
  const printed = await collecting(['--to', 'lost.jsonl'], async (url) => {
    await post(url, `${SPAN},{},{}`)
    await post(url, '"')
  })
  expect(printed.err.split('\n')).toEqual([
    'trace: records what it receives by OTLP/HTTP into lost.jsonl until Ctrl-C',
    'trace: not taken: a span is malformed: its traceId is not up to 32 hexadecimal digits, or is 0; others are counted until the end',
    'trace: received 1 span in 2 requests into lost.jsonl; 2 spans not taken; 1 request refused',
    '',
  ])
  expect(readFileSync(join(cwd, 'lost.jsonl'), 'utf8').trim().split('\n')).toHaveLength(1)
})

test('what a stranger sends does nothing to a terminal', async () => {
  const printed = await collecting(['--to', 'evil.jsonl'], async (url) => {
    await post(url, '\u001b[2J\u202e\u0007')
  })
  expect(printed.err).toContain('not taken: ')
  expect(printed.err).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
})

test('it ends with 1 if nothing was received', async () => {
  const { code, err } = await collecting(['--to', 'none.yaml'], async () => {})
  expect([code, err]).toEqual([1, expect.stringContaining('trace: received 0 spans in 0 requests into none.yaml')])
})

test('it says what to do about an address that it cannot listen on', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const used = await trace(['collect', '--port', String(port)], { cwd })
  server.close()
  expect(used).toMatchObject({
    code: 2,
    err: `trace: port ${port} is in use, perhaps by another collector; choose another --port\n`,
  })
  const far = await trace(['collect', '--host', '192.0.2.1', '--port', '0'], { cwd })
  expect(far).toMatchObject({
    code: 2,
    err: 'trace: 192.0.2.1 is no address of this machine; choose another --host\n',
  })
  expect(await trace(['collect', '--to', 'traces.txt'], { cwd })).toMatchObject({
    code: 2,
    err: expect.stringContaining('cannot tell the format of traces.txt'),
  })
})
